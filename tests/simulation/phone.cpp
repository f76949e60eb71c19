// A second device of the first account, which comes in mid-flight and in some worlds leaves again.
#include "transparency/link_builder.h"
#include "world.h"

namespace martlet::simulation {
namespace {

/// The last of the pool: no client has it.
constexpr std::size_t kPhoneKeys = 4;

}  // namespace

void World::plan_phone(UnixMillis end) {
  schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(1'800'000))},
                  [this, end] { link_phone(end); });
}

void World::link_phone(UnixMillis end) {
  if (schedule_.now() >= end) return;
  auto& first = *clients_[0];
  const auto keys = pool_.keys(kPhoneKeys);
  if (first.up() && first.engine().enrolled() &&
      first.engine().own_chain().find(id_of(keys)) == nullptr) {
    const transparency::LinkSigner accepting{keys.signing};
    const transparency::DeviceEntry entry{
        transparency::Role::member, {{1, copy_of(keys.classic.encryption_key().der())}}, {}};
    const auto& chain = first.engine().own_chain();
    const auto link = transparency::create_link(
        transparency::next_place(chain),
        transparency::AddBody{transparency::device_key_of(keys.signing, entry)}, schedule_.now(),
        first.engine().signing_key(), &accepting);
    static_cast<void>(first.engine().append_link(link, schedule_.now() + first.clock_skew).ok());
    first.turn();
  }
  await_phone(end);
}

void World::await_phone(UnixMillis end) {
  schedule_.after(std::chrono::seconds{30}, [this, end] {
    auto& first = *clients_[0];
    const auto keys = pool_.keys(kPhoneKeys);
    const bool is_in = first.up() && first.engine().own_chain().find(id_of(keys)) != nullptr;
    if (!is_in) return link_phone(end);
    ++totals_.linked;
    phone_ = std::make_unique<ClientNode>(schedule_, random_, *server_, weather_, 0);
    phone_->adopt(first.engine(), pool_.keys(kPhoneKeys));
    phone_->disk_faults = first.disk_faults;
    for (const auto& client : clients_) wishes_before_phone_.push_back(client->wishes().size());
    phone_->start();
    plan_phone_user(end);
    if (random_.below(3) == 0) {
      schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(1'200'000))},
                      [this, end] { revoke_phone(end); });
    }
  });
}

void World::plan_phone_user(UnixMillis end) {
  const auto pause = Milliseconds{static_cast<std::int64_t>(random_.below(240'000))};
  if (schedule_.now() + pause >= end) return;
  schedule_.after(pause, [this, end] {
    const auto to = 1 + random_.below(clients_.size() - 1);
    if (random_.below(5) == 0) {
      phone_->read(clients_[to]->handle());
    } else {
      phone_->send_text(to, clients_[to]->handle(),
                        "phone/" + std::to_string(phone_->wishes().size()));
    }
    plan_phone_user(end);
  });
}

void World::revoke_phone(UnixMillis end) {
  auto& first = *clients_[0];
  if (schedule_.now() >= end || !first.up()) return;
  const auto ticket =
      first.engine().revoke(id_of(pool_.keys(kPhoneKeys)), transparency::RevokeReason::lost,
                            schedule_.now() + first.clock_skew);
  if (ticket.ok()) first.turn();
}

/// As the first device knows it in the end.
bool World::phone_is_in() const {
  return phone_ && clients_[0]->up() &&
         clients_[0]->engine().own_chain().find(id_of(pool_.keys(kPhoneKeys))) != nullptr;
}

void World::check_phone(std::vector<std::string>& broken) {
  if (!phone_) return;
  if (!phone_is_in()) {
    ++totals_.revoked;
    const bool knows = phone_->up() && phone_->engine().fatal() &&
                       phone_->engine().fatal()->code == client::ErrorCode::device_revoked;
    if (!knows) broken.push_back("the revoked phone does not know it: " + phone_->state());
    return;
  }
  if (!phone_->up() || !phone_->engine().settled()) {
    broken.push_back("the phone never settled: " + phone_->state());
    return;
  }
  if (phone_->undecryptable() > 0) broken.push_back("the phone could not open something");
  if (phone_->engine().own_chain().head() != clients_[0]->engine().own_chain().head()) {
    broken.push_back("phone and first device know different chains");
  }
  // What lives for minutes may have expired on its way to one of them.
  if (lifetime_ < std::chrono::hours{1}) return;
  check_synced(*clients_[0], wishes_before_phone_[0], *phone_, "the phone", broken);
  check_synced(*phone_, 0, *clients_[0], "the first device", broken);
  for (std::size_t i = 1; i < clients_.size(); ++i) {
    check_synced(*phone_, 0, *clients_[i], clients_[i]->handle(), broken);
    check_synced(*clients_[i], wishes_before_phone_[i], *phone_, "the phone", broken);
  }
}

/// What `author` wrote, to whom it concerns, stands at `reader` in the author's order.
void World::check_synced(ClientNode& author, std::size_t first_wish, ClientNode& reader,
                         const std::string& what, std::vector<std::string>& broken) {
  const auto device = author.engine().whoami().device;
  const bool same_account = author.engine().whoami().account == reader.engine().whoami().account;
  std::uint64_t last = 0;
  for (std::size_t i = first_wish; i < author.wishes().size(); ++i) {
    const auto& wish = author.wishes()[i];
    const bool concerns =
        same_account || clients_.at(wish.to)->handle() == reader.engine().whoami().handle;
    if (!wish.promised || !concerns) continue;
    const auto shown = reader.vault().message(device, wish.id);
    CHECK(shown.ok());
    const auto own = author.vault().message(device, wish.id);
    if (!shown.value()) {
      broken.push_back(wish.text + " is not on " + what);
      continue;
    }
    ++totals_.synced;
    if (shown.value()->text != wish.text) broken.push_back(wish.text + " is another on " + what);
    if (shown.value()->outgoing != same_account) {
      broken.push_back(wish.text + " goes the wrong way on " + what);
    }
    if (same_account && own.value() && own.value()->state != shown.value()->state) {
      broken.push_back(wish.text + " has another state on " + what);
    }
    // Texts to different people may overtake each other.
    if (!same_account && shown.value()->order < last) {
      broken.push_back(wish.text + " is out of order on " + what);
    }
    last = shown.value()->order;
  }
}

}  // namespace martlet::simulation
