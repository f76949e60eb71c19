#include "client/engine.h"

#include <algorithm>

#include "client/approval.h"
#include "client/connection.h"
#include "client/contact_book.h"
#include "client/conversations.h"
#include "client/errors.h"
#include "client/inbox.h"
#include "client/names.h"
#include "client/outbox.h"
#include "client/own_chain.h"
#include "client/own_handles.h"
#include "client/peers.h"
#include "client/progress.h"
#include "client/resealing.h"
#include "client/self.h"
#include "client/typed_handle.h"
#include "phone/number.h"
#include "transparency/link_builder.h"

namespace martlet::client {
namespace {

/// A clock that goes back by less is only being corrected.
constexpr Milliseconds kClockStep = std::chrono::seconds{2};
constexpr Milliseconds kUpkeepInterval = std::chrono::days{1};

/// Joins the parts. Frames go first to the connection, then to whoever asked; after anything that
/// happened, pump() lets each part do what it now can.
class MartletEngine final : public Engine {
 public:
  MartletEngine(store::Vault& vault, Random& random, Self self)
      : vault_{vault},
        self_{std::move(self)},
        connection_{vault, self_, random},
        own_{vault, connection_, self_},
        approval_{vault, connection_, own_, self_, random},
        handles_{vault, connection_, self_},
        peers_{vault, connection_, self_},
        progress_{vault, self_},
        outbox_{vault, connection_, peers_, progress_, own_, self_, random},
        resealing_{vault, outbox_, self_},
        inbox_{vault, connection_, peers_, outbox_, progress_, own_, resealing_, self_},
        contacts_{vault, self_, random},
        conversations_{vault, outbox_, peers_, contacts_, self_, random} {}

  Result<void> load() {
    TRY(outbox_.load());
    TRY(handles_.load());
    return resealing_.load();
  }

  // --- network side ---
  bool wants_connection(UnixMillis now) const override { return connection_.is_wanted(now); }
  const store::ServerAddress& server() const override { return self_.profile.server; }

  void on_connected(const std::array<std::uint8_t, 32>& exporter, UnixMillis now) override {
    note_time(now);
    connection_.on_connected(exporter, now);
  }

  void on_frame(ByteView bytes, UnixMillis now) override {
    note_time(now);
    auto frame = wire::parse_frame(bytes);
    if (!frame.ok()) return connection_.drop();
    const bool was_online = connection_.online();
    if (!connection_.on_frame(frame.value(), now)) {
      check(dispatch(std::move(frame).take(), now));
    } else if (!was_online && connection_.online()) {
      own_.on_announced(connection_.head_at_login());
      handles_.on_online();
      check(inbox_.on_online(connection_.waiting_at_login(), now));
      check(keep_up(now));
      check(outbox_.tell_own_name(false, now));
    }
    pump(now);
  }

  void on_disconnected(UnixMillis now) override {
    note_time(now);
    connection_.on_disconnected(now);
    own_.on_disconnected();
    approval_.on_disconnected(now);
    handles_.on_disconnected();
    peers_.on_disconnected();
    outbox_.on_disconnected();
    inbox_.on_disconnected();
  }

  void on_tick(UnixMillis now) override {
    note_time(now);
    connection_.on_tick(now);
    inbox_.on_tick(now);
    if (connection_.online() && now - kept_up_ >= kUpkeepInterval) check(keep_up(now));
    pump(now);
  }

  UnixMillis wake_at() const override {
    auto at = connection_.wake_at();
    if (connection_.online() && connection_.is_open()) {
      at = std::min({at, own_.wake_at(), approval_.wake_at(), handles_.wake_at(), peers_.wake_at(),
                     outbox_.wake_at(), inbox_.wake_at()});
    }
    return at;
  }

  std::vector<Bytes> take_frames() override { return connection_.take_frames(); }
  bool take_close_wish() override { return connection_.take_close_wish(); }
  Link link() const override { return connection_.link(); }
  bool settled() const override {
    return connection_.online() && connection_.is_open() && !connection_.has_requests() &&
           own_.idle() && handles_.idle() && outbox_.empty() && inbox_.idle() &&
           !peers_.has_questions();
  }
  const std::optional<ApiError>& fatal() const override { return connection_.fatal(); }
  Answer<Health> health() override;

  // --- the own account's devices ---
  const std::vector<Bytes>& own_links() const override { return self_.profile.links; }
  const transparency::AccountChain& own_chain() const override { return self_.chain; }
  const crypto::SigningKey& signing_key() const override { return self_.keys.signing; }
  Answer<std::vector<DeviceInfo>> devices() override;
  Answer<AppendTicket> append_link(Bytes link, UnixMillis now) override {
    if (!enrolled()) return errors::kEnrollmentPending;
    return pumped(own_.append(std::move(link)), now);
  }
  Answer<AppendProgress> append_progress(AppendTicket ticket) const override {
    return own_.progress(ticket);
  }
  Answer<AppendTicket> revoke(const DeviceId& device, transparency::RevokeReason reason,
                              UnixMillis now) override;
  Answer<void> rename(const DeviceId& device, const std::string& name, UnixMillis now) override;
  Answer<void> approve(const std::string& code, UnixMillis now) override {
    if (!enrolled()) return errors::kEnrollmentPending;
    return pumped(approval_.begin(code, {self_.profile.handle}, now), now);
  }
  std::optional<ApprovalEvent> approval_event() override { return approval_.take_event(); }
  void decide_approval(std::optional<transparency::Role> role, UnixMillis now) override {
    approval_.decide(role, now);
    pump(now);
  }
  void cancel_approval(UnixMillis now) override { approval_.cancel(now); }

