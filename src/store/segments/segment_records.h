#pragma once

#include <optional>

#include "store/mailbox_store.h"

/// What is in a segment file, to the byte: spec/mailbox-log.md.
namespace martlet::store {

struct SegmentHeader {
  std::uint64_t number = 0;
  std::uint64_t epoch = 0;  ///< random: sums of this segment's records begin with it
  Sequence floor = 0;       ///< no greater one was given before
};
inline constexpr std::size_t kSegmentHeaderBytes = 40;
std::array<std::uint8_t, kSegmentHeaderBytes> encode_segment_header(const SegmentHeader& header);
/// Fails with `corrupt`.
Result<SegmentHeader> load_segment_header(ByteView bytes);

enum class RecordType : std::uint8_t {
  item = 1,
  moved = 2,     ///< an item, copied here from a sparse segment
  removals = 3,  ///< places whose items are gone
  scrubbed = 4   ///< of items removed before it no sealed bytes are left
};

struct RecordHeader {
  RecordType type = RecordType::item;
  bool last = false;  ///< of its batch
  std::uint16_t meta_bytes = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_sum = 0;
  std::uint32_t batch = 0;
  std::size_t total() const;  ///< with header and padding
};
inline constexpr std::size_t kRecordHeaderBytes = 20;
inline constexpr std::size_t kMetaBytesMax = 144;
inline constexpr std::uint32_t kPayloadBytesMax = (1U << 17U) - 1;
inline constexpr std::size_t kRecordUnit = 8;  ///< records begin at multiples of it
inline constexpr std::size_t kRemovalsARecordMax = 6'000;
static_assert(limits::kSealedBytesMax <= kPayloadBytesMax);

/// Where a record is: its sum depends on it.
struct RecordPlace {
  std::uint64_t epoch;
  std::uint64_t offset;
};

/// The header whose record begins with `bytes`, if its sizes are possible. Nothing is verified.
std::optional<RecordHeader> peek_record(ByteView bytes);
/// Whether header and meta, `bytes` to their end, are what was written at this place.
bool is_record(ByteView bytes, const RecordPlace& place);

/// How many bytes of an item's record come before its payload.
std::size_t item_head_bytes(bool moved, bool sender_inline);
std::size_t item_total_bytes(bool moved, bool sender_inline, std::size_t sealed_bytes);

struct Sender {
  DeviceId device;
  AccountId account;
  bool operator==(const Sender&) const = default;
};

/// What stands before an item's sealed bytes.
struct ItemMeta {
  Sequence sequence = 0;
  MailboxItem item;                        ///< no sealed bytes; sender only if `sender_at` is empty
  std::optional<std::uint64_t> sender_at;  ///< offset of an earlier record of the segment
  std::optional<std::uint64_t> moved_from;  ///< the segment it was copied from
};
/// Fails with `corrupt`.
Result<ItemMeta> load_item_meta(const RecordHeader& header, ByteView meta);
/// The sender of an item whose meta has it inline.
Result<Sender> load_inline_sender(const RecordHeader& header, ByteView meta);

struct RemovalGroup {
  std::uint64_t segment = 0;  ///< where the items are
  std::vector<Sequence> sequences;
};
Bytes encode_removals(const std::vector<RemovalGroup>& groups);
/// Fails with `corrupt`.
Result<std::vector<RemovalGroup>> load_removals(ByteView payload);

/// Writes records one behind the other into memory that is large enough.
class RecordWriter {
 public:
  /// `offset` is where `out` will be in the segment.
  RecordWriter(std::uint8_t* out, const RecordPlace& place, std::uint32_t batch)
      : out_{out}, place_{place}, batch_{batch} {}
  /// The sender goes inline unless an earlier record of the segment has it.
  void item(Sequence sequence, const MailboxItem& item, std::optional<std::uint64_t> sender_at,
            std::optional<std::uint64_t> moved_from, bool last);
  void removals(const std::vector<RemovalGroup>& groups, bool last);
  void scrubbed();  ///< always the last of its batch
  std::uint64_t offset() const { return place_.offset; }

 private:
  void finish(RecordHeader header, ByteView payload);
  std::uint8_t* out_;
  RecordPlace place_;
  const std::uint32_t batch_;
};

}  // namespace martlet::store
