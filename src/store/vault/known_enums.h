#pragma once

#include "store/vault_records.h"

namespace martlet::store {

/// Whether a stored number is one of ours; Statement asks it for each enum that it reads.
constexpr bool is_known(MessageState value) {
  return value >= MessageState::queued && value <= MessageState::received;
}
constexpr bool is_known(FailureReason value) { return value <= FailureReason::suspended; }
constexpr bool is_known(OutboxKind value) {
  return value >= OutboxKind::text && value <= OutboxKind::again;
}
constexpr bool is_known(DeliveryState value) {
  return value >= DeliveryState::sent && value <= DeliveryState::expired;
}
constexpr bool is_known(EventKind value) {
  return value >= EventKind::message && value <= EventKind::handle;
}

}  // namespace martlet::store
