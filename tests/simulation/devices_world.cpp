#include "devices_world.h"

#include <algorithm>

#include "base/check.h"
#include "transparency/link_builder.h"

namespace martlet::simulation {
namespace {

constexpr std::size_t kDevicesOfMany = 16;
constexpr auto kStorm = std::chrono::minutes{30};

}  // namespace

DevicesWorld::DevicesWorld(std::uint64_t seed, const KeyPool& pool) : random_{seed}, pool_{pool} {
  const auto draw = random_.below(4);
  trouble_ = draw < 2 ? Trouble::garbled : draw == 2 ? Trouble::copy : Trouble::restore;
  server_ = std::make_unique<ServerNode>(schedule_, random_, Milliseconds{std::chrono::days{7}});
  accounts_ = 2 + random_.below(2);
  std::size_t key = 0;
  for (std::size_t account = 0; account < accounts_; ++account) {
    auto& member = members_.emplace_back();
    member.account = account;
    member.key = key++;
  }
  for (std::size_t account = 0; account < accounts_; ++account) {
    const bool is_many = account == 0 && random_.below(6) == 0;
    const auto more = is_many ? kDevicesOfMany - 1 : random_.below(4);
    for (std::size_t i = 0; i < more && key < kKeys; ++i) {
      auto& member = members_.emplace_back();
      member.account = account;
      member.key = key++;
    }
  }
  for (auto& member : members_) member.id = id_of(pool_.keys(member.key));
  totals_.devices = members_.size();
  enrol_all();
}

std::unique_ptr<ClientNode> DevicesWorld::make_node(const Member& member) {
  auto node = std::make_unique<ClientNode>(schedule_, random_, *server_, weather_, member.account);
  // Clocks differ: most by seconds, some by a year.
  const auto skew = static_cast<std::int64_t>(random_.below(20'000)) - 10'000;
  node->clock_skew =
      random_.below(6) == 0 ? Milliseconds{std::chrono::days{365}} : Milliseconds{skew};
  return node;
}

/// In fair weather: the first devices enrol, and half of the others are linked.
void DevicesWorld::enrol_all() {
  server_->start();
  server_->tick_forever();
  for (std::size_t i = 0; i < accounts_; ++i) {
    auto& member = members_[i];
    member.node = make_node(member);
    member.node->prepare(server_->invite(member.node->handle()), pool_.keys(member.key));
    member.node->start();
    run_until([&] { return member.node->engine().enrolled(); });
    member.in_since = schedule_.now();
  }
  for (std::size_t i = accounts_; i < members_.size(); ++i) {
    if (random_.below(2) == 0) continue;
    link(members_[i]);
    run_until([&] { return is_in(members_[i]); });
    let_in(members_[i]);
  }
}

void DevicesWorld::run_until(const std::function<bool()>& done) {
  for (int i = 0; i < 600 && !done(); ++i) {
    schedule_.run_until(schedule_.now() + std::chrono::seconds{1});
  }
  CHECK(done());
}

bool DevicesWorld::is_in(const Member& member) {
  auto& first = first_of(member.account);
  return first.up() && first.engine().own_chain().find(member.id) != nullptr;
}

void DevicesWorld::link(Member& member) {
  auto& first = first_of(member.account);
  if (!first.up() || !first.engine().enrolled() || is_in(member)) return;
  const auto keys = pool_.keys(member.key);
  const transparency::LinkSigner accepting{keys.signing};
  const transparency::DeviceEntry entry{
      transparency::Role::member, {{1, copy_of(keys.classic.encryption_key().der())}}, {}};
  const auto link = transparency::create_link(
      transparency::next_place(first.engine().own_chain()),
      transparency::AddBody{transparency::device_key_of(keys.signing, entry)}, schedule_.now(),
      first.engine().signing_key(), &accepting);
  static_cast<void>(first.engine().append_link(link, schedule_.now() + first.clock_skew).ok());
  first.turn();
}

void DevicesWorld::let_in(Member& member) {
  auto& first = first_of(member.account);
  member.node = make_node(member);
  member.node->adopt(first.engine(), pool_.keys(member.key));
  member.node->disk_faults = first.disk_faults;
  member.node->start();
  member.in_since = schedule_.now();
}

void DevicesWorld::plan_late_link(std::size_t index, UnixMillis end) {
  schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(1'200'000))},
                  [this, index, end] { await_link(index, end); });
}

