#pragma once

#include <functional>

#include "store/segments/segment_files.h"
#include "store/segments/segment_records.h"

namespace martlet::store {

struct ScannedRecord {
  std::uint64_t offset = 0;
  RecordHeader header;
  ByteView meta;     ///< valid during the visit
  ByteView payload;  ///< of removals only, verified; empty otherwise
};

/// Where whole batches end.
struct SegmentEnd {
  std::uint64_t offset = kSegmentHeaderBytes;
  std::uint32_t batch = 0;  ///< the last one's number
};

/// Reads the records of one segment, front to back, in large pieces. Sealed bytes are skipped.
class SegmentScan {
 public:
  SegmentScan(const SegmentFile& file, std::uint64_t epoch) : file_{file}, epoch_{epoch} {}

  /// For the newest segment: what a crash left half written begins behind the last whole batch,
  /// with its sealed bytes verified. Starts behind `from`, the end of an earlier batch.
  Result<SegmentEnd> find_end(const SegmentEnd& from);

  using Visit = std::function<Result<void>(const ScannedRecord&)>;
  /// Every record in [from, to). What is damaged is skipped up to the next record; then, and if
  /// something other than zeros follows the last, gives back true. Tells the last batch's number.
  Result<bool> visit(std::uint64_t from, std::uint64_t to, const Visit& visit,
                     SegmentEnd* end = nullptr);

 private:
  std::optional<ScannedRecord> record_at(std::uint64_t offset);
  /// The next record behind `offset` and before `to` whose batch is greater than `batch`.
  std::optional<std::uint64_t> next_record(std::uint64_t offset, std::uint64_t to,
                                           std::uint32_t batch);
  Result<bool> is_payload_whole(const ScannedRecord& record);
  ByteView view(std::uint64_t offset, std::size_t size);
  bool is_zero(std::uint64_t from, std::uint64_t to);

  const SegmentFile& file_;
  const std::uint64_t epoch_;
  Bytes piece_;
  std::uint64_t piece_at_ = 0;
  std::optional<Error> error_;  ///< of reading the file
};

}  // namespace martlet::store
