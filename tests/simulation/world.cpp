#include "world.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/check.h"

namespace martlet::simulation {
namespace {

constexpr std::size_t kHistoryAll = 1'000'000;

}  // namespace

KeyPool::KeyPool(std::size_t devices) {
  std::ifstream file{MARTLET_SOURCE_DIR "/tests/simulation/keys.txt"};
  SeededRandom random{20'260'509};
  for (std::string line; made_.size() < devices && std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::array<std::uint8_t, 32> scalar;
    random.fill(scalar);
    made_.push_back({scalar, from_base64url(line).take()});
  }
  CHECK(made_.size() == devices);
}

protocol::DevicePrivateKeys KeyPool::keys(std::size_t device) const {
  const auto& made = made_.at(device);
  return {crypto::SigningKey::from_scalar(made.scalar).take(),
          crypto::ClassicDecryptionKey::from_der(made.classic_der).take()};
}

World::World(std::uint64_t seed, const KeyPool& pool) : random_{seed}, pool_{pool} {
  // Most worlds keep envelopes for days; some for so short that they expire unread.
  lifetime_ = random_.below(4) == 0 ? Milliseconds{std::chrono::minutes{20}}
                                    : Milliseconds{std::chrono::days{7}};
  server_ = std::make_unique<ServerNode>(schedule_, random_, lifetime_);
  const auto count = 2 + random_.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    clients_.push_back(std::make_unique<ClientNode>(schedule_, random_, *server_, weather_, i));
    // Clocks differ: most by seconds, some by a year.
    const auto skew = static_cast<std::int64_t>(random_.below(20'000)) - 10'000;
    clients_.back()->clock_skew =
        random_.below(8) == 0 ? Milliseconds{std::chrono::days{365}} : Milliseconds{skew};
  }
  enrol_all(pool);
}

void World::enrol_all(const KeyPool& pool) {
  server_->start();
  server_->tick_forever();
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    clients_[i]->prepare(server_->invite(clients_[i]->handle()), pool.keys(i));
  }
}

void World::storm() {
  weather_ = {random_.below(300), random_.below(30), random_.below(50),
              Milliseconds{1 + static_cast<std::int64_t>(random_.below(2000))}};
  server_->disk_faults = random_.below(100);
  for (auto& client : clients_) client->disk_faults = random_.below(60);
  const auto end = schedule_.now() + std::chrono::minutes{60};
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    clients_[i]->start();
    plan_user(i, end);
  }
  plan_accidents(end);
  if (random_.below(2) == 0) plan_phone(end);
  schedule_.run_until(end);
}

