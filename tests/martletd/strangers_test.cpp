// What strangers may ask of a running server: so much from one address, over however many
// connections.
#include <fstream>

#include "base/limits.h"
#include "server_process.h"

namespace martlet::martletd_test {
namespace {

struct Strangers : ServerProcess {
  /// The code of the answer to `body` on a connection of its own; nothing if it was no refusal.
  std::optional<wire::RefusalCode> ask(wire::Body body) {
    DeviceClient client{server_};
    const auto answer = client.ask(std::move(body));
    const auto* refusal = std::get_if<wire::Refusal>(&answer);
    if (refusal == nullptr) return std::nullopt;
    last_ = *refusal;
    return refusal->code;
  }
  /// Uses up what this address may look up in a minute.
  void use_up() {
    std::size_t asked = 0;
    while (asked < limits::kStrangerLookupsAMinute) {
      DeviceClient client{server_};
      for (std::size_t i = 0; i < limits::kStrangerRequestsMax; ++i) {
        const auto answer = client.ask(wire::Lookup{"nobody@example.org"});
        ASSERT_TRUE(std::holds_alternative<wire::Refusal>(answer));
        ++asked;
      }
    }
  }
  void open_registration() {
    EXPECT_EQ(stop().exit_code, 0);
    std::ofstream{std::filesystem::path{data()} / "server.toml", std::ios::app}
        << "registration = \"open\"\n";
    restart();
  }
  server::TestDevice newcomer() {
    auto device = server::TestDevice::make(random_);
    device.found_account(random_, SystemClock{}.now());
    return device;
  }
  wire::Refusal last_;
};

TEST_F(Strangers, ShareAnAllowanceByAddress) {
  start();
  const auto alice = member("alice@example.org");
  use_up();
  for (const wire::Body& body :
       {wire::Body{wire::Lookup{"alice@example.org"}},
        wire::Body{wire::FetchChain{alice.account, 0}}, wire::Body{wire::OpenRendezvous{{1}}}}) {
    EXPECT_EQ(ask(body), wire::RefusalCode::limit_reached);
    EXPECT_GT(last_.retry_after.count(), 0);
    EXPECT_LE(last_.retry_after, std::chrono::minutes{1});
  }
  // Who proves who he is has an allowance of his own.
  DeviceClient client{server_};
  ASSERT_TRUE(client.log_in(alice));
  EXPECT_TRUE(std::holds_alternative<wire::Account>(client.ask(wire::Lookup{"alice@example.org"})));
  member("bob@example.org");  // and an invitation is its own limit
}

TEST_F(Strangers, JoinAFewAnHourWhereAnybodyMay) {
  start();
  EXPECT_EQ(ask(wire::Enrol{"", "eve@localhost", newcomer().links}),
            wire::RefusalCode::invitation_needed);
  open_registration();
  for (std::size_t i = 0; i < limits::kOpenEnrolmentsAnHour; ++i) {
    const auto name = "n" + std::to_string(i) + "@localhost";
    EXPECT_EQ(ask(wire::Enrol{"", name, newcomer().links}), std::nullopt);
  }
  EXPECT_EQ(ask(wire::Enrol{"", "late@localhost", newcomer().links}),
            wire::RefusalCode::limit_reached);
  EXPECT_GT(last_.retry_after, std::chrono::minutes{1});
  EXPECT_LE(last_.retry_after, std::chrono::hours{1});
}

}  // namespace
}  // namespace martlet::martletd_test
