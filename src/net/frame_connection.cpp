#include "net/frame_connection.h"

#include "base/check.h"
#include "base/limits.h"

namespace martlet::net {

const char* name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::local:
      return "local";
    case CloseReason::peer:
      return "peer";
    case CloseReason::unresolved:
      return "unresolved";
    case CloseReason::unreachable:
      return "unreachable";
    case CloseReason::timed_out:
      return "timed_out";
    case CloseReason::idle:
      return "idle";
    case CloseReason::slow:
      return "slow";
    case CloseReason::frame_too_large:
      return "frame_too_large";
    case CloseReason::wrong_fingerprint:
      return "wrong_fingerprint";
    case CloseReason::untrusted:
      return "untrusted";
    case CloseReason::tls:
      return "tls";
    case CloseReason::out_of_resources:
      return "out_of_resources";
  }
  return "unknown";
}

void FrameUser::on_established(const Established& established) {
  handler_->on_open(*this, established);
}

void FrameUser::on_bytes(ByteView bytes) {
  while (stream_.is_reading()) {
    const auto frame = splitter_.next(bytes, frame_bytes_max_);
    if (!frame.ok()) return stream_.close_now(CloseReason::frame_too_large);
    if (!frame.value().has_value()) return;
    handler_->on_frame(*frame.value());
  }
  splitter_.keep(bytes);
}

void FrameUser::on_resumed() { on_bytes({}); }

void FrameUser::on_silence() { stream_.close_now(CloseReason::idle); }

void FrameUser::on_gone(CloseReason reason) { handler_->on_closed(reason); }

void FrameUser::send(ByteView frame) {
  CHECK(frame.size() <= limits::kFrameBytesMax);
  const auto size = static_cast<std::uint32_t>(frame.size());
  const std::array<std::uint8_t, 4> length{
      static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
      static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  stream_.write(length, frame);
}

}  // namespace martlet::net
