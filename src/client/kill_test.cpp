#include "client/stage_test.h"

namespace martlet::client {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

/// A whole life of a client, killed at one commit: just before it reached the disk, or just after.
class Killed : public Stage {
 protected:
  void run(unsigned kill_at, store::WriteFault fault) {
    fault_ = [this, kill_at, fault] {
      if (dead_) return store::WriteFault::lost;
      if (++commits_ != kill_at) return store::WriteFault::none;
      dead_ = true;
      kills_ += 1;
      return fault;
    };
    open_vault();
    step([this] { enrol(); });
    step([this] { go_online(); });
    step([this] { say("bob@example.org", "one"); });
    step([this] { push_mail({letter(1, "a"), letter(2, "b")}); });
    step([this] { mark_read(); });
    disconnect();
    step([this] { say("bob@example.org", "two"); });
    step([this] { say("carol@example.org", "three"); });
    step([this] { say("bob@example.org", "four"); });
    step([this] { go_online(); });
    step([this] { push_mail({receipt_for_all(3), letter(4, "c")}); });
    step([this] { mark_read(); });
    pass(1min);
  }

  void step(const std::function<void()>& work) {
    work();
    while (dead_) {
      dead_ = false;
      restart_if_enrolling();
      go_online();
      if (!dead_) work();
    }
  }
  void restart_if_enrolling() {
    open_vault();
    if (!vault_->profile().value()) enrol();
    restart();
  }

  void enrol() {
    if (vault_->profile().value() && vault_->profile().value()->enrolled) return;
    const EnrollRequest request{kUrl, "Alice", "", "laptop"};
    if (!Engine::prepare_enrollment(*vault_, request, numbered_keys(0), random_, now_).ok()) return;
    if (!dead_) restart();
  }
  /// What was not acknowledged comes again.
  void go_online() {
    if (engine_->link() != Link::online) connect();
    for (const auto& item : std::map{mailbox_}) push_item(item.first);
  }
  void push_mail(std::vector<wire::Deliver> items) {
    for (auto& item : items) {
      const auto is_there =
          std::ranges::any_of(all_mail_, [&](const MessageId& id) { return id == item.message; });
      if (is_there) continue;
      all_mail_.push_back(item.message);
      item.sequence = next_sequence_++;
      mailbox_[item.sequence] = item;
    }
    for (const auto& item : std::map{mailbox_}) push_item(item.first);
  }
  void push_item(wire::Sequence sequence) {
    if (dead_) return;
    push(wire::Body{mailbox_.at(sequence)});
    for (const auto done : server_.acknowledged) mailbox_.erase(done);
  }
  /// As a user would: look whether it is there before typing it again.
  void say(const std::string& to, const std::string& text) {
    const auto waiting = vault_->outbox();
    for (const auto& record : waiting.value()) {
      const auto message = vault_->find_message(record.message).value();
      if (message && message->text == text) return;
    }
    for (const auto& send : server_.accepted) {
      for (const auto* person : {&bob_, &carol_}) {
        const auto content = person->open(send, own_keys());
        const auto* sent = content ? std::get_if<wire::Text>(&content->kind) : nullptr;
        if (sent != nullptr && sent->text == text) return;
      }
    }
    (void)engine_->send({to, text, {}}, now_);
    exchange();
  }
  void mark_read() {
    (void)engine_->read("bob@example.org", now_);
    exchange();
  }
  wire::Deliver receipt_for_all(std::uint8_t number) {
    std::vector<MessageId> ids;
    for (const auto& send : server_.accepted) {
      const auto content = bob_.open(send, own_keys());
      if (content && std::holds_alternative<wire::Text>(content->kind)) {
        ids.push_back(send.message);
      }
    }
    const auto id = numbered_message(number);
    return bob_.seal(
        wire::encode(bob_.receipt(own_account(), id, wire::ReceiptState::delivered, ids)), id,
        own_keys());
  }

  /// What a person reads, duplicates dropped by message id as the engine does.
  Texts read_by(const Person& person, std::map<MessageId, wire::ReceiptState>* receipts) {
    Texts texts;
    std::set<MessageId> seen;
    for (const auto& send : server_.accepted) {
      const auto content = person.open(send, own_keys());
      if (!content || !seen.insert(send.message).second) continue;
      if (const auto* text = std::get_if<wire::Text>(&content->kind)) texts.push_back(text->text);
      const auto* receipt = std::get_if<wire::Receipt>(&content->kind);
      if (receipt == nullptr || receipts == nullptr) continue;
      for (const auto& id : receipt->messages) (*receipts)[id] = receipt->state;
    }
    return texts;
  }

  void expect_nothing_lost_or_doubled() {
    std::map<MessageId, wire::ReceiptState> receipts;
    EXPECT_EQ(read_by(bob_, &receipts), (Texts{"one", "two", "four"}));
    EXPECT_EQ(read_by(carol_, nullptr), Texts{"three"});
    EXPECT_EQ(shown(), (Texts{"a", "b", "c"}));
    EXPECT_TRUE(alerts().empty());
    EXPECT_TRUE(mailbox_.empty());
    EXPECT_EQ(receipts.size(), 3U);
    for (const auto& [id, state] : receipts) EXPECT_EQ(state, wire::ReceiptState::read);
    EXPECT_EQ(vault_->outbox_size().value(), 0U);
    EXPECT_TRUE(engine_->settled());
    EXPECT_EQ(engine_->health().value().undecryptable_total, 0U);
    EXPECT_EQ(engine_->health().value().waiting_to_open, 0U);
    EXPECT_FALSE(engine_->fatal().has_value());
    const auto history = engine_->history({"bob@example.org", 100, 0}).value();
    EXPECT_EQ(history.size(), 6U);
    for (const auto& message : history) {
      if (!message.outgoing) continue;
      EXPECT_EQ(message.state, store::MessageState::delivered) << message.text;
    }
  }

  /// Everybody's keys are made before the first run.
  Person carol_{"carol@example.org", 2};
  std::map<wire::Sequence, wire::Deliver> mailbox_;
  std::vector<MessageId> all_mail_;
  unsigned commits_ = 0;
  unsigned kills_ = 0;
};

struct Kill {
  unsigned at;
  store::WriteFault fault;
};
class KilledAt : public Killed, public ::testing::WithParamInterface<Kill> {};

TEST_P(KilledAt, LosesAndDoublesNothing) {
  server_.list(carol_);
  run(GetParam().at, GetParam().fault);
  EXPECT_EQ(kills_, 1U);
  expect_nothing_lost_or_doubled();
}

/// A life without a kill has kCommits commits; the first test below holds it to that.
constexpr unsigned kCommits = 31;

TEST_F(Killed, NotAtAll) {
  server_.list(carol_);
  run(0, store::WriteFault::none);
  expect_nothing_lost_or_doubled();
  EXPECT_EQ(commits_, kCommits);
  EXPECT_EQ(kills_, 0U);
}

std::vector<Kill> all_kills() {
  std::vector<Kill> kills;
  for (unsigned at = 1; at <= kCommits; ++at) {
    kills.push_back({at, store::WriteFault::lost});
    kills.push_back({at, store::WriteFault::written});
  }
  return kills;
}

INSTANTIATE_TEST_SUITE_P(AtEachCommit, KilledAt, ::testing::ValuesIn(all_kills()),
                         [](const auto& kill) {
                           return (kill.param.fault == store::WriteFault::lost ? "Before"
                                                                               : "After") +
                                  std::to_string(kill.param.at);
                         });

}  // namespace
}  // namespace martlet::client
