// With a gateway that is not there; what gateways say is tested beside gateways/sms_gateway.
#include "apps/martletd/sms_sender.h"

#include <gtest/gtest.h>

#include <future>

#include "base/limits.h"

namespace martlet::daemon {
namespace {

using server::ProofSending;
using server::ProofSent;

constexpr const char* kNumber = "+491712345678";

TEST(SmsText, SaysWhichServerAndThatNobodyAsks) {
  const auto text = sms_text("chat.example.org", "123456");
  EXPECT_TRUE(text.starts_with("123456 ")) << "what a glance at the phone shows";
  EXPECT_NE(text.find("chat.example.org"), std::string::npos);
  EXPECT_NE(text.find("nobody will ever ask you for it"), std::string::npos);
  EXPECT_LE(text.size(), 160U) << "one SMS";
  EXPECT_LE(sms_text(std::string(limits::kDomainBytesMax, 'x'), "123456").size(),
            gateways::limits::kSmsTextBytesMax);
}

/// Port 1 of loopback: nobody listens there.
struct Sender : ::testing::Test {
  SmsSender make(SmsSender::Report report) {
    return {{"http://127.0.0.1:1/", "martlet", gateways::GatewaySecret{1, [](auto) { return 1U; }},
             "Martlet"},
            "localhost",
            clock_,
            log_,
            std::move(report)};
  }
  ProofSending sending(std::uint32_t attempt, Milliseconds left = std::chrono::minutes{10}) {
    ProofSending sending;
    sending.handle = kNumber;
    sending.started = UnixMillis{Milliseconds{5}};
    sending.attempt = attempt;
    sending.kind = store::ProofKind::sms_code;
    sending.secret = "123456";
    sending.expires = clock_.now() + left;
    return sending;
  }
  SystemClock clock_;
  Log log_;
};

TEST_F(Sender, ReportsWhatFailed) {
  std::promise<ProofSent> reported;
  auto sender = make([&](ProofSent sent) { reported.set_value(std::move(sent)); });
  sender.start();
  sender.post(sending(7));
  const auto sent = reported.get_future().get();
  EXPECT_EQ(sent.outcome, ProofSent::Outcome::failed);
  EXPECT_EQ(sent.handle, kNumber);
  EXPECT_EQ(sent.started, UnixMillis{Milliseconds{5}});
  EXPECT_EQ(sent.attempt, 7U);
}

TEST_F(Sender, DoesNotSendWhatNobodyCouldUse) {
  std::promise<ProofSent> reported;
  auto sender = make([&](ProofSent sent) { reported.set_value(std::move(sent)); });
  sender.start();
  sender.post(sending(1, -Milliseconds{1}));
  EXPECT_EQ(reported.get_future().get().outcome, ProofSent::Outcome::failed);
}

TEST_F(Sender, SaysAtOnceWhatItCannotTake) {
  std::vector<std::uint32_t> failed;
  auto sender = make([&](const ProofSent& sent) { failed.push_back(sent.attempt); });
  for (std::uint32_t i = 0; i < kSmsQueueMax + 2; ++i) sender.post(sending(i));
  EXPECT_EQ(failed, (std::vector<std::uint32_t>{kSmsQueueMax, kSmsQueueMax + 1}));
}

TEST_F(Sender, LeavesWhatWaitsWhenItStops) {
  std::size_t reports = 0;
  auto sender = make([&](const ProofSent&) { ++reports; });
  sender.post(sending(1));
  sender.stop();
  sender.post(sending(2));
  EXPECT_EQ(reports, 0U);
}

}  // namespace
}  // namespace martlet::daemon
