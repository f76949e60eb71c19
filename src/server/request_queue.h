#pragma once

#include "server/fair_queue.h"
#include "server/messages.h"

namespace martlet::server {

struct SessionHash {
  std::size_t operator()(const SessionId& id) const {
    return static_cast<std::size_t>(id.serial * 8 + id.reactor);  // serials count up
  }
};

/// What sessions have asked of the office, in the order in which it is fair to serve them: a
/// session that floods waits behind itself, not others behind it.
class RequestQueue {
 public:
  void push(OfficeRequest request) {
    const auto session = request.session;
    const auto cost = kCostOfAny + request.cost;
    queue_.push(session, cost, std::move(request));
  }
  /// Adds the next ones to `batch`, at most `most`.
  void pop(std::size_t most, std::vector<OfficeRequest>& batch) {
    queue_.pop(most, [&](OfficeRequest&& request) { batch.push_back(std::move(request)); });
  }
  std::size_t size() const { return queue_.size(); }
  bool empty() const { return queue_.empty(); }

  /// A turn: some messages of usual length, so that a session's window is served at once.
  static constexpr std::uint32_t kQuantum = 32 * 1024;
  /// What the smallest request costs the office, as bytes.
  static constexpr std::uint32_t kCostOfAny = 512;

 private:
  FairQueue<SessionId, OfficeRequest, SessionHash> queue_{kQuantum};
};

}  // namespace martlet::server
