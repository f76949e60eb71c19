#include "store/rocks/proof_rows.h"

#include <gtest/gtest.h>

namespace martlet::store {
namespace {

HandleProof example_proof() {
  HandleProof proof;
  proof.account = AccountId{{1, 2}};
  proof.handle = "a@b";
  proof.kind = ProofKind::sms_code;
  proof.state = ProofState::waiting;
  proof.tries_left = 5;
  proof.attempts = 0x0102;
  proof.started = unix_millis(3);
  proof.next_attempt = unix_millis(4);
  proof.changed = unix_millis(-1);
  proof.secrets = {{{0xaa}, unix_millis(6)}};
  return proof;
}

TEST(ProofRows, HaveTheBytesOfTheSpecification) {
  const auto proof = example_proof();
  EXPECT_EQ(to_hex(proof_key(proof.account, proof.handle)),
            "01"
            "0102" +
                std::string(60, '0') + "614062");
  EXPECT_EQ(to_hex(proof_row(proof)),
            "01020305"
            "00000102"
            "0000000000000003"
            "0000000000000004"
            "ffffffffffffffff"
            "00000001"
            "aa" +
                std::string(62, '0') + "0000000000000006");
}

TEST(ProofRows, DamageIsCorrupt) {
  const auto proof = example_proof();
  const auto key = proof_key(proof.account, proof.handle);
  const auto row = proof_row(proof);
  ASSERT_TRUE(load_proof(key, row).ok());
  EXPECT_EQ(load_proof(key, row).value(), proof);
  const auto expect_corrupt = [](ByteView bad_key, ByteView bad_row) {
    const auto loaded = load_proof(bad_key, bad_row);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().failure, Failure::corrupt);
  };
  for (std::size_t size = 0; size < row.size(); ++size) {
    SCOPED_TRACE(size);
    expect_corrupt(key, ByteView{row}.first(size));
  }
  for (std::size_t size = 0; size < 33; ++size) expect_corrupt(ByteView{key}.first(size), row);
  expect_corrupt(key, concat({row, Bytes{0}}));
  struct Change {
    const char* name;
    std::size_t at;
    std::uint8_t value;
  };
  const Change changes[] = {{"layout", 0, 2},    {"kind 0", 1, 0},
                            {"kind 4", 1, 4},    {"state 0", 2, 0},
                            {"state 11", 2, 11}, {"four billion secrets", 32, 0xff}};
  for (const auto& [name, at, value] : changes) {
    SCOPED_TRACE(name);
    auto damaged = row;
    damaged[at] = value;
    expect_corrupt(key, damaged);
  }
  auto table = key;
  table[0] = 2;
  expect_corrupt(table, row);
}

}  // namespace
}  // namespace martlet::store
