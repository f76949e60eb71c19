#pragma once

#include <gtest/gtest.h>

#include "base/limits.h"
#include "client/engine.h"
#include "client/fake_server_test.h"
#include "store/memory/memory_vault.h"

namespace martlet::client {

/// Alice's engine over a vault in memory, a scripted server, and Bob, whom the server lists.
class Stage : public ::testing::Test {
 protected:
  static constexpr const char* kUrl =
      "https://chat.example.org:8443/i/AAECAwQFBgcICQoLDA0ODw#"
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

  Stage() {
    server_.list(bob_);
    open_vault();
  }

  void open_vault() {
    engine_.reset();
    vault_.reset();
    vault_ = std::make_unique<store::MemoryVault>(disk_, [this] { return fault_(); });
  }
  /// As after kill -9: what is not on the disk is gone.
  void restart() {
    open_vault();
    auto engine = Engine::open(*vault_, random_);
    ASSERT_TRUE(engine.ok()) << name_of(engine.error().code);
    engine_ = std::move(engine).take();
  }
  void prepare(const std::string& handle = "") {
    const EnrollRequest request{kUrl, "Alice", handle, "laptop"};
    ASSERT_TRUE(Engine::prepare_enrollment(*vault_, request, numbered_keys(0), random_, now_).ok());
    restart();
  }
  /// Enrolled, and logged in with nothing under way.
  void come_online() {
    prepare();
    connect();
    ASSERT_EQ(engine_->link(), Link::online);
    server_.asked.clear();
  }

  /// The person's first device enters Alice's account, online, and her engine knows.
  void admit(Person& person) {
    const auto account = engine_->whoami().account;
    person.account = account;
    const auto& keys = person.devices[0].keys;
    const transparency::LinkSigner accepting{keys.signing};
    auto& links = server_.chains.at(account);
    links.push_back(
        transparency::create_link(transparency::next_place(engine_->own_chain()),
                                  transparency::AddBody{transparency::device_key_of(
                                      keys.signing, entry_of(keys, transparency::Role::member))},
                                  now_, engine_->signing_key(), &accepting));
    const auto grown = transparency::AccountChain::verify(links, std::nullopt, std::nullopt);
    push(wire::ChainChanged{account, 1, grown.value().head()});
    ASSERT_EQ(engine_->devices().value().size(), 2U);
  }

  void connect() {
    now_ = std::max(now_, engine_->wake_at() == UnixMillis::max() ? now_ : engine_->wake_at());
    engine_->on_connected(FakeServer::kExporter, now_);
    push(server_.challenge());
  }
  void disconnect() { engine_->on_disconnected(now_); }
  void reconnect() {
    disconnect();
    connect();
  }
  void push(const wire::Frame& frame) {
    engine_->on_frame(wire::encode(frame), now_);
    exchange();
  }
  void push(wire::Body body) { push(wire::Frame{0, std::move(body)}); }
  void deliver(wire::Deliver deliver) {
    deliver.sequence = next_sequence_++;
    push(wire::Body{std::move(deliver)});
  }
  /// Frames go to and fro until nobody has anything to say.
  void exchange() {
    for (int round = 0; round < 1'000; ++round) {
      const auto frames = engine_->take_frames();
      if (frames.empty() || dead_) return;
      for (const auto& frame : frames) {
        if (auto answer = server_.on_frame(frame)) {
          engine_->on_frame(wire::encode(*answer), now_);
        }
      }
    }
    FAIL() << "client and server talk for ever";
  }
  void pass(Milliseconds time) {
    now_ += time;
    engine_->on_tick(now_);
    exchange();
  }

  MessageId send(const std::string& to, const std::string& text) {
    const auto answer = engine_->send({to, text, std::nullopt}, now_);
    EXPECT_TRUE(answer.ok()) << name_of(answer.ok() ? ErrorCode::bug : answer.error().code);
    exchange();
    return answer.ok() ? answer.value().id : MessageId{};
  }
  Progress progress(const MessageId& id) { return engine_->progress(id).value(); }

  AccountId own_account() { return engine_->whoami().account; }
  const protocol::DevicePublicKeys& own_keys() {
    static const auto keys = numbered_keys(0).public_keys();
    return keys;
  }
  /// A text from Bob, ready to be delivered.
  wire::Deliver letter(std::uint8_t number, const std::string& words) {
    const auto id = numbered_message(number);
    return bob_.seal(wire::encode(bob_.text(own_account(), id, words)), id, own_keys());
  }

  std::vector<Event> events() { return engine_->events(0, 1'000).value(); }
  std::vector<std::string> shown() {
    std::vector<std::string> texts;
    for (const auto& event : events()) {
      if (event.event.kind == store::EventKind::message) texts.push_back(event.message->text);
    }
    return texts;
  }
  std::vector<std::string> alerts() {
    std::vector<std::string> texts;
    for (const auto& event : events()) {
      if (event.event.kind == store::EventKind::alert) texts.push_back(event.event.text);
    }
    return texts;
  }

  UnixMillis now_ = unix_millis(1'800'000'000'000);
  SeededRandom random_{1};
  Person bob_{"bob@example.org", 1};
  FakeServer server_;
  store::FaultHook fault_ = [] { return store::WriteFault::none; };
  bool dead_ = false;  ///< killed: what it still says reaches nobody
  store::MemoryVaultDisk disk_;
  std::unique_ptr<store::MemoryVault> vault_;
  std::unique_ptr<Engine> engine_;
  wire::Sequence next_sequence_ = 1;
};

}  // namespace martlet::client
