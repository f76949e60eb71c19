#pragma once

#include "load.h"
#include "report.h"

namespace martlet::bench {

struct StageOptions {
  std::size_t pairs = 50;
  std::size_t window = 16;
  std::size_t bytes = 1'024;
  std::size_t idle = 0;  ///< connections beside the pairs that say nothing
  std::string data;
};

/// A martletd with pairs of devices that are logged in, and idle ones beside them. Costs nothing
/// while it is not measured. Owned by one thread.
class Stage {
 public:
  explicit Stage(const StageOptions& options);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Full windows: what a message costs.
  Json measure_cost(double warm_up_seconds, double seconds);
  /// A rate that others set: how long messages take.
  Json measure_latency(double messages_a_second, double warm_up_seconds, double seconds);
  /// After everything was acknowledged: 0, or something is lost or kept for ever.
  std::uint64_t left_in_mailboxes();

 private:
  void wake();
  Json measure(double warm_up_seconds, double seconds);

  StageOptions options_;
  ServerUnderLoad server_;
  std::vector<server::TestDevice> devices_;
  net::Reactor reactor_;
  Load load_;
  std::deque<Member> members_;
};

}  // namespace martlet::bench
