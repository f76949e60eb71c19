#include "base/check.h"
#include "client/engine.h"

/// No input crashes the parser, and what it accepts is printed as an address that parses to itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = martlet::client::parse_invitation_url(martlet::text_of({data, size}));
  if (!parsed.ok()) return 0;
  const auto& server = parsed.value().server;
  CHECK(server.port != 0);
  auto text = martlet::client::to_text(server);
  const auto fragment = text.find('#');
  const auto print = fragment == std::string::npos ? "" : text.substr(fragment);
  const auto again = martlet::client::parse_invitation_url("https://" + text.substr(0, fragment) +
                                                           "/i/" + parsed.value().token + print);
  CHECK(again.ok());
  CHECK(martlet::client::to_text(again.value().server) == text);
  CHECK(again.value().token == parsed.value().token);
  return 0;
}
