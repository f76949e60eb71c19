#include "net/frame_splitter.h"

#include <algorithm>

namespace martlet::net {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t length_in(ByteView prefix) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length = (length << 8U) | prefix[i];
  return length;
}

constexpr Error kTooLong{Failure::limit_reached, "frame longer than allowed"};

}  // namespace

Result<std::optional<ByteView>> FrameSplitter::next(ByteView& input, std::size_t frame_bytes_max) {
  if (used_ > 0 && used_ == kept_.size()) {
    Bytes{}.swap(kept_);  // clear() would hold on to the memory
    used_ = 0;
  }
  if (!kept_.empty()) return next_kept(input, frame_bytes_max);

  if (input.size() >= kLengthBytes) {
    const auto length = length_in(input);
    if (length > frame_bytes_max) return kTooLong;
    if (input.size() - kLengthBytes >= length) {
      const auto frame = input.subspan(kLengthBytes, length);
      input = input.subspan(kLengthBytes + length);
      return std::optional{frame};
    }
  }
  keep(input);
  input = {};
  return std::optional<ByteView>{};
}

Result<std::optional<ByteView>> FrameSplitter::next_kept(ByteView& input,
                                                         std::size_t frame_bytes_max) {
  if (!fill_up_to(kLengthBytes, input)) return std::optional<ByteView>{};
  const auto length = length_in(ByteView{kept_}.subspan(used_));
  if (length > frame_bytes_max) return kTooLong;
  if (!fill_up_to(kLengthBytes + length, input)) return std::optional<ByteView>{};
  const auto frame = ByteView{kept_}.subspan(used_ + kLengthBytes, length);
  used_ += kLengthBytes + length;
  return std::optional{frame};
}

/// False: the input is used up, and still less than `size` bytes are kept.
bool FrameSplitter::fill_up_to(std::size_t size, ByteView& input) {
  if (kept_bytes() < size) {
    const auto part = input.first(std::min(input.size(), size - kept_bytes()));
    keep(part);
    input = input.subspan(part.size());
  }
  return kept_bytes() >= size;
}

void FrameSplitter::keep(ByteView input) {
  // Grows with what has come, by doubling, not with what was announced: who announces a long
  // frame and falls silent costs us nothing.
  if (used_ > 0 && used_ >= kept_bytes()) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
  }
  const auto size = kept_.size();
  if (size + input.size() > kept_.capacity())
    kept_.reserve(std::max(size + input.size(), 2 * size));
  kept_.insert(kept_.end(), input.begin(), input.end());
}

}  // namespace martlet::net
