#include "store/segments/index_writer.h"

#include <algorithm>

namespace martlet::store {
namespace {

constexpr const char* kIndexNew = "index.new";

}  // namespace

Result<void> IndexWriter::step(std::uint64_t bytes_max) {
  if (done_) return {};
  auto result = write_some(bytes_max);
  failed_ = failed_ || !result.ok();
  return result;
}

Result<void> IndexWriter::write_some(std::uint64_t bytes_max) {
  if (file_ == nullptr) file_ = TRY(files_.create(kIndexNew));
  const auto left = ByteView{bytes_}.subspan(written_);
  const auto part = left.first(std::min<std::uint64_t>(left.size(), bytes_max));
  TRY(file_->write(written_, part));
  TRY(file_->sync());
  written_ += part.size();
  if (written_ < bytes_.size()) return {};
  TRY(files_.rename(kIndexNew, kIndexFile));
  TRY(files_.sync_folder());
  done_ = true;
  return {};
}

}  // namespace martlet::store
