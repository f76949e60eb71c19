#pragma once

#include <vector>

#include "store/directory_store.h"
#include "wire/frames.h"

/// Links that make an account's chain grow (spec/wire.md section 4).
namespace martlet::server {

struct ChainGrowth {
  wire::Appended appended;
  std::vector<DeviceId> present;  ///< in the chain now; none if the link was there before
  std::vector<DeviceId> left;     ///< by this link
};

/// Verifies a link against the account's chain and adds it, durably. Whoever brings it: the link
/// says who signed it. One that is in the chain already gets the answer that it got then. Refuses
/// with unknown_account, chain_moved (it builds on another head), chain_refused, not_authenticated
/// (the account is suspended) or unavailable.
Result<ChainGrowth, wire::RefusalCode> append_link(store::DirectoryStore& directory,
                                                   const wire::AppendLink& request);

}  // namespace martlet::server
