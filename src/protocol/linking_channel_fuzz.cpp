#include "base/check.h"
#include "base/seeded_random.h"
#include "protocol/linking_channel.h"

/// No bytes of a stranger are opened or move the channel, and what was sealed still opens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using protocol::LinkingChannel;
  SeededRandom random{1};
  const auto newcomer = crypto::X25519Key::create(random);
  const auto approver = crypto::X25519Key::create(random);
  const auto shared = newcomer.agree(approver.public_key()).take();
  const Bytes secret(16, 7);
  const LinkingChannel::Roots roots{secret, shared, newcomer.public_key(), approver.public_key(),
                                    Digest{}};
  LinkingChannel n{LinkingChannel::Side::newcomer, roots};
  LinkingChannel a{LinkingChannel::Side::approver, roots};
  CHECK(!n.open({data, size}).ok());
  const auto opened = n.open(a.seal({data, size}));
  CHECK(opened.ok() && equal(opened.value().reveal(), {data, size}));
  return 0;
}
