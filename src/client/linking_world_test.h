#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "base/seeded_random.h"
#include "client/linking_approver.h"
#include "client/linking_newcomer.h"
#include "transparency/chain_world.h"

/// For tests: two sides of linking on one seed, with everything between them to be changed.
namespace martlet::client {

inline constexpr unsigned kNewDevice = 7;
inline const UnixMillis kStart = unix_millis(1'000'000);

struct Way {
  bool by_number;
  const char* name;
};
inline constexpr Way kWays[] = {{false, "by payload"}, {true, "by number"}};

class Meeting {
 public:
  transparency::ChainWorld world;
  SeededRandom random{11};
  UnixMillis now = kStart;
  std::unique_ptr<LinkNewcomer> newcomer;
  std::optional<LinkApprover> approver;

  // What people do when asked.
  bool newcomer_confirms = true;
  bool approver_approves = true;
  transparency::Role role = transparency::Role::member;
  /// What the server says to a link; the default appends it to the chain.
  std::function<LinkApprover::Step(const Bytes& link)> submit = [this](const Bytes& link) {
    return world.append(link).ok() ? approver->submitted() : approver->server_refused();
  };
  /// What arrives instead of the message with this number (from 0, both directions).
  std::function<std::vector<Bytes>(std::size_t number, const Bytes& message)> relay =
      [](std::size_t, const Bytes& message) { return std::vector<Bytes>{message}; };

  // What came of it.
  std::size_t messages = 0;
  std::vector<std::string> digits;  ///< shown by either side
  std::optional<ConfirmDevice> asked;
  std::optional<LinkApproved> approved;
  std::optional<Linked> linked;
  std::optional<LinkStopped> newcomer_stopped;
  std::optional<LinkStopped> approver_stopped;

  explicit Meeting(transparency::ChainWorld with = transparency::ChainWorld{})
      : world{std::move(with)} {
    const auto& ring = transparency::keyring();
    newcomer = std::make_unique<LinkNewcomer>(
        NewcomerDevice{ring.devices[kNewDevice], ring.entering(kNewDevice).entry.suites, "Laptop",
                       "linux"},
        "chat.example.org:443", random, now);
  }
  ApproverAccount account(unsigned device = 0) const {
    return {world.keys.devices[device], world.links, "Alice", {"alice@example.org"}, {}};
  }
  void begin(const Way& way) {
    auto made = way.by_number
                    ? LinkApprover::by_number(account(), random, now)
                    : LinkApprover::by_payload(
                          account(), protocol::parse_link_payload(newcomer->payload()).value(),
                          random, now);
    ASSERT_TRUE(made.ok());
    approver.emplace(std::move(made).take());
    take(approver->start());
  }
  void run(const Way& way) {
    begin(way);
    deliver();
  }
  void deliver() {
    while (!queue_.empty()) {
      auto [to_newcomer, message] = std::move(queue_.front());
      queue_.pop_front();
      for (const auto& arrived : relay(messages++, message)) {
        if (to_newcomer) {
          take(newcomer->on_message(arrived, now));
        } else {
          take(approver->on_message(arrived, now));
        }
      }
    }
  }
  void take(LinkNewcomer::Step step) {
    for (auto& message : step.send) queue_.emplace_back(false, std::move(message));
    if (!step.event) return;
    if (auto* code = std::get_if<CompareCode>(&*step.event)) {
      digits.push_back(code->digits);
      take(newcomer_confirms ? newcomer->confirm_code(now)
                             : newcomer->stop(LinkFault::codes_differ));
    } else if (auto* done = std::get_if<Linked>(&*step.event)) {
      linked.emplace(std::move(*done));
    } else {
      newcomer_stopped = std::get<LinkStopped>(*step.event);
    }
  }
  void take(LinkApprover::Step step) {
    for (auto& message : step.send) queue_.emplace_back(true, std::move(message));
    if (!step.event) return;
    if (auto* code = std::get_if<CompareCode>(&*step.event)) {
      digits.push_back(code->digits);
    } else if (auto* device = std::get_if<ConfirmDevice>(&*step.event)) {
      asked = *device;
      take(approver_approves ? approver->approve(role, now) : approver->stop(LinkFault::refused));
    } else if (auto* link = std::get_if<SubmitLink>(&*step.event)) {
      take(submit(link->link));
    } else if (auto* done = std::get_if<LinkApproved>(&*step.event)) {
      approved = *done;
    } else {
      approver_stopped = std::get<LinkStopped>(*step.event);
    }
  }

 private:
  std::deque<std::pair<bool, Bytes>> queue_;
};

}  // namespace martlet::client
