#pragma once

#include "client/stage_test.h"

namespace martlet::client {

/// Alice is online and writes; the server answers her Sends and lookups as the test says.
class Sending : public Stage {
 protected:
  Sending() { come_online(); }

  /// Answers the first `count` Sends with `body`, whose message id is filled in.
  void answer_sends(int count, wire::Body body) {
    server_.script = [count, body](const wire::Frame& frame) mutable -> FakeServer::Reply {
      const auto* send = std::get_if<wire::Send>(&frame.body);
      if (send == nullptr || count-- <= 0) return FakeServer::Honest{};
      if (auto* stale = std::get_if<wire::StaleDevices>(&body)) stale->message = send->message;
      if (auto* refusal = std::get_if<wire::Refusal>(&body)) refusal->message = send->message;
      return body;
    };
  }
  void answer_lookups(const FakeServer::Reply& reply) {
    server_.script = [reply](const wire::Frame& frame) -> FakeServer::Reply {
      const bool is_lookup = std::holds_alternative<wire::Lookup>(frame.body) ||
                             std::holds_alternative<wire::FetchChain>(frame.body);
      return is_lookup ? reply : FakeServer::Reply{FakeServer::Honest{}};
    };
  }
  void silence_sends() {
    server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
      if (std::holds_alternative<wire::Send>(frame.body)) return FakeServer::Silent{};
      return FakeServer::Honest{};
    };
  }
  std::vector<std::string> texts_at(const Person& person, std::size_t device = 0) {
    std::vector<std::string> texts;
    for (const auto& send : server_.accepted) {
      const auto content = person.open(send, own_keys(), device);
      if (content) texts.push_back(std::get<wire::Text>(content->kind).text);
    }
    return texts;
  }
  void expect_failed(const MessageId& id, store::FailureReason reason) {
    EXPECT_EQ(progress(id).state, store::MessageState::failed);
    EXPECT_EQ(progress(id).reason, reason);
    EXPECT_TRUE(engine_->settled());
    const auto told = std::ranges::any_of(events(), [&](const Event& event) {
      return event.event.kind == store::EventKind::receipt && event.event.message == id &&
             event.event.state == store::MessageState::failed && event.event.reason == reason;
    });
    EXPECT_TRUE(told);
    restart();
    connect();
    EXPECT_TRUE(engine_->settled());
    EXPECT_EQ(progress(id).reason, reason);
  }
};

}  // namespace martlet::client
