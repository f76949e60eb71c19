#include "base/bytes.h"
#include "base/check.h"
#include "base/handle.h"
#include "base/utf8.h"
#include "gateways/gateway_limits.h"
#include "gateways/sms_callback.h"

namespace {

std::string escaped(const std::string& text) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

}  // namespace

/// No request crashes it; what it takes is a number and a text, and comes back the same when it is
/// written anew. A zero byte parts the target from the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const std::string all{data, data + size};
  const auto cut = std::min(all.find('\0'), all.size());
  const auto body = cut < all.size() ? all.substr(cut + 1) : std::string{};
  const auto key = gateways::sms_callback_key(all.substr(0, cut), body);
  const auto parsed = gateways::parse_sms_callback(all.substr(0, cut), body);
  if (!parsed.ok()) return 0;
  const auto& callback = parsed.value();
  CHECK(Handle::parse(callback.from).value().text() == callback.from);
  CHECK(is_utf8(callback.text));
  const auto again =
      "key=" + escaped(key) + "&from=" + escaped(callback.from) + "&text=" + escaped(callback.text);
  if (again.size() > gateways::limits::kCallbackBytesMax) return 0;
  const auto twice = gateways::parse_sms_callback("/", again);
  CHECK(twice.ok());
  CHECK(gateways::sms_callback_key("/", again) == key && twice.value().from == callback.from);
  CHECK(twice.value().text == callback.text);
  return 0;
}
