// What people type, what address books hold, and what of it is a phone number.
#include "phone/number.h"

#include <gtest/gtest.h>

namespace martlet::phone {
namespace {

struct Written {
  const char* typed;
  const char* region;
  const char* e164;
};

TEST(E164Of, KnowsHowCountriesWriteTheirNumbers) {
  const Written kNumbers[] = {
      {"0171 2345678", "DE", "+491712345678"},
      {"0171/2345678", "DE", "+491712345678"},
      {"(030) 123 456", "DE", "+4930123456"},
      {"2015550123", "US", "+12015550123"},
      {"(201) 555-0123", "US", "+12015550123"},
      {"1 201 555 0123", "US", "+12015550123"},
      {"(555) 564-8583", "US", "+15555648583"},  // no such area yet; tables age
      {"604-234-5678", "CA", "+16042345678"},
      {"07911 123456", "GB", "+447911123456"},
      {"06 12 34 56 78", "FR", "+33612345678"},
      {"06 12345678", "IT", "+390612345678"},  // Italy keeps the zero
      {"333 1234567", "IT", "+393331234567"},
      {"8 (912) 345-67-89", "RU", "+79123456789"},  // Russia's trunk prefix is 8
      {"06 20 123 4567", "HU", "+36201234567"},     // Hungary's is 06
      {"11 91234-5678", "BR", "+5511912345678"},
      {"55 1234 5678", "MX", "+525512345678"},
      {"090-1234-5678", "JP", "+819012345678"},
      {"098765 43210", "IN", "+919876543210"},
      {"138 1234 5678", "CN", "+8613812345678"},
      {"050 123 4567", "AE", "+971501234567"},
      {"050-123-4567", "IL", "+972501234567"},
      {"61 23 45 67", "DK", "+4561234567"},
      {"91 23 45 67", "NO", "+4791234567"},
      {"070-123 45 67", "SE", "+46701234567"},
      {"044 668 18 00", "CH", "+41446681800"},
      {"0664 1234567", "AT", "+436641234567"},
      {"0412 345 678", "AU", "+61412345678"},
      {"0803 123 4567", "NG", "+2348031234567"},
      {"082 123 4567", "ZA", "+27821234567"},
  };
  for (const auto& number : kNumbers) {
    SCOPED_TRACE(number.typed);
    const auto parsed = e164_of(number.typed, number.region);
    ASSERT_TRUE(parsed.ok()) << parsed.error().reason.text;
    EXPECT_EQ(parsed.value().text(), number.e164);
    EXPECT_TRUE(is_number_like(number.typed));
    EXPECT_EQ(region_of(parsed.value()), number.region == std::string{"GB"} ? "GG"  // shares 07911
                                                                            : number.region);
    // What it gives, it takes; then wherever one is.
    EXPECT_EQ(e164_of(number.e164, "").value(), parsed.value());
    EXPECT_EQ(e164_of(number.e164, "JP").value(), parsed.value());
  }
}

TEST(E164Of, TakesWhatIsWrittenForTheWholeWorld) {
  const Written kNumbers[] = {
      {"+49 171 2345678", "", "+491712345678"},
      {"+49 171 2345678", "US", "+491712345678"},
      {"+49 171 2345678", "no region", "+491712345678"},
      {"+49 (0)171 2345678", "", "+491712345678"},  // a German habit: the zero is for Germans
      {"+44 (0)7911 123456", "FR", "+447911123456"},
      {"+1 (555) 123-4567", "", "+15551234567"},
      {"+800 1234 5678", "", "+80012345678"},  // of no country
      {"0049 171 2345678", "DE", "+491712345678"},
      {"0049 171 2345678", "FR", "+491712345678"},
      {"011 49 171 2345678", "US", "+491712345678"},
      {"8~10 49 171 2345678", "RU", "+491712345678"},
      {"\u202a+49 171 2345678\u202c", "", "+491712345678"},  // as phones copy numbers
      {"0171\u00a02345678", "DE", "+491712345678"},
      {"0171\u20112345678", "DE", "+491712345678"},
      {"\uff10\uff11\uff17\uff11 \uff12\uff13\uff14\uff15\uff16\uff17\uff18", "DE",
       "+491712345678"},
      {"\u0660\u0661\u0667\u0661 \u0662\u0663\u0664\u0665\u0666\u0667\u0668", "DE",
       "+491712345678"},
  };
  for (const auto& number : kNumbers) {
    SCOPED_TRACE(number.typed);
    const auto parsed = e164_of(number.typed, number.region);
    ASSERT_TRUE(parsed.ok()) << parsed.error().reason.text;
    EXPECT_EQ(parsed.value().text(), number.e164);
  }
}

struct Refused {
  const char* name;
  std::string typed;
  const char* region;
  Failure failure = Failure::malformed;
};

TEST(E164Of, RefusesWhatIsNone) {
  const Refused kRefused[] = {
      {"national, region not said", "0171 2345678", "", Failure::not_found},
      {"an unknown region", "0171 2345678", "XX", Failure::not_found},
      {"a region in small letters", "0171 2345678", "de", Failure::not_found},
      {"the region of no country", "0171 2345678", "001", Failure::not_found},
      {"a calling code for a region", "0171 2345678", "49", Failure::not_found},
      {"nothing", "", "DE"},
      {"nothing, nowhere", "", ""},
      {"blanks", "   ", "DE"},
      {"one digit", "0", "DE"},
      {"only the way abroad", "00", "DE"},
      {"only a plus", "+", "DE"},
      {"only a country", "+49", ""},
      {"no such country", "+999 1234567", ""},
      {"no such country, dialled", "00999 1234567", "DE"},
      {"another region's way abroad", "00 49 171 2345678", "US"},
      {"emergency", "112", "DE"},
      {"emergency of the US", "911", "US"},
      {"police", "110", "DE"},
      {"an harmonised service", "116117", "DE"},
      {"a paid text service", "61234", "DE"},
      {"a paid text service of the US", "12345", "US"},
      {"the area missing", "555-0100", "US"},
      {"too short", "0171", "DE"},
      {"too long", "0171 2345678 9012345", "DE"},
      {"too long by far", std::string(kNumberBytesMax, '1'), "DE"},
      {"longer than anybody types", std::string(kNumberBytesMax + 1, '1'), "DE"},
      {"too long with its country", "+49 171 23456789012345", ""},
      {"two numbers", "0171 2345678 / 0172 1234567", "DE"},
      {"letters to dial", "1-800-FLOWERS", "US"},
      {"a name before it", "Bob 0171 2345678", "DE"},
      {"a URI", "tel:+491712345678", ""},
      {"a URI with a context", "tel:0171;phone-context=+49", "DE"},
      {"an extension", "030 123456 ext. 12", "DE"},
      {"an extension, short", "030 123456 x12", "DE"},
      {"an extension behind a number sign", "030 123456 #12", "DE"},
      {"an extension of a URI", "+4930123456;ext=12", ""},
      {"digits after a pause", "030 123456,,,12", "DE"},
      {"the caller hidden", "*31#0171 2345678", "DE"},
      {"a service code", "*#06#", "DE"},
      {"an address", "alice@example.org", "DE"},
      {"not UTF-8", "0171 2345678\xff", "DE"},
      {"a zero byte", std::string{"0171\0 2345678", 13}, "DE"},
  };
  for (const auto& refused : kRefused) {
    SCOPED_TRACE(refused.name);
    const auto parsed = e164_of(refused.typed, refused.region);
    ASSERT_FALSE(parsed.ok()) << parsed.value().text();
    EXPECT_EQ(parsed.error().failure, refused.failure) << parsed.error().reason.text;
  }
}

TEST(IsNumberLike, TellsNumbersFromNamesAndAddresses) {
  for (const auto* number : {"1", "0171 2345678", "+49 (0)171/23-45.678", "*31#0171", "12,,3;4",
                             "\u202a+49\u00a0171\u2011234\u202c"}) {
    EXPECT_TRUE(is_number_like(number)) << number;
  }
  for (const auto* other : {"", " ", "+", "()", "Bob", "Bob 2", "1@example.org", "x12", "1\xff",
                            "\xe2\x80", "山田2", "\uff11", "1_2", "#"}) {
    EXPECT_FALSE(is_number_like(other)) << other;
  }
}

TEST(Region, OfANumberAndOfNone) {
  const auto region = [](const char* text) {
    return region_of(Handle::parse(text).value()).value_or("none");
  };
  EXPECT_EQ(region("+491712345678"), "DE");
  EXPECT_EQ(region("+16042345678"), "CA");
  EXPECT_EQ(region("+15551234567"), "US");  // nobody's: the largest of the plan
  EXPECT_EQ(region("+80012345678"), "none");
  EXPECT_EQ(region("+9991234567"), "none");
  EXPECT_EQ(region("alice@example.org"), "none");
  EXPECT_EQ(region("+491712345678@example.org"), "none");
}

TEST(Region, KnowsThoseWithAPlan) {
  for (const auto* known : {"DE", "US", "CA", "GB", "GG", "VA", "XK", "TA"}) {
    EXPECT_TRUE(is_known_region(known)) << known;
  }
  for (const auto* unknown : {"", "D", "de", "De", "DEU", "ZZ", "001", "49", "+1", "AQ", "D\xff"}) {
    EXPECT_FALSE(is_known_region(unknown)) << unknown;
  }
}

}  // namespace
}  // namespace martlet::phone
