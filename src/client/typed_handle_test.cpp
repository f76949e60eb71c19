#include "client/typed_handle.h"

#include "client/stage_test.h"

namespace martlet::client {
namespace {

struct Typed {
  const char* name;
  const char* typed;
  const char* region;
  const char* handle;
};

TEST(ParseTypedHandle, AddressesAndNumbers) {
  const Typed kCases[] = {
      {"an address", " Alice@Example.org ", "", "alice@example.org"},
      {"an address, in a region", "0171@example.org", "DE", "0171@example.org"},
      {"an address with a plus", "+tag@example.org", "DE", "+tag@example.org"},
      {"E.164", "+491712345678", "", "+491712345678"},
      {"E.164, in another region", "+491712345678", "US", "+491712345678"},
      {"E.164 with blanks", "+49 171 2345678", "", "+491712345678"},
      {"the zero of the country", "+49 (0)171 2345678", "", "+491712345678"},
      {"no number that tables know", "+999 1234567", "DE", "+9991234567"},
      {"a national number", "0171 2345678", "DE", "+491712345678"},
      {"the way abroad", "0049 171 2345678", "FR", "+491712345678"},
  };
  for (const auto& example : kCases) {
    SCOPED_TRACE(example.name);
    const auto handle = parse_typed_handle(example.typed, example.region);
    ASSERT_TRUE(handle.ok()) << handle.error().message.text;
    EXPECT_EQ(handle.value().text(), example.handle);
  }
}

TEST(ParseTypedHandle, SaysWhatToDo) {
  struct Refused {
    const char* typed;
    const char* region;
    const char* says;
    ErrorCode code = ErrorCode::usage;
  };
  const Refused kCases[] = {
      {"", "", "this is not a handle"},
      {"alice", "DE", "this is not a handle"},
      {"alice@", "DE", "this is not a handle"},
      {"0171 2345678", "", "a phone number without its country", ErrorCode::region_needed},
      {"491712345678", "", "a phone number without its country", ErrorCode::region_needed},
      {"112", "", "a phone number without its country", ErrorCode::region_needed},
      {"112", "DE", "a short number works within its country only"},
      {"555-0100", "US", "a phone number needs its area code"},
      {"0171", "DE", "a phone number is + and 7 to 15 digits, the first not 0"},
      {"*31#01712345678", "DE", "a service code or an extension, not a phone number"},
      {"+49", "DE", "not a phone number"},
  };
  for (const auto& refused : kCases) {
    SCOPED_TRACE(refused.typed);
    const auto handle = parse_typed_handle(refused.typed, refused.region);
    ASSERT_FALSE(handle.ok());
    EXPECT_EQ(handle.error().code, refused.code);
    EXPECT_STREQ(handle.error().message.text, refused.says);
    EXPECT_STRNE(handle.error().hint.text, "");
  }
}

class TypedNumbers : public Stage {
 protected:
  explicit TypedNumbers(const std::string& own_handle = "alice@example.org") {
    server_.own_handle = own_handle;
    come_online();
  }

  std::string code_of_send(const std::string& to) {
    const auto answer = engine_->send({to, "hi", {}}, now_);
    return answer.ok() ? "sent" : answer.error().message.text;
  }
  std::vector<std::string> recipients() {
    std::vector<std::string> handles;
    const auto outbox = vault_->outbox().take();
    for (const auto& item : outbox) handles.push_back(item.recipient_handle);
    return handles;
  }
};

TEST_F(TypedNumbers, NeedARegion) {
  EXPECT_EQ(engine_->region(), "");
  EXPECT_EQ(code_of_send("0171 2345678"), "a phone number without its country");
  EXPECT_FALSE(engine_->contact_add({"Eva", "0171 2345678"}, now_).ok());
  EXPECT_FALSE(engine_->set_region("XX").ok());
  EXPECT_EQ(engine_->region(), "");
  EXPECT_TRUE(recipients().empty());
}

TEST_F(TypedNumbers, AreCompletedFromTheRegion) {
  ASSERT_TRUE(engine_->set_region("DE").ok());
  EXPECT_EQ(code_of_send("0171 2345678"), "sent");
  EXPECT_EQ(recipients(), std::vector<std::string>{"+491712345678"});
  const auto contact = engine_->contact_add({"Eva", "030/123456"}, now_);
  ASSERT_TRUE(contact.ok());
  EXPECT_EQ(contact.value().handle, "+4930123456");
  EXPECT_FALSE(engine_->contact_add({"030 123456", "eva@example.org"}, now_).ok())
      << "a name that means another handle";
}

TEST_F(TypedNumbers, MayBeNames) {
  ASSERT_TRUE(engine_->contact_add({"112", "bob@example.org"}, now_).ok());
  EXPECT_EQ(code_of_send("112"), "sent");
  EXPECT_EQ(recipients(), std::vector<std::string>{"bob@example.org"});
}

class TypedNumbersOfANumber : public TypedNumbers {
 protected:
  TypedNumbersOfANumber() : TypedNumbers{"+491712345678"} {}
};

TEST_F(TypedNumbersOfANumber, BelongWhereTheOwnNumberDoesIfNobodySaysAnother) {
  EXPECT_EQ(engine_->region(), "DE");
  EXPECT_EQ(code_of_send("0172 2345678"), "sent");
  ASSERT_TRUE(engine_->set_region("AT").ok());
  EXPECT_EQ(engine_->region(), "AT");
  EXPECT_EQ(code_of_send("0664 1234567"), "sent");
  EXPECT_EQ(recipients(), (std::vector<std::string>{"+491722345678", "+436641234567"}));
}

}  // namespace
}  // namespace martlet::client