  // --- the recovery words ---
  Answer<transparency::RecoveryText> recovery_words() override {
    auto entropy = TRY(from_vault(load_recovery_entropy(vault_)));
    if (!entropy) return errors::kNoRecoveryWords;
    return transparency::recovery_words(*entropy);
  }
  Answer<void> forget_recovery_words() override {
    return from_vault(vault_.transact([&] { return erase_recovery_entropy(vault_); }));
  }

  Answer<HandleTicket> ask_handles(const HandleAsk& ask, UnixMillis now) override;
  Answer<HandleProgress> handle_progress(HandleTicket ticket) const override {
    return handles_.progress(ticket);
  }

  // --- verbs ---
  bool enrolled() const override { return self_.profile.enrolled; }
  Answer<void> set_region(const std::string& region) override {
    if (!phone::is_known_region(region)) return errors::kBadRegion;
    self_.region = region;
    return {};
  }
  std::string region() const override { return home_region(self_); }
  WhoamiAnswer whoami() const override;

  Answer<SendAnswer> send(const SendRequest& request, UnixMillis now) override {
    if (!enrolled()) return errors::kEnrollmentPending;
    return pumped(conversations_.send(request, now), now);
  }
  Answer<std::size_t> read(const std::string& chat, UnixMillis now) override {
    if (!enrolled()) return errors::kEnrollmentPending;
    return pumped(conversations_.read(chat, now), now);
  }
  Answer<Progress> progress(const MessageId& message) override {
    return conversations_.progress(message);
  }
  Answer<std::vector<store::ChatRecord>> chats() override { return from_vault(vault_.chats()); }
  Answer<std::vector<store::MessageRecord>> history(const HistoryRequest& request) override {
    return conversations_.history(request);
  }
  Answer<store::ContactRecord> contact_add(const ContactAddRequest& request,
                                           UnixMillis now) override {
    return contacts_.add(request, now);
  }
  Answer<ContactImport> contact_import(std::string_view file, UnixMillis now) override {
    return contacts_.import(file, now);
  }
  Answer<std::vector<store::ContactRecord>> contacts() override {
    return from_vault(vault_.contacts());
  }
  Answer<std::vector<store::ContactRecord>> candidates(const std::string& name) override {
    return contacts_.candidates(name);
  }
  Answer<std::map<AccountId, std::string>> names_of_peers() override {
    return contacts_.names_of_peers();
  }
  Answer<std::vector<Event>> events(store::Cursor after, std::size_t limit) override {
    return conversations_.events(after, limit);
  }
  Answer<store::Cursor> consumed(const std::string& consumer) override {
    return from_vault(vault_.consumed(consumer));
  }
  Answer<void> set_consumed(const std::string& consumer, store::Cursor cursor) override {
    return from_vault(vault_.transact([&] { return vault_.set_consumed(consumer, cursor); }));
  }

 private:
  Result<void> dispatch(wire::Frame frame, UnixMillis now) {
    if (auto* deliver = std::get_if<wire::Deliver>(&frame.body)) {
      inbox_.on_deliver(std::move(*deliver), now);
    } else if (const auto* undelivered = std::get_if<wire::Undelivered>(&frame.body)) {
      TRY(inbox_.on_undelivered(*undelivered, now));
    } else if (const auto* changed = std::get_if<wire::ChainChanged>(&frame.body)) {
      if (changed->account == self_.profile.account) own_.on_announced(changed->head);
    } else if (const auto* handles = std::get_if<wire::Handles>(&frame.body);
               handles != nullptr && frame.request == 0) {
      TRY(handles_.on_push(*handles, now));
    } else if (!approval_.on_frame(frame, now) && !TRY(own_.on_answer(frame, now)) &&
               !TRY(handles_.on_answer(frame, now)) && !TRY(peers_.on_answer(frame, now))) {
      TRY(outbox_.on_answer(frame, now));
    }
    return {};
  }

  Result<void> keep_up(UnixMillis now) {
    kept_up_ = now;
    return resealing_.upkeep(now);
  }

  void pump(UnixMillis now) {
    if (!connection_.online() || !connection_.is_open()) return;
    if (!own_.is_behind() && own_.take_grown()) {
      check(outbox_.tell_of_devices(now));
      check(outbox_.tell_own_name(true, now));
    }
    check(inbox_.pump(now));
    check(outbox_.pump(now));
    check(approval_.pump(now));
    check(own_.pump(now));
    handles_.pump(now);
    peers_.pump(now);
  }

