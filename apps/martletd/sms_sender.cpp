#include "apps/martletd/sms_sender.h"

namespace martlet::daemon {

using gateways::Handover;
using server::ProofSending;
using server::ProofSent;

namespace {

ProofSent report_of(const ProofSending& sending, ProofSent::Outcome outcome) {
  return {sending.account, sending.handle, sending.started, sending.attempt, outcome};
}

}  // namespace

std::string sms_text(const std::string& server, const std::string& code) {
  return code + " is the code for your number at " + server +
         " (Martlet), good for 10 minutes. Type it in yourself: nobody will ever ask you for it.";
}

SmsSender::SmsSender(gateways::SmsGatewayConfig gateway, std::string server, const Clock& clock,
                     Log& log, Report report)
    : gateway_{std::move(gateway)},
      server_{std::move(server)},
      clock_{clock},
      log_{log},
      report_{std::move(report)} {}

SmsSender::~SmsSender() { stop(); }

void SmsSender::start() {
  thread_ = std::thread{[this] { run(); }};
}

void SmsSender::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  gateway_.give_up();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SmsSender::post(ProofSending sending) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return;
    if (queue_.size() < kSmsQueueMax) {
      queue_.push_back(std::move(sending));
      changed_.notify_all();
      return;
    }
  }
  report_(report_of(sending, ProofSent::Outcome::failed));
}

void SmsSender::run() {
  for (;;) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const auto sending = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const auto outcome = send(sending);
    lock.lock();
    if (stopping_) return;  // given up, not failed
    lock.unlock();
    report_(report_of(sending, outcome));
  }
}

ProofSent::Outcome SmsSender::send(const ProofSending& sending) {
  // It waited behind others for too long: nobody could type it in any more.
  if (clock_.now() >= sending.expires) return ProofSent::Outcome::failed;
  const auto handover = gateway_.send(sending.handle, sms_text(server_, sending.secret));
  note(handover);
  switch (handover.outcome) {
    case Handover::Outcome::taken:
      return ProofSent::Outcome::sent;
    case Handover::Outcome::refused:
      return ProofSent::Outcome::refused;
    case Handover::Outcome::failed:
      break;
  }
  return ProofSent::Outcome::failed;
}

/// Once a change: members can make us send, and must not fill the log.
void SmsSender::note(const Handover& handover) {
  if (handover.outcome == last_) return;
  last_ = handover.outcome;
  const auto status = std::int64_t{handover.status};
  switch (handover.outcome) {
    case Handover::Outcome::taken:
      return log_.write(Log::Event::sms_works_again);
    case Handover::Outcome::refused:
      return log_.write(Log::Event::sms_refused, {{"status", status}});
    case Handover::Outcome::failed:
      return log_.write(Log::Event::sms_fails, {{"status", status}});
  }
}

}  // namespace martlet::daemon
