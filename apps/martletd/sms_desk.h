#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "apps/martletd/config.h"
#include "apps/martletd/sms_door.h"
#include "apps/martletd/sms_sender.h"
#include "server/messages.h"

namespace martlet::daemon {

/// What the settings of [sms] name files for.
struct SmsSecrets {
  std::optional<gateways::GatewaySecret> password;
  std::optional<gateways::GatewaySecret> callback_key;
};
/// A usage complaint if a file that is named does not hold what it should.
Outcome<SmsSecrets> read_sms_secrets(const SmsSettings& settings);

/// All that a server does with SMS: codes out through the gateway, texts in by its calls. Does
/// nothing where the settings say nothing. Thread-safe but for start and stop.
class SmsDesk {
 public:
  /// `clock` and `log` outlive the desk; `report` is called as SmsSender does.
  SmsDesk(const Config& config, SmsSecrets secrets, const Clock& clock, Log& log,
          SmsSender::Report report);

  void start();
  void stop();
  /// A code by SMS; reports how it went. A number that the settings do not allow is refused.
  void send(server::ProofSending sending);
  /// What the gateway brings, or the answer that turns whoever calls away; nothing: the request is
  /// not for this desk.
  std::optional<std::variant<server::InboundSms, net::HttpResponse>> read(
      const net::HttpRequest& request) const;

 private:
  const SmsSettings settings_;
  const SmsSender::Report report_;
  std::optional<SmsDoor> door_;
  std::unique_ptr<SmsSender> sender_;
};

}  // namespace martlet::daemon
