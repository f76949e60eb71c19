#include "server/office_meters.h"

#include <utility>

#include "server/office.h"

namespace martlet::server {

void Office::meter_staged() {
  for (const auto& [sequence, item] : fresh_) {
    ++staged_taken_.envelopes;
    staged_taken_.bytes += item.sealed.size();
  }
}

void Office::meter_departure() {
  departed_at_ = options_.stopwatch();
  departed_taken_ = std::exchange(staged_taken_, {});
  if (acceptances_.waiting() > 0) meters_.sync_sends.observe(acceptances_.waiting());
}

void Office::meter_arrival(bool ok, std::size_t sends) {
  meters_.sync_us.observe(options_.stopwatch() - departed_at_);
  (ok ? meters_.syncs : meters_.failed_syncs).add();
  (ok ? meters_.accepted_sends : meters_.refused_sends).add(sends);
  const auto taken = std::exchange(departed_taken_, {});
  if (ok) {
    meters_.accepted_envelopes.add(taken.envelopes);
    meters_.accepted_bytes.add(taken.bytes);
  } else {
    // What was acknowledged before the disk refused counts as a Send alone: that is rare.
    staged_taken_ = {};
  }
  meter_levels();
}

void Office::meter_levels() {
  const auto waiting = mailboxes_.total();
  meters_.waiting_items.set(waiting.items);
  meters_.waiting_bytes.set(waiting.bytes);
  meters_.online.set(deliveries_.online());
  if (acceptances_.waiting() > 0) return;
  // All of it was acknowledged, and never has to depart.
  const auto taken = std::exchange(staged_taken_, {});
  meters_.accepted_envelopes.add(taken.envelopes);
  meters_.accepted_bytes.add(taken.bytes);
}

}  // namespace martlet::server
