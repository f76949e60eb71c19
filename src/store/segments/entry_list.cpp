#include "store/segments/entry_list.h"

#include <algorithm>

#include "base/check.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kMillisMax = (std::uint64_t{1} << 48U) - 1;
constexpr std::size_t kSpareMin = 4;
constexpr std::size_t kEntriesAWord = 4;  // of the filter

/// Four bits of a word, by the fingerprint's upper half; which word, by all of it.
std::uint64_t bits_of(std::uint32_t fingerprint) {
  const auto mixed = fingerprint * 0x9e37'79b9'7f4a'7c15U;
  return std::uint64_t{1} << (mixed & 63U) | std::uint64_t{1} << (mixed >> 6U & 63U) |
         std::uint64_t{1} << (mixed >> 12U & 63U) | std::uint64_t{1} << (mixed >> 18U & 63U);
}
std::size_t word_of(std::uint32_t fingerprint, std::size_t words) {
  return static_cast<std::size_t>((std::uint64_t{fingerprint} * words) >> 32U);
}

}  // namespace

std::uint64_t entry_millis(UnixMillis time) {
  const auto count = count_of(time);
  return count < 0 ? 0 : std::min(static_cast<std::uint64_t>(count), kMillisMax);
}

Entry::Entry(Sequence sequence, const MailboxItem& item, std::size_t sealed_bytes,
             std::uint32_t fingerprint, const Where& where) {
  CHECK(sequence <= kSequenceMax && sealed_bytes < (1U << 17U));
  const auto expires = entry_millis(item.expires);
  words_[0] = sequence << 16U | expires >> 32U;
  words_[1] = expires << 32U | fingerprint;
  words_[2] = sealed_bytes | std::uint64_t{item.kind == ItemKind::undelivered} << 62U;
  move_to(where);
}

void Entry::move_to(const Where& where) {
  CHECK(where.slot < kSlotsMax && where.place < (1U << 24U));
  constexpr std::uint64_t kStays = ((1U << 17U) - 1) | std::uint64_t{1} << 62U;
  words_[2] = (words_[2] & kStays) | std::uint64_t{where.place} << 17U |
              std::uint64_t{where.slot} << 41U | std::uint64_t{where.moved} << 60U |
              std::uint64_t{where.sender_inline} << 61U;
}

void EntryList::insert(const Entry& entry) {
  auto before = size_;
  while (before > 0 && (begin() + before - 1)->sequence() > entry.sequence()) --before;
  append_unsorted(entry);
  std::rotate(begin() + before, end() - 1, end());
  add_to_filter(entry.fingerprint());
}

void EntryList::append_unsorted(const Entry& entry) {
  if (head_ + size_ == capacity_) make_room();
  *end() = entry;
  ++size_;
}

Entry* EntryList::find(Sequence sequence) {
  if (empty()) return nullptr;
  auto* at = sequence == 0 ? begin() : behind(sequence - 1);
  return at != end() && at->sequence() == sequence ? at : nullptr;
}

Entry* EntryList::behind(Sequence sequence) {
  return std::upper_bound(begin(), end(), sequence, [](Sequence wanted, const Entry& entry) {
    return wanted < entry.sequence();
  });
}

/// Moves whichever side is shorter.
void EntryList::erase(Entry* entry) {
  const auto before = static_cast<std::size_t>(entry - begin());
  if (before < size_ / 2) {
    std::move_backward(begin(), entry, entry + 1);
    ++head_;
  } else {
    std::move(entry + 1, end(), entry);
  }
  --size_;
  if (capacity_ > size_ + size_ / 5 + 2 * kSpareMin) resize(size_ + size_ / 10 + kSpareMin);
}

void EntryList::make_room() {
  // What was erased in front is used again if it is much.
  if (head_ > size_ / 10 + kSpareMin) {
    std::move(begin(), end(), entries_.get());
    head_ = 0;
  } else {
    resize(size_ + size_ / 5 + kSpareMin);
  }
}

void EntryList::resize(std::size_t capacity) {
  if (capacity < size_) return;
  auto entries = std::make_unique<Entry[]>(capacity);
  std::copy(begin(), end(), entries.get());
  entries_ = std::move(entries);
  head_ = 0;
  capacity_ = static_cast<std::uint32_t>(capacity);
  // A filter for many more is built anew, smaller, when it is asked for.
  if (filter_.size() * kEntriesAWord > size_ + size_ / 4 + kEntriesAWord)
    filter_ = std::vector<std::uint64_t>{};  // {} would keep its memory
}

bool EntryList::may_have(std::uint32_t fingerprint) {
  if (size_ < kFilteredFrom) return true;
  // A filter that is missing, overfull, or remembers many that have gone.
  const auto fits = filter_.size() * kEntriesAWord;
  if (filter_.empty() || filtered_ > fits || filtered_ > 2 * size_) build_filter();
  const auto bits = bits_of(fingerprint);
  return (filter_[word_of(fingerprint, filter_.size())] & bits) == bits;
}

void EntryList::build_filter() {
  filter_ = std::vector<std::uint64_t>((size_ + size_ / 5) / kEntriesAWord + 1);
  filtered_ = 0;
  for (const auto& entry : *this) add_to_filter(entry.fingerprint());
}

void EntryList::add_to_filter(std::uint32_t fingerprint) {
  if (filter_.empty()) return;
  filter_[word_of(fingerprint, filter_.size())] |= bits_of(fingerprint);
  ++filtered_;
}

}  // namespace martlet::store
