#pragma once

#include <span>
#include <vector>

#include "server/messages.h"
#include "store/mailbox_store.h"

namespace martlet::server {

/// Sends that wait for their `Accepted`: until each of their envelopes is durable, or was
/// acknowledged by its device and so never has to be. Owned by the office.
class Acceptances {
 public:
  using Answers = std::vector<OfficeAnswer>;

  /// `places`: where its envelopes are staged, ascending; none: it is accepted at once.
  void add(const OfficeRequest& request, const MessageId& message,
           std::span<const store::Sequence> places, Answers& answers);
  /// What was staged at `place` has been acknowledged.
  void acknowledged(store::Sequence place, Answers& answers);
  /// All that was staged is durable now; or, if the disk did not take it, is refused.
  void settle(bool durable, Answers& answers);

  /// Sends that wait.
  std::size_t waiting() const { return unsettled_; }

 private:
  struct Waiting {
    SessionId session;
    std::uint64_t request = 0;
    std::uint32_t cost = 0;
    std::uint32_t left = 0;  ///< envelopes neither durable nor acknowledged
    MessageId message;
  };
  struct Place {
    store::Sequence sequence = 0;
    std::uint32_t waiting = 0;  ///< index; kSettled: acknowledged
  };
  static constexpr std::uint32_t kSettled = 0xffff'ffff;

  std::vector<Waiting> sends_;
  std::vector<Place> places_;  ///< by sequence
  std::size_t unsettled_ = 0;
};

}  // namespace martlet::server
