#include "client/outbox.h"

#include <algorithm>

#include "base/limits.h"
#include "client/alerts.h"
#include "client/errors.h"

namespace martlet::client {
namespace {

using store::FailureReason;

constexpr std::size_t kSendsInFlight = 16;
constexpr Milliseconds kRetryDelayMin = std::chrono::milliseconds{500};
constexpr Milliseconds kRetryDelayMax = std::chrono::minutes{5};
/// So many "look again" in a row are followed at once, then with a growing delay.
constexpr unsigned kRoundsAtOnce = 2;
/// After so many "no such device" although the directory lists it, the server is not of one mind.
constexpr unsigned kRoundsMax = 6;

Result<Bytes> content_for(const store::OutboxRecord& record, const AccountId& recipient) {
  auto content = wire::parse_content(record.content);
  if (!content.ok()) return Error{Failure::corrupt, "a stored content does not parse"};
  content.value().recipient_account = recipient;
  return wire::encode(content.value());
}

/// What is sealed: a content that goes out again stays as it was.
Result<Bytes> sealed_as(const store::OutboxRecord& record, const AccountId& recipient) {
  if (record.kind == store::OutboxKind::again) return Bytes{record.content};
  return content_for(record, recipient);
}

Result<MessageId> message_of(ByteView encoded) {
  const auto content = wire::parse_content(encoded);
  if (!content.ok()) return Error{Failure::corrupt, "a stored content does not parse"};
  return content.value().message;
}

store::OutboxRecord record_of(store::OutboxKind kind, const wire::Content& content) {
  store::OutboxRecord record;
  record.message = content.message;
  record.kind = kind;
  record.recipient = content.recipient_account;
  record.content = wire::encode(content);
  record.created = content.sent;
  return record;
}

/// Texts and read receipts. Each device gives delivered receipts on its own account, and follows
/// the own chain by itself.
bool is_for_own_devices(ByteView encoded) {
  const auto content = wire::parse_content(encoded);
  if (!content.ok()) return false;
  const auto* receipt = std::get_if<wire::Receipt>(&content.value().kind);
  if (receipt != nullptr) return receipt->state == wire::ReceiptState::read;
  return std::holds_alternative<wire::Text>(content.value().kind);
}

FailureReason reason_of(wire::RefusalCode code) {
  switch (code) {
    case wire::RefusalCode::too_large:
      return FailureReason::too_large;
    case wire::RefusalCode::peer_suspended:
      return FailureReason::suspended;
    default:
      return FailureReason::refused;
  }
}

}  // namespace

Outbox::Outbox(store::Vault& vault, Connection& connection, Peers& peers, ProgressBook& progress,
               OwnChain& own, const Self& self, Random& random)
    : vault_{vault},
      connection_{connection},
      peers_{peers},
      progress_{progress},
      own_{own},
      self_{self},
      random_{random} {}

Outbox::Recipient Outbox::recipient_of(const store::OutboxRecord& record) {
  if (!record.recipient.is_zero()) return {record.recipient, {}};
  return {{}, record.recipient_handle};
}

Result<void> Outbox::load() {
  for (auto& record : TRY(vault_.outbox())) {
    // It may have left already, so it must not change any more.
    auto& lane = lanes_[recipient_of(record)];
    lane.items.push_back({std::move(record), next_order_++, false});
  }
  return {};
}

void Outbox::add(store::OutboxRecord record) {
  const auto recipient = recipient_of(record);
  auto& items = lanes_[recipient].items;
  // Only the last item ever grows.
  if (!items.empty() && items.back().record.message == record.message) {
    items.back().record = std::move(record);
  } else {
    const bool may_grow = record.kind == store::OutboxKind::receipt;
    items.push_back({std::move(record), next_order_++, may_grow});
  }
}

Result<store::OutboxRecord> Outbox::write_receipt(const AccountId& peer, wire::ReceiptState state,
                                                  std::span<const MessageId> messages,
                                                  UnixMillis now) {
  wire::Content content;
  if (const auto* growing = growing_receipt(peer, state, messages.size())) {
    content = TRY(wire::parse_content(growing->record.content));
  } else {
    content = blank(peer, now);
    content.kind = wire::Receipt{state, {}};
  }
  auto& ids = std::get<wire::Receipt>(content.kind).messages;
  ids.insert(ids.end(), messages.begin(), messages.end());
  auto record = record_of(store::OutboxKind::receipt, content);
  TRY(vault_.put_outbox(record));
  return record;
}

wire::Content Outbox::blank(const AccountId& peer, UnixMillis now) {
  wire::Content content;
  content.message = random_.id<MessageId>();
  content.sent = now;
  content.sender_account = self_.profile.account;
  content.recipient_account = peer;
  content.sender_handle = self_.profile.handle;
  content.sender_name = self_.profile.name;
  return content;
}

Result<void> Outbox::tell_of_devices(UnixMillis now) {
  std::vector<store::OutboxRecord> notices;
  TRY(vault_.transact([&]() -> Result<void> {
    for (const auto& chat : TRY(vault_.chats())) {
      if (notices.size() == kChatsToldMax) break;
      if (chat.peer == self_.profile.account) continue;
      auto content = blank(chat.peer, now);
      content.kind = wire::DevicesChanged{self_.chain.seqno(), self_.chain.head()};
      auto record = record_of(store::OutboxKind::notice, content);
      TRY(vault_.put_outbox(record));
      notices.push_back(std::move(record));
    }
    return {};
  }));
  for (auto& notice : notices) add(std::move(notice));
  return {};
}

Result<void> Outbox::tell_own_name(bool again, UnixMillis now) {
  const auto names = TRY(vault_.device_names());
  const auto& profile = self_.profile;
  const auto known = std::ranges::find(names, profile.device, &store::DeviceNameRecord::device);
  if (known == names.end()) return tell_name({profile.device, profile.device_name, kPlatform}, now);
  return again ? tell_name({known->device, known->name, known->platform}, now) : Result<void>{};
}

Result<void> Outbox::tell_name(const wire::DeviceName& name, UnixMillis now) {
  const bool is_alone = self_.chain.devices().size() < 2;
  auto content = blank(self_.profile.account, now);
  content.kind = name;
  auto record = record_of(store::OutboxKind::notice, content);
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(vault_.put_device_name({name.device, name.name, name.platform, now}));
    return is_alone ? Result<void>{} : vault_.put_outbox(record);
  }));
  if (!is_alone) add(std::move(record));
  return {};
}

