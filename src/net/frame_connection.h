#pragma once

#include "net/frame_splitter.h"
#include "net/stream.h"

namespace martlet::net {

/// Frames on a stream: cuts what comes for the handler, puts lengths before what it sends.
class FrameUser final : public StreamUser, public FrameConnection {
 public:
  FrameUser(Stream& stream, std::unique_ptr<FrameHandler> handler, std::size_t frame_bytes_max)
      : stream_{stream}, handler_{std::move(handler)}, frame_bytes_max_{frame_bytes_max} {}

  void on_established(const Established& established) override;
  void on_bytes(ByteView bytes) override;
  void on_resumed() override;
  void on_silence() override;
  void on_gone(CloseReason reason) override;

  void send(ByteView frame) override;
  std::size_t queued_bytes() const override { return stream_.queued_bytes(); }
  void set_frame_bytes_max(std::size_t bytes) override { frame_bytes_max_ = bytes; }
  void pause_reading() override { stream_.pause_reading(); }
  void resume_reading() override { stream_.resume_reading(); }
  void close() override { stream_.close_after_sending(CloseReason::local); }

 private:
  Stream& stream_;
  std::unique_ptr<FrameHandler> handler_;
  FrameSplitter splitter_;
  std::size_t frame_bytes_max_;
};

}  // namespace martlet::net
