#include "client/inbox.h"

#include <algorithm>

#include "base/handle.h"
#include "base/limits.h"
#include "client/alerts.h"

namespace martlet::client {
namespace {

/// So many senders an alert of one run may be about: a flood of garbage must not fill the disk.
constexpr std::size_t kAlertedMax = 64;
/// If nothing of what was announced at login arrives for so long, it expired in the meantime.
constexpr Milliseconds kAnnouncedWait = std::chrono::seconds{5};
/// A replay may come as long as any envelope lives, and clocks differ.
constexpr Milliseconds kSeenLifetime = limits::kEnvelopeLifetimeMax * 2;

/// A chain that the directory gave so lately is not asked for because somebody says so: a contact
/// must not use up our lookups. A change in that time is found by the next Send.
constexpr Milliseconds kHintPause = std::chrono::seconds{5};

constexpr auto kClassic = static_cast<std::uint8_t>(protocol::Suite::classic);

}  // namespace

Inbox::Inbox(store::Vault& vault, Connection& connection, Peers& peers, Outbox& outbox,
             ProgressBook& progress, OwnChain& own, Resealing& resealing, const Self& self)
    : vault_{vault},
      connection_{connection},
      peers_{peers},
      outbox_{outbox},
      progress_{progress},
      own_{own},
      resealing_{resealing},
      self_{self} {}

Result<void> Inbox::on_online(std::uint64_t waiting, UnixMillis now) {
  announced_ = waiting;
  last_arrival_ = now;
  if (forgot_old_) return {};
  TRY(vault_.transact([&] { return vault_.forget_seen(now - kSeenLifetime); }));
  forgot_old_ = true;
  return {};
}

void Inbox::on_deliver(wire::Deliver deliver, UnixMillis now) {
  last_arrival_ = now;
  const bool is_here = std::ranges::any_of(
      held_, [&](const Held& held) { return held.deliver.sequence == deliver.sequence; });
  if (is_here) return;
  // The server's window is smaller, so this is a broken one; the rest comes again.
  if (held_.size() >= limits::kHeldDeliveriesMax) return connection_.drop();
  held_.push_back({std::move(deliver), std::nullopt, false});
}

Result<void> Inbox::on_undelivered(const wire::Undelivered& undelivered, UnixMillis now) {
  TRY(vault_.transact(
      [&] { return progress_.on_expired(undelivered.message, undelivered.device, now); }));
  done(undelivered.sequence, now);
  return {};
}

void Inbox::on_disconnected() {
  held_.clear();
  acknowledgements_.clear();
  announced_ = 0;
}

void Inbox::on_tick(UnixMillis now) {
  if (held_.empty() && now - last_arrival_ >= kAnnouncedWait) announced_ = 0;
}

UnixMillis Inbox::wake_at() const {
  return announced_ != 0 && held_.empty() ? last_arrival_ + kAnnouncedWait : UnixMillis::max();
}

Result<void> Inbox::pump(UnixMillis now) {
  std::set<AccountId> waiting;  // those who come later must not overtake
  for (auto it = held_.begin(); it != held_.end();) {
    const auto& sender = it->deliver.sender_account;
    if (waiting.contains(sender)) {
      ++it;
    } else if (TRY(handle(*it, now))) {
      done(it->deliver.sequence, now);
      it = held_.erase(it);
    } else {
      waiting.insert(sender);
      ++it;
    }
  }
  if (!acknowledgements_.empty()) {
    connection_.tell(wire::Acknowledge{std::exchange(acknowledgements_, {})});
  }
  return {};
}

void Inbox::done(wire::Sequence sequence, UnixMillis now) {
  acknowledgements_.push_back(sequence);
  last_arrival_ = now;
  if (announced_ > 0) --announced_;
}

/// True: it is in the vault, or set aside for good. False: the directory has to answer first.
Result<bool> Inbox::handle(Held& held, UnixMillis now) {
  const auto& deliver = held.deliver;
  bool wait = false;
  const auto* sender = TRY(sender_of(held, wait, now));
  if (wait) return false;
  if (sender == nullptr) {
    TRY(set_aside(deliver, unlisted_device_alert(), now));
    return true;
  }
  if (!held.content) {
    held.content = open(deliver, sender->devices.at(deliver.sender));
    if (!held.content) {
      TRY(resealing_.on_unopened(deliver, now));
      return true;
    }
  }
  if (!TRY(handle_opened(held, *sender, now))) return false;
  TRY(resealing_.on_opened(deliver.sender, deliver.message));
  return true;
}

Result<bool> Inbox::handle_opened(Held& held, const Peer& sender, UnixMillis now) {
  const auto& deliver = held.deliver;
  if (!is_meant(*held.content, deliver)) {
    TRY(set_aside(deliver, forged_content_alert(), now));
    return true;
  }
  if (const auto* request = std::get_if<wire::ReSeal>(&held.content->kind)) {
    TRY(resealing_.on_request(deliver, *request, now));
    return true;
  }
  if (deliver.sender_account == self_.profile.account) return handle_own(held, now);
  if (const auto* receipt = std::get_if<wire::Receipt>(&held.content->kind)) {
    TRY(keep_receipt(held, *receipt, now));
    return true;
  }
  if (const auto* change = std::get_if<wire::DevicesChanged>(&held.content->kind)) {
    TRY(note_change(held, sender, *change, now));
    return true;
  }
  if (std::holds_alternative<wire::DeviceName>(held.content->kind)) return true;  // none of ours
  const auto shown = TRY(shown_as(held, sender, now));
  if (!shown) return false;
  TRY(keep_message(held, *shown, now));
  return true;
}

/// The sender's account, if the sending device is in its verified chain; else null. The chain is
/// asked for once more before we believe that it is not.
Result<const Peer*> Inbox::sender_of(Held& held, bool& wait, UnixMillis now) {
  const auto& account = held.deliver.sender_account;
  const bool is_own = account == self_.profile.account;
  if (held.deliver.sender == self_.profile.device) return static_cast<const Peer*>(nullptr);
  if (is_own && own_.is_behind()) {
    wait = true;
    return static_cast<const Peer*>(nullptr);
  }
  const auto finding = TRY(peers_.by_account(account, true, now));
  if (finding.peer != nullptr && finding.peer->devices.contains(held.deliver.sender)) {
    return finding.peer;
  }
  wait = finding.state == Finding::State::waiting;
  if (finding.state == Finding::State::known && !held.refreshed) {
    held.refreshed = true;
    is_own ? own_.refresh() : peers_.refresh(account);
    wait = true;
  }
  return static_cast<const Peer*>(nullptr);
}

std::optional<wire::Content> Inbox::open(const wire::Deliver& deliver,
                                         const protocol::DevicePublicKeys& sender) {
  if (deliver.suite != kClassic) return std::nullopt;
  const auto plain = protocol::open(protocol::Suite::classic, self_.keys, sender, deliver.sealed);
  if (!plain.ok()) return std::nullopt;
  auto content = wire::parse_content(plain.value().reveal());
  if (!content.ok()) return std::nullopt;
  return std::move(content).take();
}

bool Inbox::is_meant(const wire::Content& content, const wire::Deliver& deliver) const {
  return content.message == deliver.message && content.sender_account == deliver.sender_account &&
         (content.recipient_account == self_.profile.account ||
          content.sender_account == self_.profile.account);
}

/// Nothing while the directory is being asked about the handle that the sender claims.
Result<std::optional<Inbox::ShownAs>> Inbox::shown_as(const Held& held, const Peer& sender,
                                                      UnixMillis now) {
  const auto account = sender.chain.account();
  ShownAs by_code{code_name_of(sender.chain), {}};
  const auto& claimed = held.content->sender_handle;
  const auto handle = Handle::parse(claimed);
  if (!handle.ok() || handle.value().text() != claimed) return std::optional{by_code};
  const auto finding = TRY(peers_.by_handle(claimed, true, now));
  if (finding.state == Finding::State::waiting) return std::optional<ShownAs>{};
  const bool is_proven = finding.peer != nullptr && finding.peer->chain.account() == account;
  if (is_proven && finding.state != Finding::State::absent) {
    return std::optional{ShownAs{claimed, {}}};
  }
  by_code.alert = borrowed_handle_alert(by_code.handle, claimed);
  return std::optional{by_code};
}

Result<void> Inbox::keep_message(const Held& held, const ShownAs& shown, UnixMillis now) {
  const auto& content = *held.content;
  store::MessageRecord message;
  message.id = content.message;
  message.author = held.deliver.sender;
  message.author_account = content.sender_account;
  message.chat = chat_of(content.sender_account);
  message.peer = content.sender_account;
  message.peer_handle = shown.handle;
  message.sender_name = content.sender_name;
  message.sent = content.sent;
  message.stored = now;
  if (const auto* text = std::get_if<wire::Text>(&content.kind)) {
    message.text = text->text;
    message.reply_to = text->reply_to;
  } else {
    message.needs_newer = true;
  }
  const bool may_alert = !shown.alert.empty() && !alerted_.contains(message.author);

  std::optional<store::OutboxRecord> receipt;
  TRY(vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.mark_seen(message.author, message.id, now))) return {};
    if (!TRY(vault_.add_message(message))) return {};
    TRY(add_message_event(message, now));
    if (may_alert) TRY(add_alert(vault_, shown.alert, now));
    receipt = TRY(
        outbox_.write_receipt(message.peer, wire::ReceiptState::delivered, {{message.id}}, now));
    return {};
  }));
  if (receipt) outbox_.add(std::move(*receipt));
  if (may_alert && alerted_.size() < kAlertedMax) alerted_.insert(message.author);
  return {};
}