Result<store::OutboxRecord> Outbox::write_request(const AccountId& account, const DeviceId& device,
                                                  const MessageId& message, UnixMillis now) {
  auto content = blank(account, now);
  content.kind = wire::ReSeal{message};
  auto record = record_of(store::OutboxKind::notice, content);
  record.device = device;
  TRY(vault_.put_outbox(record));
  return record;
}

Result<store::OutboxRecord> Outbox::write_again(const AccountId& account, const DeviceId& device,
                                                Bytes content, UnixMillis now) {
  store::OutboxRecord record;
  record.message = random_.id<MessageId>();
  record.kind = store::OutboxKind::again;
  record.recipient = account;
  record.content = std::move(content);
  record.created = now;
  record.device = device;
  TRY(vault_.put_outbox(record));
  return record;
}

Outbox::Item* Outbox::growing_receipt(const AccountId& peer, wire::ReceiptState state,
                                      std::size_t more) {
  const auto lane = lanes_.find(Recipient{peer, {}});
  if (lane == lanes_.end()) return nullptr;
  auto& last = lane->second.items.back();
  const bool is_in_flight = lane->second.request != 0 && lane->second.items.size() == 1;
  if (!last.may_grow || is_in_flight) return nullptr;
  const auto content = wire::parse_content(last.record.content);
  if (!content.ok()) return nullptr;
  const auto* receipt = std::get_if<wire::Receipt>(&content.value().kind);
  const bool fits = receipt != nullptr && receipt->state == state &&
                    receipt->messages.size() + more <= limits::kReceiptMessagesMax;
  return fits ? &last : nullptr;
}

std::vector<MessageId> Outbox::waiting_for(const std::string& handle) const {
  std::vector<MessageId> messages;
  const auto lane = lanes_.find(Recipient{{}, handle});
  if (lane == lanes_.end()) return messages;
  for (const auto& item : lane->second.items) messages.push_back(item.record.message);
  return messages;
}

