#include "base/reader.h"
#include "transparency/chain_model.h"

namespace martlet::transparency {
namespace {

/// The input as steps of well-formed links: the chain and the model give the same verdict, and a
/// refused link changes nothing.
void walk(ByteView input) {
  constexpr std::size_t kStep = 8;
  constexpr std::size_t kStepsMax = 64;
  const std::optional<unsigned> recovery = input[0] % 2 == 0 ? std::nullopt : std::optional{0U};
  ChainWorld world{recovery};
  ChainModel model{recovery};
  input = input.subspan(1);
  for (std::size_t i = 0; i < kStepsMax && input.size() >= kStep;
       ++i, input = input.subspan(kStep)) {
    const auto step = ChainStep::from(input.first<kStep>());
    const auto before = state_of(world.chain);
    const auto verdict = world.append(build(step, model, world));
    const auto fault = model.predict(step);
    CHECK(verdict.ok() == !fault.has_value());
    if (fault) {
      CHECK(verdict.error() == *fault);
      CHECK(state_of(world.chain) == before);
    } else {
      model.apply(step);
    }
    CHECK(model.agrees_with(world.chain, world.keys));
  }
}

/// The input as raw links, each with a length in front.
void verify_raw(ByteView input) {
  Reader in{input};
  std::vector<Bytes> links;
  while (links.size() < 16) {
    const auto link = in.prefixed_u16();
    if (!link.ok()) break;
    links.push_back(copy_of(link.value()));
  }
  const auto chain = AccountChain::verify(links, std::nullopt, std::nullopt);
  CHECK(!chain.ok() || chain.value().seqno() + 1 == links.size());
}

}  // namespace
}  // namespace martlet::transparency

/// The first byte chooses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet::transparency;
  if (size < 2) return 0;
  const martlet::ByteView input{data, size};
  input[0] % 2 == 0 ? walk(input.subspan(1)) : verify_raw(input.subspan(1));
  return 0;
}
