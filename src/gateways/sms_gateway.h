#pragma once

#include <atomic>
#include <string>

#include "crypto/secret.h"
#include "gateways/gateway_limits.h"

namespace martlet::gateways {

/// A password or key that the operator put into a file.
using GatewaySecret = crypto::SecretBytes<struct GatewaySecretKind>;

/// An SMS gateway that is asked by HTTP as Kannel's sendsms is: GET URL with the parameters
/// `username`, `password`, `from`, `to`, `charset` and `text`.
struct SmsGatewayConfig {
  std::string url;  ///< see is_gateway_url
  std::string username;
  GatewaySecret password;
  std::string sender;  ///< what the SMS comes from: a number, or what the carrier lets one write
  Milliseconds timeout = limits::kAnswerTimeout;
};

/// What the gateway said of one SMS.
struct Handover {
  enum class Outcome : std::uint8_t {
    taken,    ///< 2xx: it will send it
    refused,  ///< it will not, however often one asks
    failed    ///< it does not answer, is broken (5xx), or asks for patience (408, 425, 429)
  };
  Outcome outcome{};
  int status = 0;  ///< of HTTP; 0: there was no answer
};

/// http or https, a host, and a path; no user, query or fragment, nothing that is not printable
/// ASCII, at most kUrlBytesMax.
bool is_gateway_url(std::string_view url);

/// One SMS at a time, on the caller's thread. Redirects are not followed: they would take the
/// password along. Certificates of https are checked against those of the system.
class SmsGateway {
 public:
  explicit SmsGateway(SmsGatewayConfig config);
  /// Waits for the gateway's answer, at most `timeout`. `text` is UTF-8; beyond kSmsTextBytesMax
  /// it is refused here.
  Handover send(const std::string& number, const std::string& text);
  /// Makes a send under way, and every later one, fail soon. Thread-safe.
  void give_up() { given_up_ = true; }

 private:
  const SmsGatewayConfig config_;
  std::atomic<bool> given_up_{false};
};

}  // namespace martlet::gateways