bool Outbox::waits(const MessageId& message) const {
  return std::ranges::any_of(lanes_, [&](const auto& lane) {
    return std::ranges::any_of(lane.second.items, [&](const Item& item) {
      return item.record.message == message && item.record.kind != store::OutboxKind::again;
    });
  });
}

Result<void> Outbox::pump(UnixMillis now) {
  if (!connection_.online() || lanes_.empty()) return {};
  if (own_.is_behind()) return {};
  if (limited_until_ > now) return {};
  limited_until_ = {};
  const auto own_head = self_.chain.head();
  // Lanes come and go on the way, so each step finds its place by key. Those that know only a
  // handle come first, and what they resolve to comes after them.
  for (auto it = lanes_.begin(); it != lanes_.end() && in_flight_.size() < kSendsInFlight;) {
    const auto recipient = it->first;
    TRY(pump_lane(recipient, own_head, now));
    it = lanes_.upper_bound(recipient);
  }
  return {};
}

Result<void> Outbox::pump_lane(const Recipient& recipient, const LinkId& own_head, UnixMillis now) {
  auto& lane = lanes_.at(recipient);
  if (lane.not_before > now) return {};
  lane.not_before = {};
  while (!lane.items.empty() && lane.request == 0) {
    const auto& first = lane.items.front();
    const auto finding = TRY(find(first, now));
    if (finding.state == Finding::State::waiting) return {};
    if (finding.state == Finding::State::absent) {
      TRY(fail_first(lane, FailureReason::unknown_handle, now));
    } else if (finding.state == Finding::State::suspect) {
      TRY(fail_first(lane, FailureReason::identity, now));
    } else if (recipient.account.is_zero()) {
      TRY(place(lane, *finding.peer, now));
    } else if (finding.peer->chain.account() != recipient.account) {
      TRY(fail_first(lane, FailureReason::identity, now));
    } else {
      TRY(send_first(lane, recipient, *finding.peer, own_head, now));
    }
  }
  if (lane.items.empty()) lanes_.erase(recipient);
  return {};
}

Result<Finding> Outbox::find(const Item& item, UnixMillis now) {
  const auto& record = item.record;
  if (record.recipient == self_.profile.account) {
    return peers_.by_account(record.recipient, true, now);
  }
  if (!record.recipient_handle.empty()) {
    return peers_.by_handle(record.recipient_handle, false, now);
  }
  return peers_.by_account(record.recipient, false, now);
}

/// The account behind a handle is known now: everything that waited for it moves to its lane.
Result<void> Outbox::place(Lane& lane, const Peer& peer, UnixMillis now) {
  const auto account = peer.chain.account();
  if (account == self_.profile.account) return fail_first(lane, FailureReason::refused, now);
  std::vector<Item> placed;
  TRY(vault_.transact([&]() -> Result<void> {
    for (const auto& item : lane.items) {
      auto record = item.record;
      record.recipient = account;
      record.content = TRY(content_for(record, account));
      TRY(vault_.put_outbox(record));
      TRY(vault_.place_message(self_.profile.device, record.message, chat_of(account), account));
      placed.push_back({std::move(record), item.order, false});
    }
    return {};
  }));
  for (auto& item : lane.items) crypto::wipe(item.record.content);
  lane.items.clear();
  auto& target = lanes_[Recipient{account, {}}];
  for (auto& item : placed) target.items.push_back(std::move(item));
  // Some may wait there that were written later: an earlier run got no further than the lookup.
  const auto first_free = target.items.begin() + (target.request != 0 ? 1 : 0);
  std::sort(first_free, target.items.end(),
            [](const Item& a, const Item& b) { return a.order < b.order; });
  return {};
}

