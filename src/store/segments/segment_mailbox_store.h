#pragma once

#include <deque>
#include <unordered_map>

#include "store/segments/index_snapshot.h"
#include "store/segments/index_writer.h"

namespace martlet::store {

/// So long others may have to wait for the store's upkeep: for a write of so many bytes, the
/// longest envelope on top, and its sync.
inline constexpr std::uint64_t kUpkeepStepBytes = 1024 * 1024;

struct SegmentMailboxOptions {
  MailboxLimits limits;
  /// Envelopes are refused with `unavailable` when the files would grow beyond it; 0: no ceiling.
  /// Notices and removals go on.
  std::uint64_t disk_bytes_max = 0;
  std::uint64_t segment_bytes = 16 * 1024 * 1024;  ///< at least 4 KiB, a multiple of 2 KiB
  /// What one step of scrub_step(), and of an index that goes along with a sync, writes to the disk
  /// in about. Smaller in tests only.
  std::uint64_t step_bytes = kUpkeepStepBytes;
  /// Opens in spite of damage: everything that can be read is there, damaged files are kept.
  bool accept_damage = false;
};

/// Mailboxes in an append-only log of segment files (spec/mailbox-log.md). Memory holds at most 32
/// bytes an envelope that waits; sealed bytes are read when they are delivered. Staged changes are
/// in memory only, and what is staged and removed again never touches the disk.
class SegmentMailboxStore final : public MailboxStore {
 public:
  /// Opens the folder `path`, or creates it in one that is there. Recovers from a crash by itself.
  /// Fails with `in_use`, `unavailable`, or `corrupt`. `damaged_file`, if given, gets the name of a
  /// file that is damaged, also when it is accepted.
  static Result<std::unique_ptr<SegmentMailboxStore>> open(
      const std::string& path, const SegmentMailboxOptions& options = {},
      std::string* damaged_file = nullptr);
  /// The same on other files.
  static Result<std::unique_ptr<SegmentMailboxStore>> open(std::unique_ptr<SegmentFiles> files,
                                                           const SegmentMailboxOptions& options,
                                                           std::string* damaged_file = nullptr);
  /// Saves the index, if it can, for a quick restart.
  ~SegmentMailboxStore() override;

  Result<Sequence> append(const MailboxItem& item) override;
  Result<void> remove(const DeviceId& recipient, Sequence sequence) override;
  Result<void> sync() override;
  /// The store outlives the work.
  Result<std::unique_ptr<SyncWork>> begin_sync() override;
  Result<void> finish_sync(const Result<void>& written) override;
  /// Damaged items are left out; `corrupt` if there is nothing else.
  Result<std::vector<WaitingItem>> read(const DeviceId& recipient, Sequence after,
                                        std::size_t items_max, std::size_t bytes_max) override;
  /// An item that cannot be read stays, and is not given.
  Result<std::vector<WaitingItem>> expire(UnixMillis now, std::size_t items_max) override;
  MailboxSummary summary(const DeviceId& recipient) const override;
  MailboxSummary total() const override { return total_; }
  std::vector<std::pair<DeviceId, MailboxSummary>> mailboxes() const override;
  /// Deletes dead segments, overwrites what is dead in others, and rewrites sparse ones, at most
  /// kMoveBytesAScrub of them.
  Result<void> scrub() override;
  /// Rewrites or overwrites at most about step_bytes, with one sync of a file, or carries the
  /// removals of one segment on.
  Result<bool> scrub_step() override;
  std::uint64_t scrubbable_bytes() const override;

  /// Of all its files; the ceiling is about it.
  std::uint64_t disk_bytes() const { return log_.disk_bytes() + index_bytes_; }
  /// Of memory for what waits.
  std::uint64_t index_memory_bytes() const;

  static constexpr std::uint64_t kMoveBytesAScrub = 64 * 1024 * 1024;
  static constexpr std::uint64_t kStagedBytesMax = 64 * 1024 * 1024;  ///< then `unavailable`

 private:
  struct Mailbox {
    EntryList entries;
    std::uint64_t bytes = 0;
  };
  using Mailboxes = std::unordered_map<DeviceId, Mailbox>;
  struct StagedItem {
    Sequence sequence = 0;
    MailboxItem item;
    Mailbox* mailbox = nullptr;
    bool removed = false;
    Entry::Where where;  ///< when sealed
  };
  struct StagedRemoval {
    Mailbox* mailbox = nullptr;
    Entry entry;
  };
  struct Batch {
    std::vector<StagedItem> items;
    std::vector<StagedRemoval> removals;
    std::uint64_t bytes = 0;   ///< of records, at most
    std::size_t waiting = 0;   ///< of `items`, those not removed
    std::uint32_t serial = 0;  ///< when sealed
    std::size_t sealed_bytes = 0;
    void clear();
  };
  struct Due {
    std::uint64_t expires = 0;
    Sequence sequence = 0;
    DeviceId recipient;
  };
  struct SenderHash {
    std::size_t operator()(const Sender& sender) const {
      return std::hash<DeviceId>{}(sender.device);
    }
  };
  struct Move;

