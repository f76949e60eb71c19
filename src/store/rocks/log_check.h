#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace martlet::store {

/// What the records of a write-ahead log say about its bytes.
enum class LogState : std::uint8_t {
  whole,   ///< every record is there
  torn,    ///< the last write was cut by a crash: nothing that was synced is missing
  damaged  ///< bytes changed or went missing in what was synced
};

/// Judges one log file of RocksDB (its format: 32 KiB blocks of records `crc u32 | length u16 |
/// type u8 | payload`, little-endian). RocksDB itself takes a changed length near the end for a
/// crash, and a power cut that kept a later page of the last write for damage; we want neither.
/// A crash leaves a file cut short, or zeros where a page never reached the disk, and nothing whole
/// behind it. Everything else is damage.
LogState judge_log(ByteView log);

/// CRC-32C (RFC 3720 appendix B.4).
std::uint32_t crc32c(ByteView bytes);

}  // namespace martlet::store
