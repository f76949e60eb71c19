#include "base/reader.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/writer.h"

namespace martlet {
namespace {

TEST(Reader, ReadsWhatWriterWrote) {
  Writer out;
  out.u8(1).u16(0x0203).u24(0x040506).u32(0x0708090a).u64(0x0b0c0d0e0f101112);
  out.prefixed_u8(bytes_of("ab")).prefixed_u16(bytes_of("cde")).bytes(bytes_of("f"));
  const auto bytes = std::move(out).take();
  EXPECT_EQ(to_hex(bytes),
            "0102030405060708090a0b0c0d0e0f1011120261620003636465"
            "66");
  Reader in{bytes};
  EXPECT_EQ(in.u8().value(), 1);
  EXPECT_EQ(in.u16().value(), 0x0203);
  EXPECT_EQ(in.u24().value(), 0x040506U);
  EXPECT_EQ(in.u32().value(), 0x0708090aU);
  EXPECT_EQ(in.u64().value(), 0x0b0c0d0e0f101112U);
  EXPECT_EQ(text_of(in.prefixed_u8().value()), "ab");
  EXPECT_EQ(text_of(in.prefixed_u16().value()), "cde");
  EXPECT_FALSE(in.finish().ok());
  EXPECT_EQ(text_of(in.take(1).value()), "f");
  EXPECT_TRUE(in.finish().ok());
}

TEST(Reader, RefusesWhatIsCutShort) {
  const Bytes bytes{5, 1, 2};
  EXPECT_FALSE(Reader{bytes}.u32().ok());
  EXPECT_FALSE(Reader{bytes}.prefixed_u8().ok());
  EXPECT_FALSE(Reader{bytes}.prefixed_u16().ok());
  EXPECT_FALSE(Reader{bytes}.id<MessageId>().ok());
  EXPECT_FALSE(Reader{ByteView{}}.u8().ok());
}

}  // namespace
}  // namespace martlet
