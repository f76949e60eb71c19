#include "base/check.h"
#include "server/proof_codes.h"

/// No text that a phone sends crashes the parser, and a code that is found is found in itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const auto text = text_of({data, size});
  if (const auto code = server::inbound_code_in(text)) {
    CHECK(server::inbound_code_in(*code) == code);
    CHECK(server::hash_of_inbound(*code) == server::hash_of_inbound(std::string{text}));
  }
  return 0;
}
