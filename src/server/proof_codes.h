#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "store/proof_store.h"

/// What proves a handle: made here, told to whoever is to show it, and kept as a hash only
/// (spec/handles.md section 4).
namespace martlet::server {

/// A link's token (base64url), six digits, or `M-` and ten characters of base32 in two groups.
std::string make_proof_secret(store::ProofKind kind, Random& random);

/// The hash that is kept. A code of six digits is hashed with whom it was made for; that hides it
/// from a glance only, its few minutes and tries are what protects it.
Digest hash_of_secret(const store::HandleProof& proof, const std::string& secret);
/// Of a link's token, which alone names its proof.
Digest hash_of_token(const std::string& token);
/// Of an inbound text, which alone names its proof.
Digest hash_of_inbound(const std::string& text);

/// The code that a text is, as people and phones send it: blanks, hyphens and case do not count.
/// Nothing: it is none, or more than one.
std::optional<std::string> inbound_code_in(std::string_view text);

Milliseconds lifetime_of(store::ProofKind kind);

}  // namespace martlet::server
