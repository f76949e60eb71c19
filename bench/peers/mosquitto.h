#pragma once

#include "peer_process.h"
#include "traffic.h"

namespace martlet::bench {

/// Mosquitto (2.0, Debian's) over TLS 1.3 with persistence: QoS 1 both ways, sessions that outlive
/// their connection. A topic for each receiver.
class Mosquitto final : public Courier {
 public:
  Mosquitto(const std::string& folder, std::size_t bytes);

  std::string name() const override { return "mosquitto"; }
  double cpu_seconds() const override { return process_.cpu_seconds(); }
  std::uint64_t pss_bytes() const override { return process_.pss_bytes(); }
  std::unique_ptr<Talker> receiver(std::size_t pair, Tally& tally) override;
  std::unique_ptr<Sender> sender(std::size_t pair, Tally& tally) override;
  std::unique_ptr<Line> idle_line(std::size_t number) override;

 private:
  PeerProcess process_;
  std::size_t bytes_;
  TlsContextPtr context_;
};

}  // namespace martlet::bench
