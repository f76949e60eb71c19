#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace martlet::gateways {

/// An SMS that the gateway has received, as it tells us by calling /sms/incoming.
struct SmsCallback {
  std::string from;  ///< E.164: +491712345678
  std::string text;  ///< UTF-8, as somebody wrote it
};

/// The parameter `key`, by which the gateway shows who it is, before anything else is judged. Empty
/// if there is none, or more than one, or if nothing can be read at all.
std::string sms_callback_key(std::string_view target, std::string_view body);

/// Reads the parameters `key`, `from` and `text` out of a request target's query and a body, both
/// application/x-www-form-urlencoded (WHATWG URL standard, section 5.1); others are skipped.
/// Fails with `malformed`: one is missing or there twice, a bad escape, no E.164 number (a `+` that
/// was not escaped, a short number), text that is not UTF-8, or anything beyond gateway_limits.h.
Result<SmsCallback> parse_sms_callback(std::string_view target, std::string_view body);

}  // namespace martlet::gateways