void DevicesWorld::await_link(std::size_t index, UnixMillis end) {
  auto& member = members_[index];
  // Once the link may have been taken in, the device comes, or its mailbox would fill for nobody.
  if (schedule_.now() >= end && !member.is_coming) return;
  member.is_coming = true;
  if (is_in(member)) {
    let_in(member);
    ++totals_.linked_late;
    return plan_user(index, false, end);
  }
  link(member);
  schedule_.after(std::chrono::seconds{30}, [this, index, end] { await_link(index, end); });
}

void DevicesWorld::storm() {
  weather_ = {random_.below(200), random_.below(30), random_.below(50),
              Milliseconds{1 + static_cast<std::int64_t>(random_.below(2000))},
              trouble_ == Trouble::garbled ? 5 + random_.below(30) : 0};
  server_->disk_faults = random_.below(50);
  const auto end = schedule_.now() + kStorm;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].node) {
      plan_late_link(i, end);
      continue;
    }
    members_[i].node->disk_faults = random_.below(40);
    plan_user(i, false, end);
  }
  plan_accidents(end);
  if (trouble_ == Trouble::copy) plan_copy(end);
  if (trouble_ == Trouble::restore) plan_restore(end);
  if (random_.below(2) == 0) plan_revocation(end);
  schedule_.run_until(end);
}

void DevicesWorld::plan_user(std::size_t index, bool is_copy, UnixMillis end) {
  // Accounts of many devices would drown the others.
  const auto pause_max = 200'000 + 20'000 * members_.size();
  const auto pause = Milliseconds{static_cast<std::int64_t>(random_.below(pause_max))};
  if (schedule_.now() + pause >= end) return;
  schedule_.after(pause, [this, index, is_copy, end] {
    auto& member = members_[index];
    auto* node = is_copy ? member.copy.get() : member.node.get();
    auto to = random_.below(accounts_ - 1);
    if (to >= member.account) ++to;
    const auto handle = first_of(to).handle();
    if (node->is_off()) return;
    if (random_.below(5) == 0) {
      node->read(handle);
    } else {
      for (auto burst = 1 + random_.below(2); burst > 0; --burst) {
        node->send_text(
            to, handle,
            name_of(member) + (is_copy ? "b/" : "/") + std::to_string(node->wishes().size()));
      }
    }
    plan_user(index, is_copy, end);
  });
}

void DevicesWorld::plan_accidents(UnixMillis end) {
  const auto pause = Milliseconds{static_cast<std::int64_t>(random_.below(300'000))};
  if (schedule_.now() + pause >= end) return;
  schedule_.after(pause, [this, end] {
    const auto all = nodes();
    auto& node = *all[random_.below(all.size())];
    switch (random_.below(5)) {
      case 0:
        server_->kill();
        break;
      case 1:
      case 2:
        node.kill();
        break;
      case 3:  // in a drawer
        node.wants_network = false;
        node.kill();
        break;
      default:
        node.wants_network = true;
        node.turn();
        break;
    }
    plan_accidents(end);
  });
}

/// The first device of some account takes out another one.
void DevicesWorld::plan_revocation(UnixMillis end) {
  schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(2'000'000))}, [this, end] {
    std::vector<std::size_t> candidates;
    for (std::size_t i = accounts_; i < members_.size(); ++i) {
      if (members_[i].node && !touched_.contains(i)) candidates.push_back(i);
    }
    if (candidates.empty()) return;
    const auto index = candidates[random_.below(candidates.size())];
    touched_.insert(index);
    await_revocation(index, end);
  });
}

void DevicesWorld::await_revocation(std::size_t index, UnixMillis end) {
  auto& member = members_[index];
  auto& first = first_of(member.account);
  if (member.is_leaving && first.up() && !is_in(member)) {
    member.left = schedule_.now();
    ++totals_.revoked;
    return;
  }
  if (first.up() && is_in(member)) {
    member.is_leaving = true;
    static_cast<void>(
        first.engine()
            .revoke(member.id, transparency::RevokeReason::lost, schedule_.now() + first.clock_skew)
            .ok());
    first.turn();
  }
  // Beyond the storm too: a revocation that has begun is seen to its end.
  schedule_.after(std::chrono::seconds{30}, [this, index, end] { await_revocation(index, end); });
}

/// Somebody copies a profile to another machine; both run for a while.
void DevicesWorld::plan_copy(UnixMillis end) {
  schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(1'000'000))}, [this, end] {
    if (schedule_.now() >= end) return;
    const auto index = random_.below(members_.size());
    auto& member = members_[index];
    if (!member.node || !member.node->up() || touched_.contains(index)) return plan_copy(end);
    touched_.insert(index);
    ++totals_.copies;
    member.copied = schedule_.now();
    member.copy = make_node(member);
    member.copy->copy_disk(*member.node);
    member.copy->disk_faults = member.node->disk_faults;
    member.copy->start();
    plan_user(index, true, end);
    schedule_.after(std::chrono::minutes{10}, [this, index] { end_copy(index); });
  });
}

