#pragma once

#include <algorithm>
#include <memory>

#include "store/mailbox_store.h"

namespace martlet::store {

/// What memory holds of one waiting envelope: where it is, and what appending and expiring ask.
class Entry {
 public:
  struct Where {
    std::uint32_t slot = 0;   ///< of the segment, below kSlotsMax
    std::uint32_t place = 0;  ///< offset there in units of kRecordUnit, below 2^24
    bool moved = false;       ///< the record's form (segment_records.h)
    bool sender_inline = false;
  };
  static constexpr std::uint32_t kSlotsMax = 1U << 19U;
  static constexpr Sequence kSequenceMax = (Sequence{1} << 48U) - 1;

  Entry() = default;
  Entry(Sequence sequence, const MailboxItem& item, std::size_t sealed_bytes,
        std::uint32_t fingerprint, const Where& where);
  explicit Entry(const std::array<std::uint64_t, 3>& words) : words_{words} {}

  Sequence sequence() const { return words_[0] >> 16U; }
  /// Milliseconds since 1970; what does not fit 48 bits is cut to the nearest that does.
  std::uint64_t expires() const { return ((words_[0] & 0xffffU) << 32U) | (words_[1] >> 32U); }
  std::uint32_t fingerprint() const { return static_cast<std::uint32_t>(words_[1]); }
  std::uint32_t sealed_bytes() const {
    return static_cast<std::uint32_t>(words_[2] & ((1U << 17U) - 1));
  }
  std::uint32_t place() const {
    return static_cast<std::uint32_t>((words_[2] >> 17U) & ((1U << 24U) - 1));
  }
  std::uint32_t slot() const {
    return static_cast<std::uint32_t>((words_[2] >> 41U) & (kSlotsMax - 1));
  }
  bool moved() const { return (words_[2] >> 60U & 1U) != 0; }
  bool sender_inline() const { return (words_[2] >> 61U & 1U) != 0; }
  ItemKind kind() const {
    return (words_[2] >> 62U & 1U) != 0 ? ItemKind::undelivered : ItemKind::envelope;
  }
  bool damaged() const { return (words_[2] >> 63U) != 0; }  ///< could not be read when it expired
  void mark_damaged() { words_[2] |= std::uint64_t{1} << 63U; }
  void move_to(const Where& where);
  const std::array<std::uint64_t, 3>& words() const { return words_; }

 private:
  std::array<std::uint64_t, 3> words_{};
};
static_assert(sizeof(Entry) == 24);

/// An instant as entries keep it.
std::uint64_t entry_millis(UnixMillis time);

/// The entries of one mailbox by sequence: in one piece, with at most a fifth of it to spare, and
/// beyond kFilteredFrom a filter of at most 2.5 bytes an entry that knows most fingerprints which
/// are not there. So 32 bytes an entry hold in all.
class EntryList {
 public:
  static constexpr std::size_t kFilteredFrom = 64;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Entry* begin() { return entries_.get() + head_; }
  Entry* end() { return begin() + size_; }
  const Entry* begin() const { return entries_.get() + head_; }
  const Entry* end() const { return begin() + size_; }

  /// Cheapest at the end. None of that sequence is there.
  void insert(const Entry& entry);
  /// Without looking where it belongs; then `sort` must follow before anything else.
  void append_unsorted(const Entry& entry);
  /// By sequence. Of several with one sequence the last appended stays; `drop` is told the others.
  template <class Drop>
  void sort(Drop drop);
  /// Null: not there.
  Entry* find(Sequence sequence);
  /// The first behind `sequence`.
  Entry* behind(Sequence sequence);
  void erase(Entry* entry);
  template <class Predicate>
  void erase_if(Predicate predicate);
  void reserve(std::size_t entries) { resize(entries); }

  /// False: none has this fingerprint. True: perhaps one has.
  bool may_have(std::uint32_t fingerprint);
  std::size_t memory_bytes() const {
    return capacity_ * sizeof(Entry) + filter_.capacity() * sizeof(std::uint64_t);
  }

 private:
  void make_room();
  void resize(std::size_t capacity);
  void build_filter();
  void add_to_filter(std::uint32_t fingerprint);

  std::unique_ptr<Entry[]> entries_;
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t filtered_ = 0;  ///< fingerprints put into the filter since it was built
  std::vector<std::uint64_t> filter_;
};

template <class Drop>
void EntryList::sort(Drop drop) {
  std::stable_sort(begin(), end(),
                   [](const Entry& a, const Entry& b) { return a.sequence() < b.sequence(); });
  auto* kept = begin();
  for (auto* at = begin(); at != end(); ++at) {
    if (at + 1 != end() && (at + 1)->sequence() == at->sequence()) {
      drop(*at);
    } else {
      *kept++ = *at;
    }
  }
  size_ = static_cast<std::uint32_t>(kept - begin());
}

template <class Predicate>
void EntryList::erase_if(Predicate predicate) {
  auto* kept = begin();
  for (const auto& entry : *this) {
    if (!predicate(entry)) *kept++ = entry;
  }
  size_ = static_cast<std::uint32_t>(kept - begin());
  filter_ = std::vector<std::uint64_t>{};  // {} would keep its memory
  if (capacity_ > size_ + size_ / 5 + 8) resize(size_ + size_ / 10 + 4);
}

}  // namespace martlet::store
