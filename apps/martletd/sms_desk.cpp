#include "apps/martletd/sms_desk.h"

#include "apps/martletd/secret_file.h"

namespace martlet::daemon {

Outcome<SmsSecrets> read_sms_secrets(const SmsSettings& settings) {
  SmsSecrets secrets;
  if (settings.sends()) secrets.password = TRY(read_secret_file(settings.password_file));
  if (settings.receives()) {
    secrets.callback_key =
        TRY(read_secret_file(settings.callback_key_file, gateways::limits::kCallbackKeyBytesMin));
  }
  return secrets;
}

SmsDesk::SmsDesk(const Config& config, SmsSecrets secrets, const Clock& clock, Log& log,
                 SmsSender::Report report) {
  if (secrets.callback_key) door_.emplace(std::move(*secrets.callback_key));
  if (!secrets.password) return;
  const auto& sms = config.sms;
  sender_ = std::make_unique<SmsSender>(
      gateways::SmsGatewayConfig{sms.gateway_url, sms.username, std::move(*secrets.password),
                                 sms.sender},
      config.host(), clock, log, std::move(report));
}

void SmsDesk::start() {
  if (sender_) sender_->start();
}

void SmsDesk::stop() {
  if (sender_) sender_->stop();
}

void SmsDesk::send(server::ProofSending sending) {
  if (sender_) sender_->post(std::move(sending));
}

std::optional<std::variant<server::InboundSms, net::HttpResponse>> SmsDesk::read(
    const net::HttpRequest& request) const {
  using Read = std::variant<server::InboundSms, net::HttpResponse>;
  if (!door_ || !is_sms_callback(request)) return std::nullopt;
  auto let = door_->let_in(request);
  if (auto* const turned = std::get_if<net::HttpResponse>(&let)) return Read{std::move(*turned)};
  auto& sms = std::get<gateways::SmsCallback>(let);
  return Read{server::InboundSms{std::move(sms.from), std::move(sms.text)}};
}

}  // namespace martlet::daemon
