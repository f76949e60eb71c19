#pragma once

#include "store/proof_store.h"

/// The rows of the proofs' database, spec/mailbox-rocks.md. A row begins with its layout's version.
/// Loading fails with `corrupt`; what loads encodes back to the same bytes.
namespace martlet::store {

Bytes proof_key(const AccountId& account, const std::string& handle);
Bytes proof_row(const HandleProof& proof);
Result<HandleProof> load_proof(ByteView key, ByteView row);

}  // namespace martlet::store
