#include "store/segments/index_snapshot.h"

#include <cstring>

#include "base/reader.h"
#include "store/segments/crc32c.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kIndexMagic = 0x4d61'7274'6c65'7449;  // "MartletI"
constexpr std::size_t kEntryBytes = 24;
constexpr std::size_t kIndexSumBytes = 4;

const Error kWrong{Failure::corrupt, "the index is damaged"};

Result<std::set<std::uint64_t>> load_numbers(Reader& in) {
  const auto count = TRY(in.u32());
  if (in.left() / 8 < count) return kWrong;
  std::set<std::uint64_t> numbers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto number = TRY(in.u64());
    if (!numbers.empty() && number <= *numbers.rbegin()) return kWrong;
    numbers.insert(number);
  }
  return numbers;
}

Result<IndexSnapshot::KnownSegment> load_segment(Reader& in) {
  IndexSnapshot::KnownSegment segment;
  segment.slot = TRY(in.u32());
  segment.number = TRY(in.u64());
  segment.epoch = TRY(in.u64());
  segment.end.offset = TRY(in.u64());
  segment.end.batch = TRY(in.u32());
  const auto parts = TRY(in.u32());
  if (segment.slot >= Entry::kSlotsMax || in.left() / 8 < parts) return kWrong;
  segment.dirty.reserve(parts);
  for (std::uint32_t i = 0; i < parts; ++i) {
    Segment::Part part;
    part.offset = TRY(in.u32());
    part.size = TRY(in.u32());
    if (std::uint64_t{part.offset} + part.size > segment.end.offset) return kWrong;
    segment.dirty.push_back(part);
  }
  segment.removes_from = TRY(load_numbers(in));
  segment.moved_from = TRY(load_numbers(in));
  return segment;
}

Result<IndexSnapshot::KnownMailbox> load_mailbox(Reader& in, Sequence next) {
  IndexSnapshot::KnownMailbox mailbox;
  mailbox.recipient = TRY(in.id<DeviceId>());
  const auto count = TRY(in.u32());
  if (count == 0 || in.left() / kEntryBytes < count) return kWrong;
  mailbox.entries.reserve(count);
  const auto bytes = TRY(in.take(count * kEntryBytes));
  Sequence last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint64_t, 3> words;
    std::memcpy(words.data(), bytes.data() + i * kEntryBytes, kEntryBytes);
    for (auto& word : words) word = __builtin_bswap64(word);
    const Entry entry{words};
    if (entry.sequence() <= last || entry.sequence() >= next) return kWrong;
    last = entry.sequence();
    mailbox.entries.append_unsorted(entry);
  }
  return mailbox;
}

Result<IndexSnapshot> load(Reader in) {
  if (TRY(in.u64()) != kIndexMagic) return kWrong;
  IndexSnapshot snapshot;
  for (auto& key : snapshot.fingerprint_key) key = TRY(in.u64());
  snapshot.next = TRY(in.u64());
  snapshot.newest = TRY(in.u64());
  const auto segments = TRY(in.u32());
  const auto mailboxes = TRY(in.u32());
  bool has_newest = false;
  for (std::uint32_t i = 0; i < segments; ++i) {
    snapshot.segments.push_back(TRY(load_segment(in)));
    has_newest = has_newest || snapshot.segments.back().number == snapshot.newest;
  }
  for (std::uint32_t i = 0; i < mailboxes; ++i) {
    snapshot.mailboxes.push_back(TRY(load_mailbox(in, snapshot.next)));
  }
  TRY(in.finish());
  if (!has_newest) return kWrong;
  return snapshot;
}

}  // namespace

SnapshotWriter::SnapshotWriter(const std::array<std::uint64_t, 2>& fingerprint_key, Sequence next,
                               std::uint64_t newest, std::size_t segments, std::size_t mailboxes) {
  number(kIndexMagic, 8);
  for (const auto key : fingerprint_key) number(key, 8);
  number(next, 8);
  number(newest, 8);
  number(segments, 4);
  number(mailboxes, 4);
}

void SnapshotWriter::number(std::uint64_t value, unsigned size) {
  while (size-- > 0) out_.push_back(static_cast<std::uint8_t>(value >> (8 * size)));
}

void SnapshotWriter::numbers(const std::set<std::uint64_t>& values) {
  number(values.size(), 4);
  for (const auto value : values) number(value, 8);
}

void SnapshotWriter::segment(std::uint32_t slot, const Segment& segment) {
  number(slot, 4);
  number(segment.number, 8);
  number(segment.epoch, 8);
  number(segment.end.offset, 8);
  number(segment.end.batch, 4);
  number(segment.dirty.size(), 4);
  for (const auto& [offset, size] : segment.dirty) {
    number(offset, 4);
    number(size, 4);
  }
  numbers(segment.removes_from);
  numbers(segment.moved_from);
}

void SnapshotWriter::mailbox(const DeviceId& recipient, const EntryList& entries) {
  const auto at = out_.size();
  out_.resize(at + DeviceId::kBytes);
  std::ranges::copy(recipient.view(), out_.begin() + static_cast<std::ptrdiff_t>(at));
  number(entries.size(), 4);
  auto into = out_.size();
  out_.resize(into + entries.size() * kEntryBytes);
  for (const auto& entry : entries) {
    auto words = entry.words();
    for (auto& word : words) word = __builtin_bswap64(word);
    std::memcpy(out_.data() + into, words.data(), kEntryBytes);
    into += kEntryBytes;
  }
}

Bytes SnapshotWriter::take() && {
  number(crc32c(out_), kIndexSumBytes);
  return std::move(out_);
}

Result<IndexSnapshot> load_snapshot(ByteView bytes) {
  if (bytes.size() < kIndexSumBytes) return kWrong;
  Reader sum{bytes.last(kIndexSumBytes)};
  const auto content = bytes.first(bytes.size() - kIndexSumBytes);
  if (TRY(sum.u32()) != crc32c(content)) return kWrong;
  auto loaded = load(Reader{content});
  if (!loaded.ok()) return kWrong;
  return loaded;
}

}  // namespace martlet::store
