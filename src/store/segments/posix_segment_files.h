#pragma once

#include "store/segments/segment_files.h"

namespace martlet::store {

/// A folder of the machine.
class PosixSegmentFiles final : public SegmentFiles {
 public:
  /// Makes the folder `path`, mode 0700, in one that is there, if need be.
  static Result<std::unique_ptr<PosixSegmentFiles>> open(const std::string& path);
  ~PosixSegmentFiles() override;
  PosixSegmentFiles(const PosixSegmentFiles&) = delete;
  PosixSegmentFiles& operator=(const PosixSegmentFiles&) = delete;

  Result<void> lock() override;
  Result<std::vector<std::string>> list() const override;
  Result<std::unique_ptr<SegmentFile>> open_file(const std::string& name) override;
  Result<std::unique_ptr<SegmentFile>> create(const std::string& name) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& name) override;
  Result<void> sync_folder() override;
  std::uint64_t random() override;

 private:
  explicit PosixSegmentFiles(int folder) : folder_{folder} {}
  const int folder_;
  int lock_ = -1;
};

}  // namespace martlet::store
