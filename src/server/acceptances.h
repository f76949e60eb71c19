#pragma once

#include <span>
#include <vector>

#include "server/messages.h"
#include "store/mailbox_store.h"

namespace martlet::server {

/// Sends that wait for their `Accepted`: until each of their envelopes is durable, or was
/// acknowledged by its device and so never has to be. Some are on their way to the disk, the others
/// come with the next batch. Owned by the office.
class Acceptances {
 public:
  using Answers = std::vector<OfficeAnswer>;

  /// `places`: where its envelopes are staged, ascending; none: it is accepted at once.
  void add(const OfficeRequest& request, const MessageId& message,
           std::span<const store::Sequence> places, Answers& answers);
  /// What was staged at `place` has been acknowledged.
  void acknowledged(store::Sequence place, Answers& answers);
  /// The batch goes to the disk; what is added from now on belongs to the next. At most one is on
  /// its way.
  void depart();
  /// It has arrived.
  void arrive(Answers& answers);
  /// All that waits is refused: the disk did not take it.
  void refuse(Answers& answers);

  /// Sends that wait for the next batch to depart.
  std::size_t waiting() const { return staged_.unsettled; }

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

  struct Batch {
    std::vector<Waiting> sends;
    std::vector<Place> places;  ///< by sequence
    std::size_t unsettled = 0;
    void acknowledged(store::Sequence place, Answers& answers);
    void settle(bool durable, Answers& answers);
  };

  Batch staged_;
  Batch departed_;
};

}  // namespace martlet::server
