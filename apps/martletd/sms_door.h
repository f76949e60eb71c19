#pragma once

#include <variant>

#include "gateways/sms_callback.h"
#include "gateways/sms_gateway.h"
#include "net/listener.h"

namespace martlet::daemon {

/// Whether a request is the gateway's call about an incoming SMS: its path is /sms/incoming.
bool is_sms_callback(const net::HttpRequest& request);

/// Lets the gateway in, and nobody else. Immutable; thread-safe.
class SmsDoor {
 public:
  explicit SmsDoor(gateways::GatewaySecret key) : key_{std::move(key)} {}

  /// What it brings, or why not: 403 for whoever does not know the key, also when nothing else is
  /// right; 400; 405.
  std::variant<gateways::SmsCallback, net::HttpResponse> let_in(
      const net::HttpRequest& request) const;

 private:
  const gateways::GatewaySecret key_;
};

/// 200 without a word: Kannel would send it to the phone.
net::HttpResponse sms_taken();
/// 503: the gateway may call again.
net::HttpResponse sms_not_taken();

}  // namespace martlet::daemon
