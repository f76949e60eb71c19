#include "net/listener.h"

#include <gtest/gtest.h>

#include "net/test_support.h"

namespace martlet::net::test {
namespace {

ListenerConfig config() {
  ListenerConfig made;
  made.certificate_pem = certificate().certificate_pem;
  made.key_pem = certificate().key_pem;
  made.handshake_timeout = made.idle_timeout = made.write_stall_timeout = Milliseconds{20'000};
  made.connections_max = 10;
  return made;
}

TEST(Listener, RefusesWhatItCannotUse) {
  const auto other = make_certificate();
  const struct {
    const char* name;
    std::function<void(ListenerConfig&)> spoil;
    Failure failure;
  } kCases[] = {
      {"no certificate", [](auto& c) { c.certificate_pem.clear(); }, Failure::malformed},
      {"no key", [](auto& c) { c.key_pem.clear(); }, Failure::malformed},
      {"a key of another", [&](auto& c) { c.key_pem = other.key_pem; }, Failure::malformed},
      {"certificate and key changed", [](auto& c) { std::swap(c.key_pem, c.certificate_pem); },
       Failure::malformed},
      {"a certificate cut short", [](auto& c) { c.certificate_pem.resize(300); },
       Failure::malformed},
      {"a rest that is no certificate",
       [](auto& c) {
         c.certificate_pem += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
       },
       Failure::malformed},
      {"not an address", [](auto& c) { c.address = "nonsense"; }, Failure::malformed},
      {"a name", [](auto& c) { c.address = "localhost"; }, Failure::malformed},
      {"somebody else's address", [](auto& c) { c.address = "192.0.2.1"; }, Failure::unavailable},
  };
  Reactor reactor;
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    auto spoilt = config();
    each.spoil(spoilt);
    const auto opened = Listener::open({&reactor}, spoilt, {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().failure, each.failure);
  }
}

TEST(Listener, SaysThatAnotherListensThere) {
  Server server;
  Reactor reactor;
  auto taken = config();
  taken.port = server.port();
  const auto opened = Listener::open({&reactor}, taken, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().failure, Failure::in_use);
}

TEST(Listener, ListensOnIpv6) {
  Reactor reactor;
  auto v6 = config();
  v6.address = "::1";
  const auto opened = Listener::open({&reactor}, v6, {});
  if (!opened.ok()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_NE(opened.value()->port(), 0);
}

TEST(Listener, StopsAcceptingAndServesThoseWhoAreIn) {
  Server server;
  Client inside;
  inside.connect(server.port());
  ASSERT_TRUE(inside.run_until_open());
  server.listener().stop_accepting();
  server.listener().stop_accepting();
  Client outside;
  do {
    outside.connect(server.port());
    outside.run_until([](const Seen& seen) { return seen.closed || seen.opened_calls > 0; });
  } while (!outside.seen().closed);  // it stops on its own thread, a moment later
  EXPECT_EQ(outside.run_until_closed(), CloseReason::unreachable);
  inside.connection().send(pattern(10));
  EXPECT_TRUE(inside.run_until_frames(1));
}

TEST(Listener, ConnectionsCloseWhenNobodyWantsThem) {
  Reactor reactor;
  ListenerCallbacks callbacks;
  callbacks.on_frames = [](std::size_t) { return nullptr; };
  auto listener = Listener::open({&reactor}, config(), std::move(callbacks)).take();
  std::thread thread{[&] { reactor.run(); }};
  Client client;
  client.connect(listener->port());
  EXPECT_EQ(client.run_until_closed(), CloseReason::peer);
  reactor.stop();
  thread.join();
}

TEST(Listener, MayGoBeforeOrAfterItsReactors) {
  for (const bool listener_first : {true, false}) {
    SCOPED_TRACE(listener_first);
    auto reactor = std::make_unique<Reactor>();
    const auto watch = std::make_shared<Watch>();
    ListenerCallbacks callbacks;
    callbacks.on_frames = [watch](std::size_t) { return make_handler(watch, echo()); };
    auto listener = Listener::open({reactor.get()}, config(), std::move(callbacks)).take();
    std::thread thread{[&] { reactor->run(); }};
    Client client;
    client.connect(listener->port());
    EXPECT_TRUE(client.run_until_open());
    RawPeer silent{listener->port()};
    watch->wait([](const Seen& seen) { return seen.opened_calls > 0; });
    reactor->stop();
    thread.join();
    if (listener_first) listener.reset();
    reactor.reset();
    listener.reset();
    EXPECT_EQ(watch.use_count(), 1) << "handler and callbacks are gone";
    EXPECT_EQ(watch->now().closed_calls, 0);
    EXPECT_EQ(client.run_until_closed(), CloseReason::peer);
  }
}

TEST(Listener, MayGoWithoutEverHavingRun) {
  Reactor reactor;
  auto listener = Listener::open({&reactor}, config(), {}).take();
  const RawPeer peer{listener->port()};
  listener.reset();
  reactor.run_until([] { return false; }, Milliseconds{5});
}

}  // namespace
}  // namespace martlet::net::test
