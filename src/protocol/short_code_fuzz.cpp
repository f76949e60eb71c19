#include "base/check.h"
#include "base/seeded_random.h"
#include "protocol/short_code.h"

/// No message of the other side crashes either role, and no MAC of a stranger is taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::protocol;
  SeededRandom random{1};
  const ByteView bytes{data, size};
  ShortCodeA a{ShortCodePurpose::linking, crypto::X25519Key::create(random), {}, {}};
  if (a.on_answer(bytes).ok()) CHECK(!a.on_mac(bytes).ok());
  const auto key = crypto::X25519Key::create(random);
  ShortCodeB b{ShortCodePurpose::linking, key, {}, {}};
  if (b.on_commit(bytes).ok()) CHECK(!b.on_reveal(bytes).ok());
  return 0;
}
