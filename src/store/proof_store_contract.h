#pragma once

// What every ProofStore engine must do. An engine's test includes this file, wraps its disk in a
// ProofDisk and instantiates ProofStoreContract:
//   INSTANTIATE_TEST_SUITE_P(Memory, ProofStoreContract, ::testing::Values(&make_disk));

#include "store/proof_store.h"
#include "store/server_store_contract.h"

namespace martlet::store::server_contract {

using ProofDisk = Disk<ProofStore>;
using MakeProofDisk = std::unique_ptr<ProofDisk> (*)();
using Proofs = std::vector<HandleProof>;

/// Every field is another for another number.
inline HandleProof proof(std::uint8_t number) {
  HandleProof proof;
  proof.account = id_of<AccountId>(number / 2);
  proof.handle = "h" + std::to_string(number) + "@example.org";
  proof.kind = static_cast<ProofKind>(1 + number % 3);
  proof.state = static_cast<ProofState>(1 + number % 10);
  proof.tries_left = number;
  proof.attempts = 1'000'000U + number;
  proof.started = unix_millis(1'800'000'000'000 + number);
  proof.next_attempt = unix_millis(1'900'000'000'000 + number);
  proof.changed = unix_millis(2'000'000'000'000 + number);
  for (std::uint8_t i = 0; i < number % 4; ++i) {
    proof.secrets.push_back({{number, i}, unix_millis(2'100'000'000'000 + i)});
  }
  return proof;
}

class ProofStoreContract : public ::testing::TestWithParam<MakeProofDisk> {
 protected:
  static constexpr int kSteps = 5;

  void SetUp() override { open(); }
  void open() {
    const auto opened = disk_->open();
    if (opened.ok()) return;
    EXPECT_EQ(opened.error().failure, Failure::unavailable) << opened.error().reason.text;
    EXPECT_TRUE(disk_->has_failed());
    expect_ok(disk_->open());  // the disk answers again
  }
  ProofStore& store() { return disk_->store(); }
  Proofs all() { return value_of(store().all()); }

  static HandleProof later() {
    auto changed = proof(2);
    changed.state = ProofState::confirmed;
    changed.secrets.assign(40, {{7}, unix_millis(0)});
    return changed;
  }
  Result<void> write(int step) {
    switch (step) {
      case 0:
        return store().put(proof(2));
      case 1:
        return store().put(proof(3));
      case 2:
        return store().put(later());
      case 3:
        return store().remove(proof(3).account, proof(3).handle);
      default:
        return store().put(proof(3));
    }
  }
  /// What the first `steps` writes leave.
  static Proofs state(int steps) {
    const Proofs states[] = {
        {}, {proof(2)}, {proof(2), proof(3)}, {later(), proof(3)}, {later()}, {later(), proof(3)}};
    return states[steps];
  }

  void run_step(int step, AfterFailure after) {
    for (int tries = 0; tries < 3; ++tries) {
      const auto answer = write(step);
      if (answer.ok()) {
        EXPECT_EQ(all(), state(step + 1));
        return;
      }
      EXPECT_EQ(answer.error().failure, Failure::unavailable) << answer.error().reason.text;
      EXPECT_TRUE(disk_->has_failed());
      if (after == AfterFailure::kill) open();
      const bool done = all() == state(step + 1);
      EXPECT_EQ(all(), state(done ? step + 1 : step));  // all of it or nothing
      if (done || HasFailure()) return;
    }
    FAIL() << "the store did not mend itself";
  }
  void fail_each_write(WriteFault fault, AfterFailure after) {
    std::size_t number = 0;
    for (;; ++number) {
      SCOPED_TRACE("failing write " + std::to_string(number));
      disk_ = GetParam()();
      disk_->fail_write(number, fault);
      open();
      for (int step = 0; step < kSteps && !HasFailure(); ++step) run_step(step, after);
      open();
      EXPECT_EQ(all(), state(kSteps));
      if (HasFailure() || !disk_->has_failed()) break;
    }
    EXPECT_GE(number, static_cast<std::size_t>(kSteps));  // or the engine did not ask
  }

  std::unique_ptr<ProofDisk> disk_ = GetParam()();
};

TEST_P(ProofStoreContract, KeepsWhatIsPutOverAKill) {
  EXPECT_EQ(all(), Proofs{});
  Proofs expected;
  for (std::uint8_t number = 1; number < 40; ++number) {
    expected.push_back(proof(number));
    expect_ok(store().put(expected.back()));
  }
  std::ranges::sort(expected, {}, [](const auto& one) {
    return std::pair{one.account, one.handle};
  });
  EXPECT_EQ(all(), expected);
  open();
  EXPECT_EQ(all(), expected);
}

TEST_P(ProofStoreContract, ReplacesAndRemovesOneOnly) {
  for (int step = 0; step < kSteps; ++step) {
    expect_ok(write(step));
    EXPECT_EQ(all(), state(step + 1));
  }
  expect_ok(store().remove(proof(3).account, proof(2).handle + "x"));
  expect_ok(store().remove(id_of<AccountId>(99), proof(3).handle));
  open();
  EXPECT_EQ(all(), state(kSteps));
}

TEST_P(ProofStoreContract, EachWriteLostThenCarryOn) {
  fail_each_write(WriteFault::lost, AfterFailure::carry_on);
}
TEST_P(ProofStoreContract, EachWriteLostThenKilled) {
  fail_each_write(WriteFault::lost, AfterFailure::kill);
}
TEST_P(ProofStoreContract, EachAnswerLostThenCarryOn) {
  fail_each_write(WriteFault::written, AfterFailure::carry_on);
}
TEST_P(ProofStoreContract, EachAnswerLostThenKilled) {
  fail_each_write(WriteFault::written, AfterFailure::kill);
}

}  // namespace martlet::store::server_contract