  SegmentMailboxStore(std::unique_ptr<SegmentFiles> files, const SegmentMailboxOptions& options);

  // --- opening (segment_opening.cpp) ---
  friend class SegmentOpening;

  // --- items ---
  static std::uint32_t staged_slot(std::size_t batch) {
    return Entry::kSlotsMax - 1 - static_cast<std::uint32_t>(batch);
  }
  const StagedItem* staged(const Entry& entry) const;
  std::uint32_t fingerprint_of(ItemKind kind, const MessageId& message) const;
  Result<std::optional<Sequence>> find_waiting(Mailbox& mailbox, const MailboxItem& item,
                                               std::uint32_t fingerprint);
  Result<MailboxItem> load(const DeviceId& recipient, const Entry& entry, bool with_sealed);
  Result<Sender> load_sender(Segment& segment, std::uint64_t offset);
  void count_in(Mailbox& mailbox, const Entry& entry);
  void count_out(Mailbox& mailbox, const Entry& entry);
  void drop(Mailbox& mailbox, Entry* entry);
  void find_due(std::uint64_t now);
  void note_due(const Entry& entry);
  Result<void> make_ready();

  // --- batches (segment_batches.cpp) ---
  class Work;
  Result<void> encode(Batch& batch);
  Entry::Where encode_item(RecordWriter& writer, Sequence sequence, const MailboxItem& item,
                           std::optional<std::uint64_t> moved_from, bool last);
  std::vector<std::vector<RemovalGroup>> group_removals(const Batch& batch) const;
  void settle(Batch& batch);
  void mark_dead(const Entry& entry);
  void undo(Batch& batch);
  void forget_empty_mailboxes();
  std::uint8_t* buffer(std::size_t size);
  bool is_idle() const {
    return !writing_ && batches_[staging_].items.empty() && batches_[staging_].removals.empty();
  }
  /// Writes a batch of its own, beside what is staged. `bytes` is how many it has at most.
  Result<void> write_apart(std::uint64_t bytes, const std::function<void(RecordWriter&)>& encode);

  // --- upkeep (segment_upkeep.cpp) ---
  Result<bool> scrub_some();
  Result<bool> overwrite_some();
  Result<bool> carry_some();
  Result<bool> move_some();
  bool has_dirty() const;
  Result<void> carry_removals(Segment& segment);
  bool is_sparse(const Segment& segment) const;
  Result<void> move_out(std::uint32_t slot);
  Result<void> write_moves(std::vector<Move>& moves, Segment& from);
  void begin_index();
  void settle_index();

  const std::unique_ptr<SegmentFiles> files_;
  const SegmentMailboxOptions options_;
  SegmentLog log_;
  Mailboxes mailboxes_;  ///< some of them empty
  std::size_t empty_mailboxes_ = 0;
  MailboxSummary total_;
  std::array<std::uint64_t, 2> fingerprint_key_{};
  Sequence next_ = 1;
  Sequence durable_ = 0;  ///< what the disk tells that was given
  bool begun_ = false;    ///< this life has a segment
  bool damaged_ = false;

  std::array<Batch, 2> batches_;
  std::size_t staging_ = 0;
  bool writing_ = false;  ///< the other one
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t buffer_bytes_ = 0;

  struct WrittenSender {
    std::uint64_t offset = 0;
    std::uint32_t uses = 0;
  };
  /// In the active segment.
  std::unordered_map<Sender, WrittenSender, SenderHash> senders_;
  std::uint64_t senders_segment_ = 0;
  struct KnownSender {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    Sender sender;
  };
  Bytes read_;                                 ///< sealed bytes on their way from the disk
  std::array<KnownSender, 64> known_senders_;  ///< for reading: those met lately

  std::deque<Due> due_;                         ///< by instant and place
  std::uint64_t next_due_ = ~std::uint64_t{0};  ///< of those not in due_, none is due before
  struct Scrub {
    std::uint64_t moved = 0;        ///< bytes
    std::uint64_t moving = 0;       ///< number of the segment
    std::uint64_t moving_at = 0;    ///< what is before has been moved
    std::uint64_t overwriting = 0;  ///< segments with a smaller number have been
    bool overwritten = false;
  };
  Scrub scrub_;                         ///< under way
  std::unique_ptr<IndexWriter> index_;  ///< under way; while writing_, the work's
  std::uint64_t index_bytes_ = 0;       ///< of the one that is there
  std::uint64_t log_since_index_ = 0;
  std::uint64_t log_before_index_ = 0;  ///< of that: what the one under way tells of
};

}  // namespace martlet::store
