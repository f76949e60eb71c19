#include "transparency/recovery_words.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"
#include "crypto/hash.h"
#include "transparency/recovery_word_list.h"

namespace martlet::transparency {
namespace {

using Kind = RecoveryWordsFault::Kind;

RecoveryEntropy entropy_of(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  return RecoveryEntropy{[&](auto out) { std::ranges::copy(bytes, out.begin()); }};
}
std::string text_of(const RecoveryEntropy& entropy) {
  const auto words = recovery_words(entropy);
  return {words.reveal().begin(), words.reveal().end()};
}
std::string repeated(const std::string& word, int times, const std::string& last) {
  std::string text;
  for (int i = 0; i < times; ++i) text += word + " ";
  return text + last;
}
std::string hex_repeated(const std::string& byte) {
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += byte;
  return hex;
}

TEST(RecoveryWords, ListIsThatOfBip39) {
  std::string lines;
  for (const auto word : recovery_word_list) lines += std::string{word} + "\n";
  EXPECT_EQ(to_hex(crypto::sha256(bytes_of(lines))),
            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
  EXPECT_TRUE(std::ranges::is_sorted(recovery_word_list));
}

struct Known {
  std::string entropy;
  std::string words;
};
/// Test vectors of BIP-39 (python-mnemonic, vectors.json).
const Known kKnown[] = {
    {hex_repeated("00"), repeated("abandon", 23, "art")},
    {hex_repeated("ff"), repeated("zoo", 23, "vote")},
    {hex_repeated("7f"),
     "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth "
     "useful legal winner thank year wave sausage worth title"},
    {hex_repeated("80"),
     "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount "
     "doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless"},
    {"68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
     "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy "
     "gospel tennis maple dilemma loan word shrug inflict delay length"},
};

TEST(RecoveryWords, KnownAnswersBothWays) {
  for (const auto& known : kKnown) {
    EXPECT_EQ(text_of(entropy_of(known.entropy)), known.words);
    const auto parsed = parse_recovery_words(known.words);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(to_hex(parsed.value().reveal()), known.entropy);
  }
}

TEST(RecoveryWords, SeedAndKeyAreThoseOfTheSpecification) {
  const auto entropy =
      entropy_of("8a6a46594ad286cb6c2960b5932e66aa95336bc5a3666ce14d14eef199cfc78b");
  const auto seed = recovery_seed_of(entropy);
  EXPECT_EQ(to_hex(seed.reveal()),
            "61e8be05ffd420508f6fe00797c52095edf0f35e8b34cd3dbc8ecbee2cf215aa");
  EXPECT_EQ(to_hex(recovery_key_of(seed)),
            "2a1e0164218b07d738fcad71779223024e55a4a77bdaf334e1a78c8790eebe90");
}

TEST(RecoveryWords, AnyEntropyComesBack) {
  SeededRandom random{3};
  for (int i = 0; i < 200; ++i) {
    const auto entropy = create_recovery_entropy(random);
    const auto parsed = parse_recovery_words(text_of(entropy));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(to_hex(parsed.value().reveal()), to_hex(entropy.reveal()));
  }
}

TEST(RecoveryWords, CaseAndBlanksDoNotMatter) {
  std::string typed =
      "\n  Legal WINNER\tthank\r\nyear wave sausage worth useful legal winner thank "
      "year wave  sausage worth useful legal winner thank year wave sausage worth "
      "tITLE \n";
  EXPECT_TRUE(parse_recovery_words(typed).ok());
}

struct Slip {
  const char* name;
  std::string text;
  Kind kind;
  std::size_t place;
  std::string_view similar;  ///< must be among the suggestions; empty: there must be none
};

TEST(RecoveryWords, SlipsAreNamed) {
  const auto good = kKnown[2].words;
  const auto with = [&](std::string_view from, std::string_view to) {
    auto text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const Slip kSlips[] = {
      {"nothing", "", Kind::count, 0, ""},
      {"one missing", good.substr(0, good.rfind(' ')), Kind::count, 23, ""},
      {"one too many", good + " zoo", Kind::count, 25, ""},
      {"a letter exchanged", with("winner", "winmer"), Kind::unknown, 2, "winner"},
      {"a letter missing", with("sausage", "sausge"), Kind::unknown, 6, "sausage"},
      {"a letter too many", with("thank", "thankk"), Kind::unknown, 3, "thank"},
      {"the last word", with("title", "titel"), Kind::unknown, 24, "title"},
      {"no word at all", with("year", "xxxxxxxxxxxxxxxx"), Kind::unknown, 4, ""},
      {"its number typed too", with("legal", "1. legal"), Kind::unknown, 1, ""},
      {"another word of the list", with("winner", "winter"), Kind::checksum, 0, ""},
      {"two words changed places", with("legal winner", "winner legal"), Kind::checksum, 0, ""},
      {"letters that are not ASCII", with("legal", "légal"), Kind::unknown, 1, "legal"},
      {"far too long", good + std::string(kRecoveryTextBytesMax, ' '), Kind::count, 24, ""},
  };
  for (const auto& slip : kSlips) {
    SCOPED_TRACE(slip.name);
    const auto parsed = parse_recovery_words(slip.text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().kind, slip.kind);
    EXPECT_EQ(parsed.error().place, slip.place);
    const auto& similar = parsed.error().similar;
    if (slip.kind != Kind::unknown) {
      EXPECT_TRUE(similar.empty());
    }
    if (!slip.similar.empty()) {
      EXPECT_NE(std::ranges::find(similar, slip.similar), similar.end());
    }
    EXPECT_LE(similar.size(), 3U);
  }
}

TEST(RecoveryWords, OneOtherWordIsNoticedNearlyAlways) {
  // 8 bits of checksum: one slip in 256 passes. All others must be noticed.
  std::size_t passed = 0;
  for (const auto word : recovery_word_list) {
    if (word == "winner") continue;
    auto text = kKnown[2].words;
    text.replace(text.find("winner"), 6, word);
    if (parse_recovery_words(text).ok()) ++passed;
  }
  EXPECT_GT(passed, 0U) << "else this test looks at nothing";
  EXPECT_LT(passed, 2'047U / 100);
}

}  // namespace
}  // namespace martlet::transparency