/// What is written here shows on the own other devices too, and so does what was read here.
Result<void> Outbox::send_first(Lane& lane, const Recipient& recipient, const Peer& peer,
                                const LinkId& own_head, UnixMillis now) {
  auto& first = lane.items.front();
  const auto& record = first.record;
  const bool to_own = recipient.account == self_.profile.account;
  auto content = TRY(sealed_as(record, recipient.account));
  wire::Send send;
  send.message = TRY(message_of(content));
  if (!to_own) send.heads.push_back({recipient.account, peer.chain.head()});
  send.heads.push_back({self_.profile.account, own_head});
  bool fits = peer.chain.retired() || seal_for(peer, content, record.device, send);
  const bool reaches_them = !send.envelopes.empty();
  const bool for_all = record.device.is_zero();
  if (fits && reaches_them && !to_own && for_all && is_for_own_devices(content)) {
    // Finding another account may move the one found before.
    const auto own = TRY(peers_.by_account(self_.profile.account, true, now));
    fits = seal_for(*own.peer, content, DeviceId{}, send);
  }
  crypto::wipe(lane.content);
  lane.content = std::move(content);
  lane.sent_as = send.message;
  if (!fits) return fail_first(lane, FailureReason::too_large, now);
  if (!reaches_them) {
    if (to_own) return fail_first(lane, FailureReason::refused, now);  // no other device any more
    const auto who =
        record.recipient_handle.empty() ? code_name_of(peer.chain) : record.recipient_handle;
    const bool is_text = record.kind == store::OutboxKind::text;
    return fail_first(lane, FailureReason::refused, now,
                      is_text ? no_device_alert(who) : std::string{});
  }
  lane.targets.clear();
  for (const auto& envelope : send.envelopes) lane.targets.push_back(envelope.recipient);
  first.may_grow = false;
  lane.request = connection_.ask(std::move(send), now);
  in_flight_.emplace(lane.request, recipient);
  return {};
}

bool Outbox::seal_for(const Peer& peer, ByteView content, const DeviceId& only, wire::Send& send) {
  for (const auto& [device, keys] : peer.devices) {
    if (device == self_.profile.device || (!only.is_zero() && device != only)) continue;
    auto sealed = protocol::seal(protocol::Suite::classic, self_.keys, keys, content, random_);
    if (!sealed.ok()) return false;
    send.envelopes.push_back(
        {device, static_cast<std::uint8_t>(protocol::Suite::classic), std::move(sealed).take()});
  }
  return true;
}

Result<bool> Outbox::on_answer(const wire::Frame& frame, UnixMillis now) {
  const auto sent = in_flight_.find(frame.request);
  if (sent == in_flight_.end()) return false;
  const auto recipient = sent->second;
  in_flight_.erase(sent);
  auto& lane = lanes_.at(recipient);
  lane.request = 0;
  const auto* accepted = std::get_if<wire::Accepted>(&frame.body);
  const auto* stale = std::get_if<wire::StaleDevices>(&frame.body);
  if (accepted != nullptr && accepted->message == lane.sent_as) {
    TRY(accept_first(lane, now));
  } else if (stale != nullptr && stale->message == lane.sent_as) {
    look_again(lane, stale->accounts, now);
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body)) {
    TRY(on_refusal(lane, recipient, *refusal, now));
  } else {
    lane.not_before = now + kRetryDelayMax;  // a newer server's answer, or a confused one's
  }
  if (lane.items.empty()) lanes_.erase(recipient);
  return true;
}

Result<void> Outbox::accept_first(Lane& lane, UnixMillis now) {
  const auto& id = lane.items.front().record.message;
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(progress_.on_accepted(id, lane.targets, now));
    TRY(keep_first(lane, now));
    return vault_.remove_outbox(id);
  }));
  crypto::wipe(lane.content);
  crypto::wipe(lane.items.front().record.content);
  lane.items.pop_front();
  lane.rounds = 0;
  return {};
}

/// What was accepted is kept until each device has opened it (spec/delivery.md section 9).
Result<void> Outbox::keep_first(const Lane& lane, UnixMillis now) {
  const auto& record = lane.items.front().record;
  if (record.kind == store::OutboxKind::again) return {};
  const bool is_text = record.kind == store::OutboxKind::text;
  std::vector<DeviceId> targets;
  const auto rows = TRY(vault_.deliveries(record.message));
  for (const auto& device : lane.targets) {
    // A receipt may have overtaken the server's answer.
    const auto row = std::ranges::find(rows, device, &store::DeliveryRecord::device);
    const bool has_it = row != rows.end() && (row->state == store::DeliveryState::delivered ||
                                              row->state == store::DeliveryState::read);
    if (!has_it) targets.push_back(device);
  }
  store::KeptRecord kept{record.message, record.recipient, is_text, lane.content, now};
  auto done = vault_.put_kept(kept, targets);
  crypto::wipe(kept.content);
  return done;
}

