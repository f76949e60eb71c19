#include "client/device_link.h"

#include <algorithm>

#include "client/engine.h"
#include "client/errors.h"
#include "client/self.h"

namespace martlet::client {
namespace {

constexpr Milliseconds kFirstLookAgain = std::chrono::seconds{2};

NewcomerDevice device_of(const protocol::DevicePrivateKeys& keys, std::string name,
                         std::string platform) {
  return {keys.signing, suite_keys_of(keys), std::move(name), std::move(platform)};
}

}  // namespace

DeviceLink::DeviceLink(store::ServerAddress server, const protocol::DevicePrivateKeys& keys,
                       std::string device_name, std::string platform, Random& random,
                       UnixMillis now)
    : Stranger{server, random},
      newcomer_{device_of(keys, std::move(device_name), std::move(platform)), to_text(server),
                random, now},
      lifetime_end_{now + kLinkingLifetime} {}

std::optional<DeviceLinkEvent> DeviceLink::take_event() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void DeviceLink::confirm_code(bool same, UnixMillis now) {
  take(same ? newcomer_.confirm_code(now) : newcomer_.stop(LinkFault::codes_differ), now);
}

void DeviceLink::cancel(UnixMillis now) {
  if (looking_) return end(LinkStopped{LinkFault::cancelled, false, true});
  take(newcomer_.stop(LinkFault::cancelled), now);
}

void DeviceLink::on_ready(UnixMillis now) {
  if (looking_) return look(now);
  open_request_ = ask(wire::OpenRendezvous{newcomer_.rendezvous()}, now);
}

void DeviceLink::on_answer(const wire::Frame& frame, UnixMillis now) {
  if (frame.request == open_request_) {
    open_request_ = 0;
    if (const auto* opened = std::get_if<wire::RendezvousOpened>(&frame.body)) {
      events_.emplace_back(LinkShown{newcomer_.payload(), opened->number});
    } else {
      stop(errors::kRefused);
    }
  } else if (frame.request == look_request_) {
    look_request_ = 0;
    const auto* account = std::get_if<wire::Account>(&frame.body);
    if (account == nullptr || account->account != newcomer_.accepted()->account) return;
    auto found = newcomer_.look(account->first_seqno, account->links);
    if (found) end(std::move(*found));
  }
  (void)now;
}

void DeviceLink::on_push(const wire::Body& body, UnixMillis now) {
  if (looking_) return;
  if (const auto* relay = std::get_if<wire::Relay>(&body)) {
    take(newcomer_.on_message(relay->content, now), now);
  } else if (std::holds_alternative<wire::RendezvousEnded>(body)) {
    on_ended(now);
  }
}

void DeviceLink::on_lost(UnixMillis now) {
  open_request_ = 0;
  look_request_ = 0;
  if (!looking_ && newcomer_.has_begun()) on_ended(now);
}

/// There is no other side any more, and it did not say why.
void DeviceLink::on_ended(UnixMillis now) {
  if (newcomer_.is_over()) return;
  if (newcomer_.accepted()) return begin_to_look(now);
  end(LinkStopped{LinkFault::cancelled, true, false});
}

void DeviceLink::take(LinkNewcomer::Step step, UnixMillis now) {
  for (auto& message : step.send) pass(wire::Relay{std::move(message)});
  if (!step.event) return;
  if (auto* code = std::get_if<CompareCode>(&*step.event)) {
    events_.emplace_back(std::move(*code));
  } else if (auto* linked = std::get_if<Linked>(&*step.event)) {
    end(std::move(*linked));
  } else {
    const auto stopped = std::get<LinkStopped>(*step.event);
    if (!stopped.may_be_in) return end(stopped);
    fault_ = stopped.fault;
    by_peer_ = stopped.by_peer;
    begin_to_look(now);
  }
}

void DeviceLink::begin_to_look(UnixMillis now) {
  looking_ = true;
  look(now);
}

void DeviceLink::look(UnixMillis now) {
  look_at_ = now + kFirstLookAgain * (1U << looks_);
  if (link() != Link::online || look_request_ != 0) return;
  ++looks_;
  const auto place = *newcomer_.accepted();
  look_request_ = ask(wire::FetchChain{place.account, place.known}, now);
}

UnixMillis DeviceLink::due_at() const {
  if (over_) return UnixMillis::max();
  return looking_ ? look_at_ : lifetime_end_;
}

void DeviceLink::on_time(UnixMillis now) {
  if (over_) return;
  if (!looking_) return take(newcomer_.on_time(now + Milliseconds{1}), now);
  if (looks_ < kLinkLooksMax && now < lifetime_end_ + kLinkingLifetime) return look(now);
  end(LinkStopped{fault_, by_peer_, true});
}

void DeviceLink::end(DeviceLinkEvent event) {
  if (std::exchange(over_, true)) return;
  events_.push_back(std::move(event));
  finish();
}

}  // namespace martlet::client
