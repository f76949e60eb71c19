#include "server/proof_codes.h"

#include <gtest/gtest.h>

#include <set>

#include "base/seeded_random.h"
#include "server/handle_limits.h"

namespace martlet::server {
namespace {

using store::HandleProof;
using store::ProofKind;

HandleProof proof_of(ProofKind kind) {
  HandleProof proof;
  proof.account = AccountId{{1}};
  proof.handle = "+15550100";
  proof.kind = kind;
  proof.started = unix_millis(7);
  return proof;
}

TEST(ProofCodes, HaveTheirShapesAndDoNotRepeat) {
  SeededRandom random{1};
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto token = make_proof_secret(ProofKind::mail_link, random);
    EXPECT_EQ(from_base64url(token).value().size(), handle_limits::kMailTokenBytes);
    EXPECT_TRUE(seen.insert(token).second);
    const auto text = make_proof_secret(ProofKind::inbound_sms, random);
    EXPECT_EQ(text.size(), 2 + handle_limits::kInboundCodeCharacters + 1);
    EXPECT_EQ(inbound_code_in(text).value().size(), 1 + handle_limits::kInboundCodeCharacters);
    EXPECT_TRUE(seen.insert(text).second);
    const auto code = make_proof_secret(ProofKind::sms_code, random);
    EXPECT_EQ(code.size(), handle_limits::kSmsCodeDigits);
    EXPECT_EQ(code.find_first_not_of("0123456789"), std::string::npos);
  }
}

TEST(ProofCodes, ACodeIsForOneProofOnly) {
  const auto proof = proof_of(ProofKind::sms_code);
  const auto hash = hash_of_secret(proof, "123456");
  EXPECT_EQ(hash_of_secret(proof, "123456"), hash);
  EXPECT_NE(hash_of_secret(proof, "123457"), hash);
  struct Case {
    const char* name;
    void (*change)(HandleProof& proof);
  };
  const Case cases[] = {
      {"account", [](HandleProof& p) { p.account = AccountId{{2}}; }},
      {"handle", [](HandleProof& p) { p.handle = "+15550101"; }},
      {"when", [](HandleProof& p) { p.started = unix_millis(8); }},
      {"kind", [](HandleProof& p) { p.kind = ProofKind::mail_link; }},
      {"the other kind", [](HandleProof& p) { p.kind = ProofKind::inbound_sms; }},
  };
  for (const auto& [name, change] : cases) {
    auto other = proof;
    change(other);
    EXPECT_NE(hash_of_secret(other, "123456"), hash) << name;
  }
}

TEST(ProofCodes, FindTheCodeThatAPhoneSends) {
  struct Case {
    const char* text;
    const char* code;  ///< null: there is none
  };
  const Case cases[] = {
      {"M-7K2QX-ABCDE", "M7K2QXABCDE"},
      {" m-7k2qx-abcde\r\n", "M7K2QXABCDE"},
      {"M7K2QXABCDE", "M7K2QXABCDE"},
      {"M 7K2QX ABCDE", "M7K2QXABCDE"},
      {"", nullptr},
      {"M-7K2QX-ABCD", nullptr},
      {"M-7K2QX-ABCDEF", nullptr},
      {"N-7K2QX-ABCDE", nullptr},
      {"M-7K2QX-ABCD1", nullptr},
      {"M-7K2QX-ABCDE STOP", nullptr},
      {"M-7K2QX-ABCD\xc3\xa9", nullptr},
  };
  for (const auto& [text, code] : cases) {
    const auto found = inbound_code_in(text);
    EXPECT_EQ(found.has_value(), code != nullptr) << text;
    if (found && code != nullptr) {
      EXPECT_EQ(*found, code);
    }
  }
  EXPECT_EQ(hash_of_inbound("M-7K2QX-ABCDE"), hash_of_inbound("m7k2qxabcde"));
  EXPECT_NE(hash_of_inbound("M-7K2QX-ABCDE"), hash_of_inbound("M-7K2QX-ABCDF"));
}

}  // namespace
}  // namespace martlet::server
