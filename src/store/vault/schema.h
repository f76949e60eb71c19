#pragma once

#include <span>

#include "store/vault/database.h"

namespace martlet::store {

/// Step i brings a vault from version i to i + 1; none is ever changed once released, a new one is
/// added behind (spec/vault.md says what each version holds). A new vault runs them all.
std::span<const Literal> schema_steps();

/// Brings the vault to the last version, in one transaction. Fails with `refused` if a newer
/// program wrote it, and as Database does; then nothing changed.
Result<void> migrate(Database& database, std::span<const Literal> steps);

}  // namespace martlet::store
