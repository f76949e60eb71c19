#pragma once

#include <vector>

#include "server/test_device.h"
#include "server_under_load.h"
#include "traffic.h"
#include "wire/frames.h"

namespace martlet::bench {

/// A Send to one device, encoded once: id and time are written over it for each message. Envelopes
/// are opaque bytes: sealing is the devices' work, and has a benchmark of its own.
class SendFrame {
 public:
  SendFrame(const server::TestDevice& recipient, std::size_t bytes);
  /// Appends it to `out`; the content begins with `due`.
  void write(Bytes& out, const MessageId& message, std::int64_t due);

 private:
  Bytes frame_;  ///< with its length
  std::size_t message_at_;
  std::size_t content_at_;
};

/// The id of a message that was due then; `number` tells those of one moment apart.
MessageId id_of(std::int64_t due, std::uint64_t number);

/// The frames of martlet/1 on a line of the load.
class MartletTalker : public Sender {
 public:
  /// Logs `device` in.
  MartletTalker(std::unique_ptr<Line> line, const server::TestDevice& device);

  std::size_t take(ByteView bytes) override;
  void end_turn() override;  ///< one Acknowledge for all that the turn brought

  virtual void on_accepted(const MessageId& message) = 0;
  virtual void on_delivered(const MessageId& message, ByteView sealed) = 0;

 private:
  void take_frame(ByteView bytes);

  std::vector<wire::Sequence> to_acknowledge_;
};

/// A real martletd with enrolled devices: pair i is devices 2i (sends) and 2i + 1 (receives).
class MartletCourier final : public Courier {
 public:
  /// Enrols so many devices. `folder`: where the data folder is made.
  MartletCourier(const std::string& folder, std::size_t devices, std::size_t bytes);

  std::string name() const override { return "martletd"; }
  double cpu_seconds() const override { return server_.cpu_seconds(); }
  std::uint64_t pss_bytes() const override { return server_.pss_bytes(); }
  std::unique_ptr<Talker> receiver(std::size_t pair, Tally& tally) override;
  std::unique_ptr<Sender> sender(std::size_t pair, Tally& tally) override;
  std::unique_ptr<Line> idle_line(std::size_t number) override;

 private:
  std::unique_ptr<Line> line();

  ServerUnderLoad server_;
  std::size_t bytes_;
  std::vector<server::TestDevice> devices_;
  TlsContextPtr context_;
};

}  // namespace martlet::bench
