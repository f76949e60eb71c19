#pragma once

#include <optional>

#include "base/bytes.h"

namespace martlet::net {

/// Cuts a stream into frames (spec/wire.md): 4 bytes of length, big-endian, and that many bytes.
/// Whole frames are seen where they lie in the input; only what is cut short is copied. Between
/// frames it holds no memory. Pure, for one thread.
class FrameSplitter {
 public:
  /// The next frame without its length, or none when all of `input` is used up and more is needed.
  /// Takes what it uses off the front of `input`, which holds the bytes that follow those of
  /// earlier calls. The view lives until the next call, or as long as the input.
  /// Fails with `limit_reached` if a frame announces more than `frame_bytes_max`: before anything
  /// is allocated for it; the stream is of no use afterwards.
  Result<std::optional<ByteView>> next(ByteView& input, std::size_t frame_bytes_max);

  /// Puts aside input that cannot be served now, for later calls of next().
  void keep(ByteView input);

  std::size_t kept_bytes() const { return kept_.size() - used_; }

 private:
  Result<std::optional<ByteView>> next_kept(ByteView& input, std::size_t frame_bytes_max);
  bool fill_up_to(std::size_t size, ByteView& input);

  Bytes kept_;  ///< begins with the rest of a stream once `used_` bytes are taken off
  std::size_t used_ = 0;
};

}  // namespace martlet::net
