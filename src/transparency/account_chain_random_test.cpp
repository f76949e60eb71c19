#include <gtest/gtest.h>

#include "base/seeded_random.h"
#include "transparency/chain_model.h"

namespace martlet::transparency {
namespace {

constexpr std::uint64_t kSeeds = 40;
constexpr unsigned kSteps = 60;

struct Walk {
  ChainWorld world;
  ChainModel model;
  std::map<ChainFault, unsigned> faults;
  std::map<LinkType, unsigned> accepted;
};

ChainStep random_step(Random& random) {
  std::array<std::uint8_t, 8> bytes;
  random.fill(bytes);
  auto step = ChainStep::from(bytes);
  if (random.below(2) == 0) step.signer %= 4;  // small numbers are more often in the chain
  if (step.type == LinkType::retire && random.below(8) != 0) step.type = LinkType::add;
  return step;
}

/// Random steps, legal and not; the chain and the model must agree on each.
Walk walk(std::uint64_t seed) {
  SeededRandom random{seed};
  const auto recovery = random.below(2) == 0 ? std::optional<unsigned>{} : std::optional{0U};
  Walk walk{ChainWorld{recovery}, ChainModel{recovery}, {}, {}};
  for (unsigned i = 0; i < kSteps; ++i) {
    const auto step = random_step(random);
    const auto before = state_of(walk.world.chain);
    const auto expected = walk.model.predict(step);
    const auto verdict = walk.world.append(build(step, walk.model, walk.world));
    EXPECT_EQ(verdict.ok(), !expected.has_value()) << "step " << i;
    if (expected) {
      EXPECT_STREQ(verdict.ok() ? "ok" : name_of(verdict.error()), name_of(*expected))
          << "step " << i;
      EXPECT_EQ(state_of(walk.world.chain), before);
      ++walk.faults[*expected];
    } else {
      walk.model.apply(step);
      ++walk.accepted[step.type];
    }
    EXPECT_TRUE(walk.model.agrees_with(walk.world.chain, walk.world.keys)) << "step " << i;
  }
  return walk;
}

TEST(AccountChainRandom, AgreesWithTheModelOnLegalAndIllegalLinks) {
  std::map<ChainFault, unsigned> faults;
  std::map<LinkType, unsigned> accepted;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const auto done = walk(seed);
    for (const auto& [fault, count] : done.faults) faults[fault] += count;
    for (const auto& [type, count] : done.accepted) accepted[type] += count;
    if (HasFailure()) return;
  }
  // The walk is worth something only if it came everywhere.
  for (const auto fault :
       {ChainFault::place, ChainFault::signer, ChainFault::signature, ChainFault::accept}) {
    EXPECT_GT(faults[fault], 0U) << name_of(fault);
  }
  for (std::uint8_t type = 2; type <= 7; ++type) {
    EXPECT_GT(accepted[LinkType{type}], 0U) << "type " << int{type};
  }
}

/// One change to a legal chain; the last link stays, so no change is a mere older chain.
std::vector<Bytes> mutated(std::vector<Bytes> links, Random& random,
                           const std::vector<Bytes>& other) {
  const auto at = random.below(links.size() - 1);
  const auto link = links.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random.below(6)) {
    case 0: {
      auto& any = links[random.below(links.size())];
      any[random.below(any.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
      break;
    }
    case 1: {
      auto& any = links[random.below(links.size())];
      any.resize(random.below(any.size()));
      break;
    }
    case 2:
      links.erase(link);
      break;
    case 3:
      std::iter_swap(link, link + 1);
      break;
    case 4:
      links.insert(link, Bytes(*link));
      break;
    default:
      *link = other[random.below(other.size())];
      break;
  }
  return links;
}

TEST(AccountChainRandom, OneMutationOfALegalChainIsRefused) {
  // Chains of equal genesis links differ by their recovery key only: links of one do not fit the
  // other.
  ChainWorld foreign{3U};
  for (unsigned i = 0; i < 4; ++i) foreign.grow(VetoBody{}, foreign.device(0));
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const auto world = walk(seed).world;
    if (world.links.size() < 2) continue;
    const auto whole = AccountChain::verify(world.links, world.chain.account(), world.chain.pin());
    ASSERT_TRUE(whole.ok());
    EXPECT_EQ(state_of(whole.value()), state_of(world.chain));
    SeededRandom random{1'000 + seed};
    for (unsigned i = 0; i < 25; ++i) {
      const auto links = mutated(world.links, random, foreign.links);
      ASSERT_FALSE(AccountChain::verify(links, {}, {}).ok()) << "mutation " << i;
    }
    // Cut at the end it is a legal chain, but an older one.
    const std::span shorter{world.links.data(), world.links.size() - 1};
    EXPECT_TRUE(AccountChain::verify(shorter, {}, {}).ok());
    EXPECT_EQ(AccountChain::verify(shorter, {}, world.chain.pin()).error(), ChainFault::rollback);
  }
}

}  // namespace
}  // namespace martlet::transparency
