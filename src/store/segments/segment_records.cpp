#include "store/segments/segment_records.h"

#include <cstring>

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"
#include "store/segments/crc32c.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kMagic = 0x4d61'7274'6c65'7431;  // "Martlet1"
constexpr std::uint8_t kLast = 1;
constexpr std::size_t kFixedMetaBytes = 72;
constexpr std::size_t kSenderBytes = 64;
constexpr std::size_t kSenderAtBytes = 4;
constexpr std::size_t kMovedFromBytes = 8;
constexpr std::size_t kSumBytes = 4;
static_assert(kFixedMetaBytes + kSenderBytes + kMovedFromBytes == kMetaBytesMax);

std::uint8_t* put(std::uint8_t* out, std::uint64_t value, unsigned size) {
  while (size-- > 0) *out++ = static_cast<std::uint8_t>(value >> (8 * size));
  return out;
}
std::uint8_t* put(std::uint8_t* out, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}
std::uint64_t get(const std::uint8_t* at, unsigned size) {
  std::uint64_t value = 0;
  while (size-- > 0) value = (value << 8U) | *at++;
  return value;
}

std::uint32_t seed_of(const RecordPlace& place) {
  const auto mixed = place.epoch + place.offset / kRecordUnit * 0x9e37'79b9'7f4a'7c15U;
  return static_cast<std::uint32_t>(mixed ^ (mixed >> 32U));
}

std::size_t meta_bytes(bool moved, bool sender_inline) {
  return kFixedMetaBytes + (moved ? kMovedFromBytes : 0) +
         (sender_inline ? kSenderBytes : kSenderAtBytes);
}

bool is_possible(const RecordHeader& header) {
  switch (header.type) {
    case RecordType::item:
    case RecordType::moved: {
      const bool moved = header.type == RecordType::moved;
      return header.meta_bytes == meta_bytes(moved, true) ||
             header.meta_bytes == meta_bytes(moved, false);
    }
    case RecordType::removals:
      return header.meta_bytes == 0;
    case RecordType::scrubbed:
      return header.meta_bytes == 0 && header.payload_bytes == 0;
  }
  return false;
}

}  // namespace

std::array<std::uint8_t, kSegmentHeaderBytes> encode_segment_header(const SegmentHeader& header) {
  std::array<std::uint8_t, kSegmentHeaderBytes> bytes{};
  auto* out = put(bytes.data(), kMagic, 8);
  out = put(out, header.number, 8);
  out = put(out, header.epoch, 8);
  out = put(out, header.floor, 8);
  put(out, crc32c(ByteView{bytes}.first(32)), 4);
  return bytes;
}

Result<SegmentHeader> load_segment_header(ByteView bytes) {
  const Error wrong{Failure::corrupt, "a segment's header is damaged"};
  if (bytes.size() != kSegmentHeaderBytes) return wrong;
  const auto* at = bytes.data();
  if (get(at, 8) != kMagic || get(at + 32, 4) != crc32c(bytes.first(32)) || get(at + 36, 4) != 0) {
    return wrong;
  }
  return SegmentHeader{get(at + 8, 8), get(at + 16, 8), get(at + 24, 8)};
}

std::size_t RecordHeader::total() const {
  const auto exact = kRecordHeaderBytes + meta_bytes + payload_bytes;
  return (exact + kRecordUnit - 1) / kRecordUnit * kRecordUnit;
}

std::optional<RecordHeader> peek_record(ByteView bytes) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const auto* at = bytes.data();
  if (at[4] < static_cast<std::uint8_t>(RecordType::item) ||
      at[4] > static_cast<std::uint8_t>(RecordType::scrubbed) || at[5] > kLast) {
    return std::nullopt;
  }
  RecordHeader header;
  header.type = static_cast<RecordType>(at[4]);
  header.last = at[5] == kLast;
  header.meta_bytes = static_cast<std::uint16_t>(get(at + 6, 2));
  header.payload_bytes = static_cast<std::uint32_t>(get(at + 8, 4));
  header.payload_sum = static_cast<std::uint32_t>(get(at + 12, 4));
  header.batch = static_cast<std::uint32_t>(get(at + 16, 4));
  if (header.payload_bytes > kPayloadBytesMax || !is_possible(header)) return std::nullopt;
  return header;
}

bool is_record(ByteView bytes, const RecordPlace& place) {
  return get(bytes.data(), kSumBytes) == crc32c(bytes.subspan(kSumBytes), seed_of(place));
}

std::size_t item_head_bytes(bool moved, bool sender_inline) {
  return kRecordHeaderBytes + meta_bytes(moved, sender_inline);
}

std::size_t item_total_bytes(bool moved, bool sender_inline, std::size_t sealed_bytes) {
  RecordHeader header;
  header.meta_bytes = static_cast<std::uint16_t>(meta_bytes(moved, sender_inline));
  header.payload_bytes = static_cast<std::uint32_t>(sealed_bytes);
  return header.total();
}