/// The user heeds the alert and switches the copy off. What it was shown he has seen.
void DevicesWorld::end_copy(std::size_t index) {
  auto& member = members_[index];
  if (!member.copy->up()) {
    schedule_.after(std::chrono::seconds{10}, [this, index] { end_copy(index); });
    return;
  }
  note_shown(member, *member.copy);
  if (is_told(*member.copy)) member.is_told = true;
  for (const auto& wish : member.copy->wishes()) {
    const auto message = member.copy->vault().message(member.id, wish.id);
    const bool is_out =
        wish.promised && message.value() && message.value()->state != store::MessageState::queued;
    if (is_out) member.copy_sent.push_back(wish);
  }
  member.copy->switch_off();
}

/// A backup of a profile is made, and put back later.
void DevicesWorld::plan_restore(UnixMillis end) {
  schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(900'000))}, [this, end] {
    if (schedule_.now() >= end) return;
    const auto index = random_.below(members_.size());
    auto& member = members_[index];
    if (!member.node || !member.node->up() || touched_.contains(index)) return plan_restore(end);
    touched_.insert(index);
    member.copied = schedule_.now();
    member.old = member.node->disk_copy();
    schedule_.after(std::chrono::minutes{12}, [this, index] { restore(index); });
  });
}

void DevicesWorld::restore(std::size_t index) {
  auto& member = members_[index];
  if (!member.node->up()) {
    schedule_.after(std::chrono::seconds{10}, [this, index] { restore(index); });
    return;
  }
  ++totals_.restored;
  note_shown(member, *member.node);
  member.restored = schedule_.now();
  member.node->restore_disk(*member.old);
}

void DevicesWorld::note_shown(Member& member, ClientNode& node) {
  for (const auto& author : members_) {
    if (!author.node) continue;
    for (const auto* writing : {author.node.get(), author.copy.get()}) {
      if (writing == nullptr) continue;
      for (const auto& wish : writing->wishes()) {
        if (!wish.promised) continue;
        if (node.vault().message(author.id, wish.id).value()) {
          member.shown_elsewhere.emplace(author.id, wish.id);
        }
      }
    }
  }
}

std::vector<ClientNode*> DevicesWorld::nodes() {
  std::vector<ClientNode*> all;
  for (auto& member : members_) {
    if (member.node) all.push_back(member.node.get());
    if (member.copy && !member.copy->is_off()) all.push_back(member.copy.get());
  }
  return all;
}

bool DevicesWorld::has_left(const DeviceId& device) const {
  return std::ranges::any_of(members_, [&](const Member& member) {
    return member.id == device && member.left != UnixMillis::max();
  });
}

bool DevicesWorld::quiet() {
  if (!server_->up() || server_->items_waiting() > 0) return false;
  return std::ranges::all_of(members_, [&](const Member& member) {
    if (member.copy && !member.copy->is_off()) return false;
    if (member.is_coming && !member.node) return false;
    if (member.old && member.restored == UnixMillis::max()) return false;
    if (member.is_leaving) return member.left != UnixMillis::max();
    if (!member.node) return true;
    if (!member.node->up() || !member.node->engine().settled()) return false;
    // Who has left cannot be asked any more.
    const auto unopened = member.node->vault().unopened().value();
    return std::ranges::all_of(unopened, [&](const auto& row) { return has_left(row.sender); });
  });
}

void DevicesWorld::calm() {
  weather_ = {};
  server_->disk_faults = 0;
  for (auto* node : nodes()) {
    node->disk_faults = 0;
    node->wants_network = true;
    node->turn();
  }
  const auto end = schedule_.now() + std::chrono::days{1};
  while (schedule_.now() < end) {
    schedule_.run_until(schedule_.now() + std::chrono::minutes{1});
    if (quiet()) break;
  }
  totals_.kills = server_->kills;
  totals_.spared = server_->spared_commits;
  totals_.on_segments = server_->on_segments() ? 1 : 0;
  totals_.power_cuts = server_->power_cuts;
  for (auto* node : nodes()) {
    totals_.kills += node->kills;
    garbled_.insert(node->garbled.begin(), node->garbled.end());
  }
  totals_.garbled = garbled_.size();
}

}  // namespace martlet::simulation
