#pragma once

#include "store/segments/segment_files.h"

namespace martlet::store {

/// An index snapshot on its way to the disk, in steps, so that nobody waits long for one. It is as
/// good as one written at once: the log goes on behind the place that it tells of. Until it is
/// done, the one before stays. One thread at a time.
class IndexWriter {
 public:
  /// `files` outlives it.
  IndexWriter(SegmentFiles& files, Bytes bytes) : files_{files}, bytes_{std::move(bytes)} {}

  /// Writes at most `bytes_max` more and makes them durable; with the last of them it takes the
  /// place of the index before. After a failure it is of no use any more.
  Result<void> step(std::uint64_t bytes_max);
  bool is_done() const { return done_; }
  bool has_failed() const { return failed_; }
  std::uint64_t bytes() const { return bytes_.size(); }

 private:
  Result<void> write_some(std::uint64_t bytes_max);

  SegmentFiles& files_;
  const Bytes bytes_;
  std::unique_ptr<SegmentFile> file_;
  std::uint64_t written_ = 0;
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace martlet::store