Result<void> Inbox::add_message_event(const store::MessageRecord& message, UnixMillis now) {
  store::EventRecord event;
  event.kind = store::EventKind::message;
  event.at = now;
  event.author = message.author;
  event.message = message.id;
  event.chat = message.chat;
  TRY(vault_.add_event(event));
  return {};
}

Result<void> Inbox::keep_receipt(const Held& held, const wire::Receipt& receipt, UnixMillis now) {
  const auto& deliver = held.deliver;
  return vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.mark_seen(deliver.sender, deliver.message, now))) return {};
    return progress_.on_receipt(deliver.sender_account, deliver.sender, receipt, now);
  });
}

/// A hint, and no more than that: the chain is fetched and verified like any other.
Result<void> Inbox::note_change(const Held& held, const Peer& sender,
                                const wire::DevicesChanged& change, UnixMillis now) {
  const auto& deliver = held.deliver;
  const bool is_recent = sender.checked <= now && now - sender.checked < kHintPause;
  const bool is_news = change.seqno > sender.chain.seqno() && !is_recent;
  bool is_first = false;
  TRY(vault_.transact([&]() -> Result<void> {
    is_first = TRY(vault_.mark_seen(deliver.sender, deliver.message, now));
    return {};
  }));
  if (is_news && is_first) peers_.refresh(deliver.sender_account);
  return {};
}

/// Not shown. One alert a sender and run says so. It is not marked as seen: the true message may
/// still come under the same id.
Result<void> Inbox::set_aside(const wire::Deliver& deliver, std::string alert, UnixMillis now) {
  if (alerted_.size() >= kAlertedMax || alerted_.contains(deliver.sender)) return {};
  TRY(vault_.transact([&] { return add_alert(vault_, std::move(alert), now); }));
  alerted_.insert(deliver.sender);
  return {};
}

}  // namespace martlet::client
