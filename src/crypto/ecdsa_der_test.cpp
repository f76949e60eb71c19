#include "crypto/ecdsa_der.h"

#include <gtest/gtest.h>

#include "crypto/test_hex.h"

namespace martlet::crypto {
namespace {

const std::string kSmall(64, '1');                      // 32 bytes, top bit clear
const std::string kLarge = "f" + std::string(63, '1');  // 32 bytes, top bit set

TEST(StrictDer, TakesTheOneEncodingOfEachSignature) {
  const struct {
    const char* name;
    std::string der;
  } cases[] = {
      {"smallest", "3006020101020101"},
      {"no padding", "30440220" + kSmall + "0220" + kSmall},
      {"both padded", "3046022100" + kLarge + "022100" + kLarge},
      {"r padded", "3045022100" + kLarge + "0220" + kSmall},
      {"needed zero on one byte", "300702020080020101"},
      {"r of 31 bytes", "3043021f" + kSmall.substr(2) + "0220" + kSmall},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_TRUE(is_strict_der_signature(hex(c.der)));
    const auto raw = raw_from_der(hex(c.der));
    ASSERT_TRUE(raw.ok());
    EXPECT_EQ(to_hex(der_from_raw(raw.value()).view()), c.der);
  }
}

TEST(StrictDer, RefusesEveryOther) {
  const struct {
    const char* name;
    std::string der;
  } cases[] = {
      {"nothing", ""},
      {"tag alone", "30"},
      {"empty sequence", "3000"},
      {"one number", "3003020101"},
      {"three numbers", "3009020101020101020101"},
      {"not a sequence", "3106020101020101"},
      {"primitive sequence", "1006020101020101"},
      {"sequence in the long form", "308106020101020101"},
      {"sequence of indefinite length", "30800201010201010000"},
      {"sequence too short by one", "3005020101020101"},
      {"sequence too long by one", "3007020101020101"},
      {"a byte behind", "300602010102010100"},
      {"a byte behind s, inside", "300702010102010100"},
      {"r in the long form", "300702810101020101"},
      {"s in the long form", "300702010102810101"},
      {"r not an integer", "3006030101020101"},
      {"s not an integer", "3006020101030101"},
      {"r without bytes", "30050200020101"},
      {"s without bytes", "30050201010200"},
      {"r longer than all", "3006027f01020101"},
      {"r = 0", "3006020100020101"},
      {"s = 0", "3006020101020100"},
      {"r negative", "3006020180020101"},
      {"s negative", "3006020101020181"},
      {"s negative, 32 bytes", "30440220" + kSmall + "0220" + kLarge},
      {"needless zero before r", "300702020001020101"},
      {"needless zero before s", "300702010102020001"},
      {"two zeros before r", "30080203000080020101"},
      {"zero in two bytes", "300702020000020101"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_FALSE(is_strict_der_signature(hex(c.der)));
    const auto raw = raw_from_der(hex(c.der));
    ASSERT_FALSE(raw.ok());
    EXPECT_EQ(raw.error().failure, Failure::malformed);
  }
}

TEST(StrictDer, EveryCutIsRefused) {
  const auto whole = hex("3046022100" + kLarge + "022100" + kLarge);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(is_strict_der_signature(ByteView{whole}.first(size))) << size;
  }
}

TEST(RawFromDer, RefusesNumbersBeyond32Bytes) {
  // Strict DER, but of no signature of P-256.
  for (const auto& der : {"30260221"
                          "01" +
                              kSmall + "020101",
                          "3027020101022200" + kLarge + "00"}) {
    ASSERT_TRUE(is_strict_der_signature(hex(der))) << der;
    EXPECT_FALSE(raw_from_der(hex(der)).ok()) << der;
  }
}

TEST(DerFromRaw, EncodesNumbersOfEveryLength) {
  for (std::size_t zeros = 0; zeros < 32; ++zeros) {
    for (const auto top : Bytes{0x01, 0x7f, 0x80, 0xff}) {
      Signature raw{};
      raw[zeros] = top;
      raw[32 + 31 - zeros] = top;
      const auto der = der_from_raw(raw);
      ASSERT_TRUE(is_strict_der_signature(der.view())) << to_hex(der.view());
      EXPECT_EQ(raw_from_der(der.view()).value(), raw);
    }
  }
}

}  // namespace
}  // namespace martlet::crypto
