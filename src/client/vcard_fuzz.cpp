#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "client/vcard.h"

/// No input crashes the parser, and what it accepts is within what vcard.h promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = martlet::client::parse_vcards(martlet::text_of({data, size}));
  if (!parsed.ok()) return 0;
  const auto& file = parsed.value();
  CHECK(file.skipped.size() <= file.skipped_count);
  for (const auto& contact : file.contacts) {
    CHECK(contact.name.size() <= martlet::limits::kNameBytesMax);
    CHECK(martlet::is_utf8(contact.name));
    CHECK(!contact.mails.empty() || !contact.numbers.empty());
    for (const auto& mail : contact.mails) {
      CHECK(martlet::is_utf8(mail) && mail.find('@') != std::string::npos);
    }
    for (const auto& number : contact.numbers) CHECK(martlet::is_utf8(number));
  }
  return 0;
}
