#include "base/check.h"
#include "store/rocks/proof_rows.h"

/// No row crashes its loader, and what loads encodes back to the same bytes. The first byte is how
/// much of the rest is the key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::store;
  if (size == 0) return 0;
  const ByteView rest{data + 1, size - 1};
  const auto key = rest.first(std::min<std::size_t>(data[0], rest.size()));
  const auto row = rest.subspan(key.size());
  if (const auto proof = load_proof(key, row); proof.ok()) {
    CHECK(equal(proof_key(proof.value().account, proof.value().handle), key));
    CHECK(equal(proof_row(proof.value()), row));
  }
  return 0;
}