  /// After a vault that failed the parts may be ahead of the disk: a new connection sets them
  /// right.
  void check(const Result<void>& done) {
    if (done.ok()) return;
    if (done.error().failure == Failure::unavailable) return connection_.drop();
    connection_.stop(errors::of_vault(done.error()));
  }

  template <class T>
  Answer<T> pumped(Answer<T> answer, UnixMillis now) {
    if (answer.ok()) pump(now);
    return answer;
  }

  void note_time(UnixMillis now) {
    if (now + kClockStep < last_time_) {
      connection_.on_clock_set_back(now);
      own_.on_clock_set_back();
      handles_.on_clock_set_back();
      peers_.on_clock_set_back();
      outbox_.on_clock_set_back();
      kept_up_ = now;
    }
    last_time_ = now;
  }

  store::Vault& vault_;
  Self self_;
  Connection connection_;
  OwnChain own_;
  Approval approval_;
  OwnHandles handles_;
  Peers peers_;
  ProgressBook progress_;
  Outbox outbox_;
  Resealing resealing_;
  Inbox inbox_;
  ContactBook contacts_;
  Conversations conversations_;
  UnixMillis last_time_{};
  UnixMillis kept_up_{};
};

WhoamiAnswer MartletEngine::whoami() const {
  const auto& profile = self_.profile;
  return {profile.handle,          profile.name,   profile.device_name,
          profile.account,         profile.device, self_.chain.public_code(),
          to_text(profile.server), profile.admin,  handles_.known()};
}

Answer<Health> MartletEngine::health() {
  Health health;
  health.undecryptable_total = TRY(from_vault(resealing_.undecryptable_total()));
  health.waiting_to_open = resealing_.waiting();
  health.outbox = TRY(from_vault(vault_.outbox_size()));
  health.kept = TRY(from_vault(vault_.kept_size()));
  health.clock_skew = connection_.clock_skew();
  return health;
}

Answer<HandleTicket> MartletEngine::ask_handles(const HandleAsk& ask, UnixMillis now) {
  if (!enrolled()) return errors::kEnrollmentPending;
  auto asked = ask;
  if (ask.what != HandleAsk::What::list) {
    asked.handle = TRY(parse_typed_handle(ask.handle, home_region(self_))).text();
  }
  const auto ticket = handles_.ask(std::move(asked));
  pump(now);
  return ticket;
}

Answer<std::vector<DeviceInfo>> MartletEngine::devices() {
  const auto names = TRY(from_vault(vault_.device_names()));
  std::vector<DeviceInfo> devices;
  for (const auto& device : self_.chain.devices()) {
    DeviceInfo info{device.id, device.role, device.added_at, {}, device.id == self_.profile.device,
                    {},        {}};
    const auto link = transparency::parse_link(self_.profile.links.at(device.added_at));
    if (link.ok()) info.added = link.value().fields.time;
    const auto named = std::ranges::find(names, device.id, &store::DeviceNameRecord::device);
    if (named != names.end()) {
      info.name = named->name;
      info.platform = named->platform;
    }
    if (info.own && named == names.end()) info.name = self_.profile.device_name;
    devices.push_back(std::move(info));
  }
  std::ranges::sort(devices, {}, &DeviceInfo::added_at);
  return devices;
}

Answer<void> MartletEngine::rename(const DeviceId& device, const std::string& name,
                                   UnixMillis now) {
  if (!is_name(name) || name.empty()) return errors::kBadProfileName;
  const auto all = TRY(devices());
  const auto found = std::ranges::find(all, device, &DeviceInfo::device);
  if (found == all.end()) return errors::kUnknownAccountDevice;
  TRY(from_vault(outbox_.tell_name({device, name, found->platform}, now)));
  if (found->own) self_.profile.device_name = name;
  pump(now);
  return {};
}

Answer<AppendTicket> MartletEngine::revoke(const DeviceId& device,
                                           transparency::RevokeReason reason, UnixMillis now) {
  if (self_.chain.find(device) == nullptr) return errors::kUnknownAccountDevice;
  const auto* self = self_.chain.find(self_.profile.device);
  const bool may = self != nullptr &&
                   (self->role == transparency::Role::admin || device == self_.profile.device);
  if (!may) return errors::kNotAdmin;
  return append_link(
      transparency::create_link(transparency::next_place(self_.chain),
                                transparency::RevokeBody{device, reason}, now, self_.keys.signing),
      now);
}

}  // namespace

Answer<std::unique_ptr<Engine>> Engine::open(store::Vault& vault, Random& random) {
  auto self = TRY(load_self(vault));
  auto engine = std::make_unique<MartletEngine>(vault, random, std::move(self));
  TRY(from_vault(engine->load()));
  return std::unique_ptr<Engine>{std::move(engine)};
}

}  // namespace martlet::client
