#pragma once

#include "peer_process.h"
#include "traffic.h"

namespace martlet::bench {

/// nats-server (2.9, Debian's) with JetStream over TLS: one stream in files, a work queue; each
/// message is answered when the stream has it, pushed to its receiver's durable consumer,
/// acknowledged one by one, and then dropped by the stream.
class Nats final : public Courier {
 public:
  Nats(const std::string& folder, std::size_t bytes);

  std::string name() const override { return "nats"; }
  double cpu_seconds() const override { return process_.cpu_seconds(); }
  std::uint64_t pss_bytes() const override { return process_.pss_bytes(); }
  std::unique_ptr<Talker> receiver(std::size_t pair, Tally& tally) override;
  std::unique_ptr<Sender> sender(std::size_t pair, Tally& tally) override;
  std::unique_ptr<Line> idle_line(std::size_t number) override;

 private:
  std::unique_ptr<Line> line();

  PeerProcess process_;
  std::size_t bytes_;
  TlsContextPtr context_;
};

}  // namespace martlet::bench
