#include "net/resumption.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "net/limits.h"
#include "net/test_support.h"
#include "net/ticket_keys.h"

namespace martlet::net::test {
namespace {

TlsSessionPtr some_session() { return TlsSessionPtr{SSL_SESSION_new()}; }

ServerIdentity pinned(std::uint8_t first_byte) {
  Digest fingerprint{};
  fingerprint[0] = first_byte;
  return {"chat.example.org", 4747, fingerprint};
}

TEST(Resumption, ASessionIsForItsOwnIdentityAlone) {
  const auto right = pinned(1);
  auto other_host = right;
  other_host.host = "chat.example.net";
  auto other_port = right;
  other_port.port = 4748;
  auto unpinned = right;
  unpinned.fingerprint.reset();
  const struct {
    const char* name;
    ServerIdentity asked;
  } kCases[] = {{"another fingerprint", pinned(2)},
                {"another host", other_host},
                {"another port", other_port},
                {"no fingerprint", unpinned}};
  Resumption memory;
  memory.keep(right, some_session());
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(memory.take(each.asked), nullptr);
  }
  memory.keep(unpinned, some_session());
  EXPECT_EQ(memory.take(pinned(2)), nullptr);
  EXPECT_NE(memory.take(right), nullptr);
  EXPECT_NE(memory.take(unpinned), nullptr);
}

TEST(Resumption, IsUsedOnce) {
  Resumption memory;
  memory.keep(pinned(1), some_session());
  EXPECT_NE(memory.take(pinned(1)), nullptr);
  EXPECT_EQ(memory.take(pinned(1)), nullptr);
}

TEST(Resumption, TheLastSessionReplacesTheOneBefore) {
  Resumption memory;
  memory.keep(pinned(1), some_session());
  auto last = some_session();
  const auto* expected = last.get();
  memory.keep(pinned(1), std::move(last));
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.take(pinned(1)).get(), expected);
}

TEST(Resumption, RemembersSoManyServersAndForgetsTheOldest) {
  Resumption memory;
  for (std::size_t i = 0; i <= limits::kResumptionsMax; ++i) {
    memory.keep(pinned(static_cast<std::uint8_t>(i)), some_session());
  }
  EXPECT_EQ(memory.size(), limits::kResumptionsMax);
  EXPECT_EQ(memory.take(pinned(0)), nullptr);
  EXPECT_NE(memory.take(pinned(1)), nullptr);
}

TEST(TicketKeys, AKeySealsForItsTimeAndOpensForTwice) {
  const TicketKeys::Time start{std::chrono::hours{1}};
  constexpr auto kLife = TicketKeys::kSealFor;
  constexpr std::chrono::seconds kMoment{1};
  TicketKeys keys;
  const auto first = keys.to_seal(start);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(keys.to_seal(start + kLife - kMoment), first);
  const auto second = keys.to_seal(start + kLife);
  EXPECT_NE(second->name, first->name);
  EXPECT_NE(second->cipher, first->cipher);
  EXPECT_NE(second->mac, first->mac);
  EXPECT_EQ(keys.to_open(first->name, start + 2 * kLife - kMoment), first);
  EXPECT_EQ(keys.to_open(first->name, start + 2 * kLife), nullptr) << "nobody may open it now";
  EXPECT_EQ(keys.to_open(second->name, start + 2 * kLife), second);
}

TEST(TicketKeys, OpensNothingUnderAnotherName) {
  TicketKeys keys;
  const TicketKeys::Time now{};
  auto name = keys.to_seal(now)->name;
  name.back() ^= 1;
  EXPECT_EQ(keys.to_open(name, now), nullptr);
  EXPECT_EQ(keys.to_open(ByteView{}, now), nullptr);
  TicketKeys others;
  EXPECT_EQ(others.to_open(keys.to_seal(now)->name, now), nullptr);
}

// --- Between a client and a server

class Resuming : public testing::Test {
 protected:
  /// Connects and waits for an answer, behind which the ticket has come.
  bool resumes(std::uint16_t port, const Digest& fingerprint) {
    Client client;
    client.connect(port, "127.0.0.1", {fingerprint, memory_}, Milliseconds{20'000});
    if (!client.run_until_open()) return false;
    client.connection().send(Bytes{1});
    EXPECT_TRUE(client.run_until_frames(1));
    const auto seen = client.seen();
    client.connection().close();
    client.run_until_closed();
    return seen.established->resumed;
  }
  const std::shared_ptr<Resumption> memory_ = std::make_shared<Resumption>();
  const Digest& fingerprint_ = certificate().fingerprint;
};

TEST_F(Resuming, TheSecondHandshakeIsAShortOneAndTheThird) {
  Server server;
  EXPECT_FALSE(resumes(server.port(), fingerprint_));
  EXPECT_TRUE(resumes(server.port(), fingerprint_));
  EXPECT_TRUE(resumes(server.port(), fingerprint_)) << "each brings a new ticket";
  const auto on_server =
      server.connection(2).wait([](const Seen& seen) { return seen.opened_calls > 0; });
  EXPECT_TRUE(on_server.established->resumed);
}

TEST_F(Resuming, TwoResumedConnectionsHaveSecretsOfTheirOwn) {
  Server server;
  EXPECT_FALSE(resumes(server.port(), fingerprint_));
  EXPECT_TRUE(resumes(server.port(), fingerprint_));
  EXPECT_TRUE(resumes(server.port(), fingerprint_));
  const auto secret = [&](std::size_t index) {
    return server.connection(index).now().established->exporter;
  };
  EXPECT_NE(secret(0), secret(1));
  EXPECT_NE(secret(1), secret(2));
}

TEST_F(Resuming, AClientThatPinsAnotherKeyRefusesAllTheSame) {
  Server server;
  EXPECT_FALSE(resumes(server.port(), fingerprint_));
  Client client;
  client.connect(server.port(), "127.0.0.1", {make_certificate().fingerprint, memory_},
                 Milliseconds{20'000});
  EXPECT_EQ(client.run_until_closed(), CloseReason::wrong_fingerprint);
  EXPECT_TRUE(resumes(server.port(), fingerprint_)) << "and the session is still there";
}

TEST_F(Resuming, AServerThatForgotItsKeysGetsAFullHandshake) {
  std::uint16_t port = 0;
  {
    Server server;
    port = server.port();
    EXPECT_FALSE(resumes(port, fingerprint_));
  }
  Server another;
  // The same identity as far as the client knows, but other keys.
  auto session = memory_->take({"127.0.0.1", port, fingerprint_});
  ASSERT_NE(session, nullptr);
  memory_->keep({"127.0.0.1", another.port(), fingerprint_}, std::move(session));
  EXPECT_FALSE(resumes(another.port(), fingerprint_));
  EXPECT_TRUE(resumes(another.port(), fingerprint_));
}

TEST_F(Resuming, WithoutAMemoryEachHandshakeIsFull) {
  Server server;
  for (int i = 0; i < 2; ++i) {
    Client client;
    client.connect(server.port());
    ASSERT_TRUE(client.run_until_open());
    EXPECT_FALSE(client.seen().established->resumed);
  }
}

}  // namespace
}  // namespace martlet::net::test
