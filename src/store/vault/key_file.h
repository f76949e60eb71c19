#pragma once

#include <string>

#include "base/random.h"
#include "base/result.h"
#include "store/vault/vault_key.h"

namespace martlet::store {

/// Reads the key of a vault from a file of exactly 32 bytes. Fails with `not_found`, `refused` if
/// anybody but its owner may read or write it or it isn't a plain file, `corrupt` if it has another
/// length, `unavailable`.
Result<VaultKey> load_key(const std::string& path);

/// The same, but a missing file is made, mode 0600, with a key from `random`: entirely and safe
/// from a power cut, or not at all. The caller holds the profile's lock, and has made sure that no
/// vault is there whose key this would have to be.
Result<VaultKey> load_or_create_key(const std::string& path, Random& random);

}  // namespace martlet::store
