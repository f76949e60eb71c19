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
                 SmsSender::Report report)
    : settings_{config.sms}, report_{std::move(report)} {
  if (secrets.callback_key) door_.emplace(std::move(*secrets.callback_key));
  if (!secrets.password) return;
  sender_ = std::make_unique<SmsSender>(
      gateways::SmsGatewayConfig{settings_.gateway_url, settings_.username,
                                 std::move(*secrets.password), settings_.sender},
      config.host(), clock, log, report_);
}

void SmsDesk::start() {
  if (sender_) sender_->start();
}

void SmsDesk::stop() {
  if (sender_) sender_->stop();
}

void SmsDesk::send(server::ProofSending sending) {
  if (!sender_) return;
  if (settings_.may_send_to(sending.handle)) return sender_->post(std::move(sending));
  report_({sending.account, sending.handle, sending.started, sending.attempt,
           server::ProofSent::Outcome::refused});
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