void World::plan_user(std::size_t index, UnixMillis end) {
  const auto pause = Milliseconds{static_cast<std::int64_t>(random_.below(240'000))};
  if (schedule_.now() + pause >= end) return;
  schedule_.after(pause, [this, index, end] {
    auto to = random_.below(clients_.size() - 1);
    if (to >= index) ++to;
    auto& client = *clients_[index];
    if (random_.below(5) == 0) {
      client.read(clients_[to]->handle());
    } else {
      // Bursts, so that order within a burst is put to the test.
      for (auto burst = 1 + random_.below(3); burst > 0; --burst) {
        client.send_text(to, clients_[to]->handle(),
                         std::to_string(index) + "/" + std::to_string(client.wishes().size()));
      }
    }
    plan_user(index, end);
  });
}

void World::plan_accidents(UnixMillis end) {
  const auto pause = Milliseconds{static_cast<std::int64_t>(random_.below(600'000))};
  if (schedule_.now() + pause >= end) return;
  schedule_.after(pause, [this, end] {
    const auto chosen = random_.below(clients_.size() + (phone_ ? 1 : 0));
    auto& client = chosen == clients_.size() ? *phone_ : *clients_[chosen];
    switch (random_.below(4)) {
      case 0:
        server_->kill();
        break;
      case 1:
        client.kill();
        break;
      case 2:  // a phone in a drawer
        client.wants_network = false;
        client.kill();
        break;
      default:
        client.wants_network = true;
        client.turn();
        break;
    }
    plan_accidents(end);
  });
}

bool World::quiet() {
  if (!server_->up() || server_->items_waiting() > 0) return false;
  if (phone_is_in() && !(phone_->up() && phone_->engine().settled())) return false;
  return std::all_of(clients_.begin(), clients_.end(), [](const auto& client) {
    return client->up() && client->engine().settled() && client->vault().outbox_size().value() == 0;
  });
}

void World::calm() {
  weather_ = {};
  server_->disk_faults = 0;
  // Envelopes that wait for one who stays away a little longer than they live expire.
  for (auto& client : clients_) client->disk_faults = 0;
  if (phone_) phone_->disk_faults = 0;
  const auto back =
      schedule_.now() + (lifetime_ < std::chrono::hours{1} ? lifetime_ * 2 : Milliseconds{1000});
  schedule_.run_until(back);
  for (auto& client : clients_) {
    client->wants_network = true;
    client->turn();
  }
  if (phone_) {
    phone_->wants_network = true;
    phone_->turn();
  }
  const auto end = schedule_.now() + std::chrono::days{30};
  while (schedule_.now() < end) {
    schedule_.run_until(schedule_.now() + std::chrono::minutes{1});
    if (quiet()) break;
  }
  totals_.kills = server_->kills;
  totals_.spared = server_->spared_commits;
  totals_.on_segments = server_->on_segments() ? 1 : 0;
  totals_.power_cuts = server_->power_cuts;
  for (auto& client : clients_) totals_.kills += client->kills;
}

std::vector<std::string> World::broken_promises() {
  std::vector<std::string> broken;
  if (!server_->up()) {
    broken.push_back("the server is down");
  } else if (server_->items_waiting() > 0) {
    broken.push_back(std::to_string(server_->items_waiting()) + " envelopes still wait");
  }
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    auto& client = *clients_[i];
    const auto name = client.handle();
    if (!client.up() || !client.engine().enrolled()) {
      broken.push_back(name + " is not enrolled");
      return broken;
    }
    accounts_.push_back(client.engine().whoami().account);
    devices_.push_back(client.engine().whoami().device);
    if (client.undecryptable() > 0) broken.push_back(name + " could not open something");
    if (client.vault().outbox_size().value() > 0)
      broken.push_back(name + " still has something in the outbox");
    if (!client.engine().settled()) broken.push_back(name + " never settled: " + client.state());
  }
  for (std::size_t from = 0; from < clients_.size(); ++from) {
    check_outgoing(from, broken);
    for (std::size_t to = 0; to < clients_.size(); ++to) {
      if (to != from) check_pair(from, to, broken);
    }
  }
  check_phone(broken);
  return broken;
}

/// Every wish that was promised ended as delivered, read or expired, and nothing else.
void World::check_outgoing(std::size_t from, std::vector<std::string>& broken) {
  for (const auto& wish : clients_[from]->wishes()) {
    if (!wish.promised) continue;
    ++totals_.promised;
    const auto message = clients_[from]->vault().find_message(wish.id);
    CHECK(message.ok());
    if (!message.value()) {
      broken.push_back("promised message " + wish.text + " is gone from its author's vault");
      continue;
    }
    const auto state = message.value()->state;
    const bool expired = state == store::MessageState::failed &&
                         message.value()->reason == store::FailureReason::expired;
    if (expired) ++totals_.expired;
    if (state != store::MessageState::delivered && state != store::MessageState::read && !expired) {
      // Its receipt may itself have expired, where envelopes live for minutes.
      if (state == store::MessageState::sent && lifetime_ < std::chrono::hours{1}) continue;
      broken.push_back("message " + wish.text + " ended in state " +
                       std::to_string(static_cast<int>(state)));
    }
  }
}

/// What `from` wrote to `to` stands there once, in the order written, unless reported as expired.
void World::check_pair(std::size_t from, std::size_t to, std::vector<std::string>& broken) {
  std::array<std::uint8_t, ChatId::kBytes> chat;
  std::copy_n(accounts_[from].array().begin(), chat.size(), chat.begin());
  const auto history = clients_[to]->vault().history(ChatId{chat}, 0, kHistoryAll);
  CHECK(history.ok());
  const auto& wishes = clients_[from]->wishes();
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    if (wishes[i].to == to) places[wishes[i].text] = i;
  }
  std::map<std::string, int> times;
  std::size_t last = 0;
  for (const auto& shown : history.value()) {
    if (shown.author != devices_[from]) continue;
    ++totals_.shown;
    const auto place = places.find(shown.text);
    if (place == places.end()) {
      broken.push_back("nobody wrote " + shown.text + " to " + std::to_string(to));
      continue;
    }
    if (++times[shown.text] > 1) broken.push_back(shown.text + " is shown twice");
    if (place->second < last) broken.push_back(shown.text + " is out of order");
    last = place->second;
  }
  for (const auto& wish : wishes) {
    if (wish.to != to || !wish.promised || times[wish.text] > 0) continue;
    const auto message = clients_[from]->vault().find_message(wish.id);
    const bool reported = message.value() && message.value()->state == store::MessageState::failed;
    // Where envelopes live for minutes it may have reached only the other device of the account.
    const bool on_phone = to == 0 && phone_ && phone_->up() &&
                          phone_->vault().message(devices_[from], wish.id).value().has_value();
    if (!reported && !on_phone)
      broken.push_back(wish.text + " was accepted, is not shown, and its author was not told");
  }
}

}  // namespace martlet::simulation
