#include "store/rocks/log_check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace martlet::store {
namespace {

constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kSectorBytes = 512;  // the least that a disk writes

enum RecordType : std::uint8_t { zero = 0, full = 1, first = 2, middle = 3, last = 4 };

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

std::uint32_t next_crc(std::uint32_t crc, std::uint8_t byte) {
  return (crc >> 8U) ^ kCrcTable[(crc ^ byte) & 0xffU];
}
/// As it is stored: rotated and shifted, so that a log inside a log does not look like records.
std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U; }

std::uint32_t little_endian(ByteView bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8U) | bytes[i];
  return value;
}

struct Record {
  RecordType type;
  std::size_t size;  ///< with its header
};

/// The record at the front of what is left of a block, if it is whole.
std::optional<Record> record_at(ByteView rest) {
  if (rest.size() < kHeaderBytes) return std::nullopt;
  const std::size_t length = little_endian(rest.subspan(4, 2));
  const auto type = rest[6];
  if (type < full || type > last || length > rest.size() - kHeaderBytes) return std::nullopt;
  const auto crc = crc32c(rest.subspan(6, 1 + length));
  if (masked(crc) != little_endian(rest.first(4))) return std::nullopt;
  return Record{static_cast<RecordType>(type), kHeaderBytes + length};
}

std::size_t block_end(ByteView log, std::size_t at) {
  return std::min(log.size(), (at / kBlockBytes + 1) * kBlockBytes);
}

/// Whether a write that is whole begins anywhere behind `at`.
bool begins_behind(ByteView log, std::size_t at) {
  for (; at < log.size(); ++at) {
    const auto record = record_at(log.subspan(at, block_end(log, at) - at));
    if (record && (record->type == full || record->type == first)) return true;
  }
  return false;
}

/// Whether a sector behind `at` holds nothing but zeros. What we store is never that: it is sealed.
bool has_hole(ByteView log, std::size_t at) {
  for (at = at / kSectorBytes * kSectorBytes; at < log.size(); at += kSectorBytes) {
    const auto sector = log.subspan(at, std::min(kSectorBytes, log.size() - at));
    if (std::ranges::all_of(sector, [](std::uint8_t byte) { return byte == 0; })) return true;
  }
  return false;
}

/// Whether the file ends within the record at `at`, so that a crash explains it.
bool is_cut(ByteView log, std::size_t at) {
  const auto rest = log.subspan(at);
  if (rest.size() < kHeaderBytes) return true;
  const std::size_t length = little_endian(rest.subspan(4, 2));
  const auto in_block = kBlockBytes - at % kBlockBytes;
  const bool reaches_out = rest[6] >= full && rest[6] <= last &&
                           kHeaderBytes + length > rest.size() && kHeaderBytes + length <= in_block;
  if (!reaches_out) return false;
  // The checksum does not cover the length: a whole record whose length was changed looks cut.
  std::uint32_t crc = ~0U;
  for (const auto byte : rest.subspan(6)) {
    crc = next_crc(crc, byte);
    if (masked(~crc) == little_endian(rest.first(4))) return false;
  }
  return true;
}

}  // namespace

std::uint32_t crc32c(ByteView bytes) {
  std::uint32_t crc = ~0U;
  for (const auto byte : bytes) crc = next_crc(crc, byte);
  return ~crc;
}

LogState judge_log(ByteView log) {
  bool inside = false;  // a write has begun and not ended
  std::size_t at = 0;
  while (at < log.size()) {
    const auto end = block_end(log, at);
    if (end - at < kHeaderBytes && end % kBlockBytes == 0) {  // the rest of a block is filler
      at = end;
      continue;
    }
    const auto record = record_at(log.subspan(at, end - at));
    const bool continues = record && (record->type == middle || record->type == last);
    if (!record || continues != inside) {
      const bool torn = (is_cut(log, at) || has_hole(log, at)) && !begins_behind(log, at + 1);
      return torn ? LogState::torn : LogState::damaged;
    }
    inside = record->type == first || record->type == middle;
    at += record->size;
  }
  return inside ? LogState::torn : LogState::whole;
}

}  // namespace martlet::store