/// Whatever waits for an account goes to all of its devices, and copies to our own: so each of them
/// may have it early.
Result<void> Outbox::keep_for(const AccountId& account, const DeviceId& device,
                              const MessageId& message, UnixMillis now) {
  const auto* record = find_waiting(account, message);
  if (record == nullptr) return {};
  const bool is_text = record->kind == store::OutboxKind::text;
  store::KeptRecord kept{message, record->recipient, is_text,
                         TRY(content_for(*record, record->recipient)), now};
  auto done = vault_.put_kept(kept, {&device, 1});
  crypto::wipe(kept.content);
  return done;
}

const store::OutboxRecord* Outbox::find_waiting(const AccountId& account,
                                                const MessageId& message) const {
  for (const auto& [recipient, lane] : lanes_) {
    if (recipient.account.is_zero()) continue;  // was never sent
    if (recipient.account != account && account != self_.profile.account) continue;
    for (const auto& item : lane.items) {
      const bool is_it = item.record.message == message && item.record.device.is_zero();
      if (is_it && item.record.kind != store::OutboxKind::again) return &item.record;
    }
  }
  return nullptr;
}

Result<void> Outbox::fail_first(Lane& lane, FailureReason reason, UnixMillis now,
                                const std::string& alert) {
  const auto& id = lane.items.front().record.message;
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(progress_.on_failed(id, reason, now));
    if (!alert.empty()) TRY(add_alert(vault_, alert, now));
    return vault_.remove_outbox(id);
  }));
  crypto::wipe(lane.content);
  crypto::wipe(lane.items.front().record.content);
  lane.items.pop_front();
  lane.rounds = 0;
  return {};
}

Result<void> Outbox::on_refusal(Lane& lane, const Recipient& recipient,
                                const wire::Refusal& refusal, UnixMillis now) {
  switch (wire::action_for(refusal.code)) {
    case wire::Action::retry_later:
      if (refusal.code == wire::RefusalCode::limit_reached) {
        // The account's allowance, whoever it is for: to try the others would only waste sealing.
        limited_until_ = now + std::clamp(refusal.retry_after, kRetryDelayMin, kRetryDelayMax);
        return {};
      }
      lane.not_before = now + std::clamp(refusal.retry_after, kRetryDelayMin, kRetryDelayMax);
      return {};
    case wire::Action::look_up_again:
      if (lane.rounds >= kRoundsMax) return fail_first(lane, FailureReason::refused, now);
      look_again(lane, {{recipient.account}}, now);
      return {};
    case wire::Action::enrol_again:
      connection_.stop(errors::kUnknownDevice);
      return {};
    case wire::Action::give_up:
      return fail_first(lane, reason_of(refusal.code), now);
  }
  return {};
}

void Outbox::look_again(Lane& lane, std::span<const AccountId> accounts, UnixMillis now) {
  for (const auto& account : accounts) {
    account == self_.profile.account ? own_.refresh() : peers_.refresh(account);
  }
  if (lane.rounds++ >= kRoundsAtOnce) {
    const auto doublings = std::min(lane.rounds - kRoundsAtOnce, 10U);
    lane.not_before = now + std::min(kRetryDelayMin * (1U << doublings), kRetryDelayMax);
  }
}

void Outbox::on_disconnected() {
  in_flight_.clear();
  for (auto& [recipient, lane] : lanes_) lane.request = 0;
}

void Outbox::on_clock_set_back() {
  limited_until_ = {};
  for (auto& [recipient, lane] : lanes_) lane.not_before = {};
}

UnixMillis Outbox::wake_at() const {
  auto at = UnixMillis::max();
  if (in_flight_.size() >= kSendsInFlight || lanes_.empty()) return at;  // an answer comes first
  if (limited_until_ != UnixMillis{}) return limited_until_;
  for (const auto& [recipient, lane] : lanes_) {
    if (lane.request == 0 && lane.not_before != UnixMillis{}) at = std::min(at, lane.not_before);
  }
  return at;
}

}  // namespace martlet::client
