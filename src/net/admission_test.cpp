#include "net/admission.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "net/test_support.h"

namespace martlet::net::test {
namespace {

class Guest final : public Newcomer {
  void on_admitted() override {}
};

TEST(Admission, ServesInTheOrderOfAsking) {
  Admission admission{10};
  std::array<Guest, 3> guests;
  for (auto& guest : guests) admission.ask(guest);
  admission.ask(guests[0]);  // again: keeps his place
  for (auto& guest : guests) EXPECT_EQ(admission.next(), &guest);
  EXPECT_EQ(admission.next(), nullptr);
}

TEST(Admission, LetsInOnlySoMany) {
  Admission admission{2};
  std::array<Guest, 4> guests;
  for (auto& guest : guests) admission.ask(guest);
  EXPECT_EQ(admission.next(), &guests[0]);
  EXPECT_EQ(admission.next(), &guests[1]);
  EXPECT_FALSE(admission.has_next());
  EXPECT_EQ(admission.next(), nullptr);
  EXPECT_TRUE(admission.has_waiting());
  admission.leave(guests[0]);
  EXPECT_TRUE(admission.has_next());
  EXPECT_EQ(admission.next(), &guests[2]);
  EXPECT_EQ(admission.next(), nullptr);
  EXPECT_EQ(admission.under_way(), 2U);
}

TEST(Admission, WhoIsUnderWayGoesFirst) {
  Admission admission{2};
  std::array<Guest, 3> guests;
  admission.ask(guests[0]);
  EXPECT_EQ(admission.next(), &guests[0]);
  admission.ask(guests[1]);
  admission.ask(guests[0]);
  EXPECT_EQ(admission.next(), &guests[0]);
  EXPECT_EQ(admission.next(), &guests[1]);
  admission.ask(guests[2]);
  admission.ask(guests[1]);  // his next step needs no further place
  EXPECT_EQ(admission.next(), &guests[1]);
  EXPECT_EQ(admission.next(), nullptr);
}

TEST(Admission, WhoGoesGivesHisPlaceBack) {
  Admission admission{1};
  Guest waiting;
  auto under_way = std::make_unique<Guest>();
  auto bored = std::make_unique<Guest>();
  admission.ask(*under_way);
  EXPECT_EQ(admission.next(), under_way.get());
  admission.ask(*bored);
  admission.ask(waiting);
  bored.reset();
  EXPECT_EQ(admission.next(), nullptr);
  under_way.reset();
  EXPECT_EQ(admission.under_way(), 0U);
  EXPECT_EQ(admission.next(), &waiting);
}

TEST(Admission, LeavingTwiceIsLeavingOnce) {
  Admission admission{1};
  Guest guest;
  Guest stranger;
  admission.leave(stranger);
  admission.ask(guest);
  EXPECT_EQ(admission.next(), &guest);
  admission.leave(guest);
  admission.leave(guest);
  EXPECT_EQ(admission.under_way(), 0U);
}

// --- At a listener's door

/// The beginning of a ClientHello's record; the rest never comes.
const Bytes kDawdle{0x16, 0x03, 0x01, 0x02, 0x00, 0x01};

ServerOptions one_at_a_time() {
  ServerOptions options;
  options.handshakes_under_way_max = 1;
  return options;
}

TEST(AdmissionAtTheDoor, ManyComeThroughOnePlace) {
  Server server{one_at_a_time()};
  constexpr std::size_t kConnections = 50;
  Reactor reactor;
  std::vector<std::shared_ptr<Watch>> watches;
  for (std::size_t i = 0; i < kConnections; ++i) {
    watches.push_back(std::make_shared<Watch>());
    connect(reactor, "127.0.0.1", server.port(), ClientTls{certificate().fingerprint},
            Milliseconds{30'000}, make_handler(watches.back(), {}));
  }
  EXPECT_TRUE(reactor.run_until(
      [&] {
        return std::ranges::all_of(watches,
                                   [](const auto& w) { return w->now().opened_calls > 0; });
      },
      Milliseconds{60'000}));
}

TEST(AdmissionAtTheDoor, WhoDawdlesLosesHisPlaceWhileOthersWait) {
  auto options = one_at_a_time();
  options.handshake_patience = Milliseconds{50};
  Server server{options};
  RawPeer dawdler{server.port()};
  dawdler.send_plain(kDawdle);
  RawPeer other{server.port()};
  EXPECT_TRUE(other.start_tls(kAlpn));
  EXPECT_TRUE(dawdler.ended());
}

TEST(AdmissionAtTheDoor, WhoDawdlesKeepsHisPlaceWhileNobodyWaits) {
  auto options = one_at_a_time();
  options.handshake_patience = Milliseconds{20};
  Server server{options};
  const auto established = [&] {
    RawPeer inside{server.port()};
    return inside.start_tls(kAlpn);
  };
  EXPECT_TRUE(established());
  RawPeer dawdler{server.port()};
  dawdler.send_plain(kDawdle);
  Reactor clock;
  clock.run_until([] { return false; }, Milliseconds{100});
  EXPECT_EQ(server.listener().connections(), 1U) << "his own";
}

TEST(AdmissionAtTheDoor, TheTimeOfWhoWaitsDoesNotRun) {
  auto options = one_at_a_time();
  options.handshake_timeout = Milliseconds{150};
  Server server{options};
  RawPeer first{server.port()};
  first.send_plain(kDawdle);
  RawPeer second{server.port()};
  second.send_plain(kDawdle);
  RawPeer patient{server.port()};
  EXPECT_TRUE(patient.start_tls(kAlpn)) << "waited longer than a handshake may take";
}

TEST(AdmissionAtTheDoor, WhoLeftWhileHeWaitedCostsNoHandshake) {
  Server server{one_at_a_time()};
  auto holder = std::make_unique<RawPeer>(server.port());
  holder->send_plain(kDawdle);
  for (int i = 0; i < 20; ++i) {
    RawPeer gone{server.port()};
    gone.send_plain(kDawdle);
  }
  RawPeer last{server.port()};
  holder.reset();
  EXPECT_TRUE(last.start_tls(kAlpn));
}

}  // namespace
}  // namespace martlet::net::test
