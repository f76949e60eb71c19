// libphonenumber brings protobuf along, and so do our frames: both in one program, in turns.
#include <gtest/gtest.h>

#include "phone/number.h"
#include "wire/frames.h"

namespace martlet::phone {
namespace {

TEST(PhoneNumber, LivesInOneProgramWithFrames) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const auto number = e164_of("0171 2345678", "DE");
    ASSERT_TRUE(number.ok());
    const auto encoded = wire::encode({id, wire::Lookup{number.value().text()}});
    const auto frame = wire::parse_frame(encoded);
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame.value().request, id);
    const auto* const lookup = std::get_if<wire::Lookup>(&frame.value().body);
    ASSERT_NE(lookup, nullptr);
    EXPECT_EQ(lookup->handle, "+491712345678");
  }
}

}  // namespace
}  // namespace martlet::phone
