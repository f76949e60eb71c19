// What has to be true in the end.
#include <algorithm>

#include "base/check.h"
#include "devices_world.h"

namespace martlet::simulation {
namespace {

constexpr std::size_t kAll = 1'000'000;

}  // namespace

std::vector<std::string> DevicesWorld::broken_promises() {
  std::vector<std::string> broken;
  if (!server_->up()) {
    broken.push_back("the server is down");
  } else if (server_->items_waiting() > 0) {
    broken.push_back(std::to_string(server_->items_waiting()) + " envelopes still wait");
  }
  for (const auto& member : members_) {
    if (member.node) check_settled(member, broken);
  }
  if (!broken.empty()) return broken;
  for (const auto& author : members_) {
    if (!author.node) continue;
    for (const auto& wish : author.node->wishes()) {
      if (wish.promised) check_wish(author, wish, broken);
    }
    for (const auto& wish : author.copy_sent) check_wish(author, wish, broken);
    for (const auto& reader : members_) {
      if (reader.node && &reader != &author) check_order(author, reader, broken);
    }
  }
  return broken;
}

void DevicesWorld::check_settled(const Member& member, std::vector<std::string>& broken) {
  const auto name = name_of(member);
  auto& node = *member.node;
  if (member.left != UnixMillis::max()) {
    const bool knows = node.up() && node.engine().fatal() &&
                       node.engine().fatal()->code == client::ErrorCode::device_revoked;
    if (!knows) broken.push_back(name + " was revoked and does not know it: " + node.state());
    return;
  }
  if (!node.up() || !node.engine().settled()) {
    broken.push_back(name + " never settled: " + node.state());
    return;
  }
  const auto health = node.engine().health().value();
  if (health.undecryptable_total > 0) broken.push_back(name + " could not open something");
  const auto unopened = node.vault().unopened().take();
  for (const auto& row : unopened) {
    if (!has_left(row.sender)) broken.push_back(name + " still waits for something to open");
  }
  if (health.outbox > 0) broken.push_back(name + " still has something in the outbox");
  const bool is_told = member.is_told || this->is_told(node);
  if (is_told) ++totals_.told;
  const bool is_twice = member.copied != UnixMillis::max();
  if (is_told && !is_twice) broken.push_back(name + " was told that it runs twice");
}

bool DevicesWorld::is_told(ClientNode& node) {
  const auto events = node.engine().events(0, kAll).take();
  return std::ranges::any_of(events, [](const auto& event) {
    return event.event.kind == store::EventKind::alert &&
           event.event.text.find("run twice") != std::string::npos;
  });
}

/// On every device of both sides that was in the list since before it was written: once.
void DevicesWorld::check_wish(const Member& author, const Wish& wish,
                              std::vector<std::string>& broken) {
  ++totals_.promised;
  const bool has_left = author.left != UnixMillis::max();
  // Written behind the backup: it went with the disk, unless it was out already.
  const bool is_lost =
      author.restored != UnixMillis::max() && wish.at >= author.copied && wish.at < author.restored;
  bool is_kept_for_some = false;
  for (const auto& reader : members_) {
    const bool concerns = reader.account == author.account || reader.account == wish.to;
    if (!reader.node || &reader == &author) continue;
    const auto shown = reader.node->vault().message(author.id, wish.id).value();
    const bool elsewhere = reader.shown_elsewhere.contains({author.id, wish.id});
    const auto where = wish.text + " of " + name_of(author) + " on " + name_of(reader);
    if (shown && !concerns) broken.push_back(where + ": it is not meant for it");
    if (shown && wish.at > reader.left) broken.push_back(where + ": it had left before");
    if (!concerns) continue;
    if (shown) ++totals_.shown;
    if (shown && shown->text != wish.text) broken.push_back(where + ": another text");
    const auto events = times_told(*reader.node, author.id, wish.id);
    if (events != (shown ? 1U : 0U)) {
      broken.push_back(where + ": told " + std::to_string(events) + " times");
    }
    const bool was_in = reader.in_since <= wish.at && reader.left == UnixMillis::max();
    if (was_in && !shown && !elsewhere && !has_left && !is_lost) {
      broken.push_back(where + ": it is missing");
    }
    if (reader.left != UnixMillis::max()) is_kept_for_some = true;
  }
  if (has_left || is_lost || author.copied != UnixMillis::max()) return;
  const auto message = author.node->vault().message(author.id, wish.id).value();
  const bool has_come = message && (message->state == store::MessageState::delivered ||
                                    message->state == store::MessageState::read);
  if (!has_come) broken.push_back(wish.text + " of " + name_of(author) + " ended undelivered");
  const bool is_kept = author.node->vault().kept(wish.id).value().has_value();
  // Whoever was restored or runs twice may have confirmed to a disk that is gone.
  const bool is_plain = trouble_ == Trouble::garbled && !is_kept_for_some;
  if (is_kept && is_plain) broken.push_back(wish.text + " is still kept by its author");
}

std::uint64_t DevicesWorld::times_told(ClientNode& node, const DeviceId& author,
                                       const MessageId& id) {
  auto& told = told_[&node];
  if (told.empty()) {
    const auto events = node.vault().events(0, kAll).take();
    for (const auto& event : events) {
      if (event.kind == store::EventKind::message) ++told[{event.author, event.message}];
    }
  }
  const auto it = told.find({author, id});
  return it == told.end() ? 0 : it->second;
}

/// In the order written to that account; what was sealed again may come late.
void DevicesWorld::check_order(const Member& author, const Member& reader,
                               std::vector<std::string>& broken) {
  std::map<std::size_t, std::uint64_t> last;  // by recipient
  for (const auto& wish : author.node->wishes()) {
    if (!wish.promised || garbled_.contains(wish.id)) continue;
    const auto shown = reader.node->vault().message(author.id, wish.id).value();
    if (!shown) continue;
    if (shown->order < last[wish.to]) {
      broken.push_back(wish.text + " is out of order on " + name_of(reader));
    }
    last[wish.to] = shown->order;
  }
}

std::string DevicesWorld::name_of(const Member& member) const {
  return "user" + std::to_string(member.account) + "." + std::to_string(member.key);
}

}  // namespace martlet::simulation
