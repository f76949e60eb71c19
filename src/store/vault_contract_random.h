#pragma once

// Part of vault_contract.h: many random calls, answered alike by every engine.

#include "store/vault_contract.h"

namespace martlet::store::contract {

/// Draws writes over a few ids, so that they meet each other often. One draw a statement: the order
/// of arguments is the compiler's choice.
class RandomWriter {
 public:
  explicit RandomWriter(std::uint64_t seed) : random_{seed} {}

  unsigned draw(unsigned bound) { return static_cast<unsigned>(random_.below(bound)); }
  bool one_in(unsigned bound) { return draw(bound) == 0; }

  /// One write; its answer, if it has one, goes into `answers`.
  Result<void> write(Vault& vault, std::string& answers) {
    switch (draw(12)) {
      case 0:
        return answer(answers, vault.put_profile(profile()));
      case 1: {
        ChainRecord chain{account_id(draw(4)), {}, time()};
        for (auto links = draw(4); links > 0; --links) chain.links.push_back(all_bytes(draw(9)));
        return answer(answers, vault.put_chain(chain));
      }
      case 2:
        return answer(answers, vault.put_handle({name(), account_id(draw(4)), time()}));
      case 3:
        return answer(answers, vault.put_contact({name(), name(), time()}));
      case 4:
      case 5:
        return answer(answers, vault.add_message(message()));
      case 6: {
        const auto author = this->author();
        const auto id = message_id(draw(24));
        const auto state = static_cast<MessageState>(1 + draw(6));
        return answer(answers, vault.set_message_state(author, id, state, FailureReason::expired));
      }
      case 7: {
        const auto author = this->author();
        const auto id = message_id(draw(24));
        const auto chat = draw(4);
        return answer(answers, vault.place_message(author, id, chat_id(chat), account_id(chat)));
      }
      case 8: {
        const auto chat = chat_id(draw(4));
        return answer(answers, vault.mark_read(chat, draw(60)));
      }
      case 9:
        return one_in(3) ? answer(answers, vault.remove_outbox(message_id(draw(6))))
                         : answer(answers, vault.put_outbox(outbox()));
      case 10: {
        const DeliveryRecord delivery{message_id(draw(4)), device_id(draw(4)),
                                      static_cast<DeliveryState>(1 + draw(4)), time()};
        return answer(answers, vault.put_delivery(delivery));
      }
      default:
        return write_seen_or_event(vault, answers);
    }
  }

 private:
  Result<void> write_seen_or_event(Vault& vault, std::string& answers) {
    switch (draw(4)) {
      case 0: {
        const auto author = this->author();
        const auto id = message_id(draw(4));
        return answer(answers, vault.mark_seen(author, id, time()));
      }
      case 1:
        return answer(answers, vault.forget_seen(time()));
      case 2:
        return answer(answers, vault.add_event(sample_event(draw(200))));
      default: {
        const auto* consumer = one_in(2) ? "cli" : "page";
        return answer(answers, vault.set_consumed(consumer, draw(40)));
      }
    }
  }

  static Result<void> answer(std::string& answers, const Result<void>& result) {
    answers += result.ok() ? "." : text(result.error().failure);
    return {};
  }
  template <class Value>
  static Result<void> answer(std::string& answers, const Result<Value>& result) {
    answers += result.ok() ? std::to_string(result.value()) : text(result.error().failure);
    return {};
  }

  UnixMillis time() { return unix_millis(draw(50)); }
  std::string name() {
    const auto letter = static_cast<char>('a' + draw(3));
    return std::string(draw(3), letter);
  }
  DeviceId author() { return one_in(3) ? device_id(0xee) : device_id(draw(4)); }
  ProfileRecord profile() {
    auto record = sample_profile();
    record.name = name();
    record.links.resize(draw(4));
    return record;
  }
  MessageRecord message() {
    const auto id = draw(24);
    const auto chat = draw(4);
    auto record = one_in(2) ? incoming(id, chat) : outgoing(id, chat);
    record.peer_handle = name();
    record.sender_name = name();
    record.read = one_in(4);
    return record;
  }
  OutboxRecord outbox() {
    OutboxRecord record;
    record.message = message_id(draw(6));
    record.attempts = draw(100);
    record.content = all_bytes(draw(100));
    return record;
  }

  SeededRandom random_;
};

TEST_P(VaultContract, RandomCallsAreAnsweredAlikeByEveryEngine) {
  RandomWriter writer{3};
  std::uint64_t transcript = fnv1a({});
  for (int number = 0; number < 400; ++number) {
    std::string answers;
    const bool undone = writer.one_in(5);
    const auto done = vault_->transact([&]() -> Result<void> {
      for (auto writes = 1 + writer.draw(6); writes > 0; --writes) {
        TRY(writer.write(*vault_, answers));
      }
      if (undone) return Error{Failure::refused, "undo"};
      return {};
    });
    ASSERT_EQ(done.ok(), !undone);
    if (number % 50 == 17) reopen();
    if (number % 50 == 42) kill_and_reopen();
    answers += everything(*vault_);
    transcript = fnv1a(bytes_of(answers), transcript);
  }
  // Another value: this engine differs from the others, or the contract or this test was changed.
  EXPECT_EQ(transcript, 9502868156801978605U);
}

}  // namespace martlet::store::contract
