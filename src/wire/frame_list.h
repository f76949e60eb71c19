#pragma once

#include "wire/hot_frames.h"

namespace martlet::wire {

/// Encoded frames, one behind the other in memory that clear() keeps. Views of them live until the
/// next add() or clear().
class FrameList {
 public:
  void add(const Frame& frame) {
    const auto encoded = encode(frame);
    bytes_.insert(bytes_.end(), encoded.begin(), encoded.end());
    ends_.push_back(bytes_.size());
  }
  /// For the two that a server sends with every message.
  template <class HotBody>
  void add_hot(std::uint64_t request, const HotBody& body) {
    append_frame(bytes_, request, body);
    ends_.push_back(bytes_.size());
  }

  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  ByteView operator[](std::size_t index) const {
    const auto begin = index == 0 ? 0 : ends_[index - 1];
    return ByteView{bytes_}.subspan(begin, ends_[index] - begin);
  }
  void clear() {
    bytes_.clear();
    ends_.clear();
    if (bytes_.capacity() > kKeptBytesMax) Bytes{}.swap(bytes_);
  }

 private:
  static constexpr std::size_t kKeptBytesMax = 64 * 1024;
  Bytes bytes_;
  std::vector<std::size_t> ends_;
};

}  // namespace martlet::wire