Result<ItemMeta> load_item_meta(const RecordHeader& header, ByteView meta) {
  const Error wrong{Failure::corrupt, "an item's record is damaged"};
  const bool moved = header.type == RecordType::moved;
  if ((header.type != RecordType::item && !moved) || meta.size() != header.meta_bytes ||
      !is_possible(header)) {
    return wrong;
  }
  ItemMeta out;
  const auto* at = meta.data();
  if (at[0] != static_cast<std::uint8_t>(ItemKind::envelope) &&
      at[0] != static_cast<std::uint8_t>(ItemKind::undelivered)) {
    return wrong;
  }
  out.item.kind = static_cast<ItemKind>(at[0]);
  out.item.suite = at[1];
  out.sequence = get(at + 2, 6);
  out.item.accepted = unix_millis(static_cast<std::int64_t>(get(at + 8, 8)));
  out.item.expires = unix_millis(static_cast<std::int64_t>(get(at + 16, 8)));
  out.item.recipient = TRY(DeviceId::from(meta.subspan(24, 32)));
  out.item.message = TRY(MessageId::from(meta.subspan(56, 16)));
  at += kFixedMetaBytes;
  if (moved) {
    out.moved_from = get(at, kMovedFromBytes);
    at += kMovedFromBytes;
  }
  if (header.meta_bytes == meta_bytes(moved, true)) {
    const auto sender = TRY(load_inline_sender(header, meta));
    out.item.sender = sender.device;
    out.item.sender_account = sender.account;
  } else {
    out.sender_at = get(at, kSenderAtBytes) * kRecordUnit;
  }
  return out;
}

Result<Sender> load_inline_sender(const RecordHeader& header, ByteView meta) {
  const bool moved = header.type == RecordType::moved;
  if ((header.type != RecordType::item && !moved) || meta.size() != meta_bytes(moved, true)) {
    return Error{Failure::corrupt, "a sender is not where it should be"};
  }
  const auto both = meta.last(kSenderBytes);
  Sender sender;
  sender.device = TRY(DeviceId::from(both.first(32)));
  sender.account = TRY(AccountId::from(both.last(32)));
  return sender;
}

Bytes encode_removals(const std::vector<RemovalGroup>& groups) {
  Writer out;
  for (const auto& [segment, sequences] : groups) {
    out.u64(segment).u32(static_cast<std::uint32_t>(sequences.size()));
    for (const auto sequence : sequences) {
      out.u16(static_cast<std::uint16_t>(sequence >> 32U))
          .u32(static_cast<std::uint32_t>(sequence));
    }
  }
  return std::move(out).take();
}

Result<std::vector<RemovalGroup>> load_removals(ByteView payload) {
  const Error wrong{Failure::corrupt, "a record of removals is damaged"};
  std::vector<RemovalGroup> groups;
  Reader in{payload};
  while (in.left() > 0) {
    const auto segment = in.u64();
    const auto count = in.u32();
    if (!segment.ok() || !count.ok() || count.value() == 0 || in.left() / 6 < count.value()) {
      return wrong;
    }
    RemovalGroup group{segment.value(), {}};
    group.sequences.reserve(count.value());
    for (std::uint32_t i = 0; i < count.value(); ++i) {
      const std::uint64_t high = TRY(in.u16());
      group.sequences.push_back((high << 32U) | TRY(in.u32()));
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

void RecordWriter::item(Sequence sequence, const MailboxItem& item,
                        std::optional<std::uint64_t> sender_at,
                        std::optional<std::uint64_t> moved_from, bool last) {
  RecordHeader header;
  header.type = moved_from ? RecordType::moved : RecordType::item;
  header.last = last;
  header.meta_bytes = static_cast<std::uint16_t>(meta_bytes(moved_from.has_value(), !sender_at));
  auto* out = out_ + kRecordHeaderBytes;
  *out++ = static_cast<std::uint8_t>(item.kind);
  *out++ = item.suite;
  out = put(out, sequence, 6);
  out = put(out, static_cast<std::uint64_t>(count_of(item.accepted)), 8);
  out = put(out, static_cast<std::uint64_t>(count_of(item.expires)), 8);
  out = put(out, item.recipient.view());
  out = put(out, item.message.view());
  if (moved_from) out = put(out, *moved_from, kMovedFromBytes);
  if (sender_at) {
    put(out, *sender_at / kRecordUnit, kSenderAtBytes);
  } else {
    put(put(out, item.sender.view()), item.sender_account.view());
  }
  finish(header, item.sealed);
}

void RecordWriter::removals(const std::vector<RemovalGroup>& groups, bool last) {
  RecordHeader header;
  header.type = RecordType::removals;
  header.last = last;
  finish(header, encode_removals(groups));
}

void RecordWriter::scrubbed() {
  RecordHeader header;
  header.type = RecordType::scrubbed;
  header.last = true;
  finish(header, {});
}

/// The meta is there already.
void RecordWriter::finish(RecordHeader header, ByteView payload) {
  CHECK(payload.size() <= kPayloadBytesMax);
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.payload_sum = crc32c(payload);
  header.batch = batch_;
  auto* out = out_ + kSumBytes;
  *out++ = static_cast<std::uint8_t>(header.type);
  *out++ = header.last ? kLast : 0;
  out = put(out, header.meta_bytes, 2);
  out = put(out, header.payload_bytes, 4);
  out = put(out, header.payload_sum, 4);
  put(out, header.batch, 4);
  const auto head = kRecordHeaderBytes + header.meta_bytes;
  put(out_, crc32c({out_ + kSumBytes, head - kSumBytes}, seed_of(place_)), kSumBytes);
  auto* end = put(out_ + head, payload);
  const auto total = header.total();
  std::memset(end, 0, total - head - payload.size());
  out_ += total;
  place_.offset += total;
}

}  // namespace martlet::store
