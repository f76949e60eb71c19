#include "server/rendezvous.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace martlet::server {
namespace {

using namespace std::chrono_literals;
using Fault = RendezvousBook::Fault;

constexpr SessionId kNewcomer{0, 1};
constexpr SessionId kApprover{0, 2};
constexpr SessionId kOther{1, 1};
constexpr RendezvousName kName{1, 2, 3};

class Rendezvous : public ::testing::Test {
 protected:
  std::string open() { return book_.open(kNewcomer, kName, now_).take(); }
  void meet() {
    open();
    ASSERT_TRUE(book_.join(kApprover, account_, kName, now_).ok());
  }
  Fault join_fault(const std::variant<RendezvousName, std::string>& meeting,
                   const SessionId& session = kApprover) {
    const auto joined = book_.join(session, account_, meeting, now_);
    EXPECT_FALSE(joined.ok());
    return joined.ok() ? Fault::full : joined.error().fault;
  }
  Fault relay_fault(const SessionId& session, std::size_t bytes = 1) {
    const auto relayed = book_.relay(session, bytes, now_);
    EXPECT_FALSE(relayed.ok());
    return relayed.ok() ? Fault::full : relayed.error().fault;
  }
  static std::string wrong(std::string number) {
    number[0] = number[0] == '9' ? '0' : static_cast<char>(number[0] + 1);
    return number;
  }

  SeededRandom random_{5};
  RendezvousBook book_{random_};
  UnixMillis now_ = unix_millis(1'800'000'000'000);
  AccountId account_{{7}};
};

TEST_F(Rendezvous, BothSidesMeetByNameAndByNumber) {
  for (const bool by_number : {false, true}) {
    const auto number = open();
    ASSERT_EQ(number.size(), RendezvousBook::kNumberDigits);
    const auto joined = by_number ? book_.join(kApprover, account_, number, now_)
                                  : book_.join(kApprover, account_, kName, now_);
    ASSERT_TRUE(joined.ok());
    EXPECT_EQ(joined.value(), kName);
    EXPECT_EQ(book_.relay(kNewcomer, 10, now_).value(), kApprover);
    EXPECT_EQ(book_.relay(kApprover, 10, now_).value(), kNewcomer);
    EXPECT_EQ(book_.leave(kApprover), kNewcomer);
    EXPECT_EQ(book_.size(), 0U);
    EXPECT_EQ(relay_fault(kNewcomer), Fault::unknown);
  }
}

TEST_F(Rendezvous, RefusesWhatCannotBe) {
  EXPECT_EQ(join_fault(kName), Fault::unknown) << "nobody opened it";
  EXPECT_EQ(relay_fault(kNewcomer), Fault::unknown);
  const auto number = open();
  EXPECT_EQ(relay_fault(kNewcomer), Fault::unknown) << "nobody joined yet";
  EXPECT_EQ(book_.open(kNewcomer, RendezvousName{9}, now_).error().fault, Fault::taken);
  EXPECT_EQ(book_.open(kOther, kName, now_).error().fault, Fault::taken);
  EXPECT_EQ(join_fault(kName, kNewcomer), Fault::taken) << "with itself";
  EXPECT_EQ(join_fault(RendezvousName{9}), Fault::unknown);
  ASSERT_TRUE(book_.join(kApprover, account_, kName, now_).ok());
  EXPECT_EQ(join_fault(kName, kOther), Fault::unknown) << "two are enough";
  EXPECT_EQ(join_fault(number, kOther), Fault::unknown);
  EXPECT_EQ(join_fault(kName, kApprover), Fault::taken);
  EXPECT_EQ(book_.leave(kOther), std::nullopt);
}

TEST_F(Rendezvous, FiveWrongNumbersThenAnHoursPause) {
  const auto number = open();
  for (unsigned i = 0; i < RendezvousBook::kWrongNumbersMax; ++i) {
    EXPECT_EQ(join_fault(wrong(number)), Fault::unknown);
    now_ += 1s;
  }
  const auto refused = book_.join(kOther, account_, number, now_);
  ASSERT_FALSE(refused.ok()) << "from whichever device";
  EXPECT_EQ(refused.error().fault, Fault::too_many_tries);
  EXPECT_EQ(refused.error().retry_after, RendezvousBook::kWrongNumberPause - 1s);
  EXPECT_TRUE(book_.join(kOther, AccountId{{8}}, number, now_).ok()) << "others may go on";
  (void)book_.leave(kOther);
  const auto again = open();
  EXPECT_TRUE(book_.join(kApprover, account_, kName, now_).ok()) << "a QR code is not guessed";
  (void)book_.leave(kApprover);
  now_ += RendezvousBook::kWrongNumberPause;
  const auto later = open();
  EXPECT_TRUE(book_.join(kApprover, account_, later, now_).ok());
}

TEST_F(Rendezvous, ARightNumberForgivesTheWrongOnes) {
  for (int round = 0; round < 3; ++round) {
    const auto number = open();
    for (unsigned i = 1; i < RendezvousBook::kWrongNumbersMax; ++i) join_fault(wrong(number));
    EXPECT_TRUE(book_.join(kApprover, account_, number, now_).ok());
    (void)book_.leave(kNewcomer);
  }
}

TEST_F(Rendezvous, EndsAfterTenMinutes) {
  meet();
  now_ += RendezvousBook::kLifetime - 1ms;
  EXPECT_TRUE(book_.expire(now_).empty());
  EXPECT_TRUE(book_.relay(kNewcomer, 1, now_).ok());
  now_ += 1ms;
  EXPECT_EQ(relay_fault(kNewcomer), Fault::unknown) << "even before the tick";
  EXPECT_EQ(book_.expire(now_), (std::vector<SessionId>{kNewcomer, kApprover}));
  EXPECT_EQ(book_.size(), 0U);
  open();
  EXPECT_EQ(book_.expire(now_ - 1h), std::vector<SessionId>{kNewcomer}) << "a clock set back";
}

TEST_F(Rendezvous, LimitsOfAMeeting) {
  meet();
  EXPECT_EQ(relay_fault(kNewcomer, RendezvousBook::kMessageBytesMax + 1), Fault::too_much);
  std::size_t bytes = 0;
  while (bytes + RendezvousBook::kMessageBytesMax <= RendezvousBook::kBytesMax) {
    ASSERT_TRUE(book_.relay(kApprover, RendezvousBook::kMessageBytesMax, now_).ok());
    bytes += RendezvousBook::kMessageBytesMax;
  }
  EXPECT_EQ(relay_fault(kApprover, RendezvousBook::kMessageBytesMax), Fault::too_much);
  (void)book_.leave(kNewcomer);
  meet();
  for (std::size_t i = 0; i < RendezvousBook::kMessagesMax; ++i) {
    ASSERT_TRUE(book_.relay(kNewcomer, 1, now_).ok());
  }
  EXPECT_EQ(relay_fault(kNewcomer), Fault::too_much);
}

TEST_F(Rendezvous, OnlySoManyAtOnce) {
  for (std::size_t i = 0; i < RendezvousBook::kOpenMax; ++i) {
    RendezvousName name{};
    for (std::size_t b = 0; b < 8; ++b) name[b] = static_cast<std::uint8_t>(i >> (8 * b));
    ASSERT_TRUE(book_.open(SessionId{2, i}, name, now_).ok());
  }
  const auto full = book_.open(kNewcomer, RendezvousName{0xff, 0xff, 0xff}, now_);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().fault, Fault::full);
  EXPECT_EQ(full.error().retry_after, RendezvousBook::kLifetime);
}

}  // namespace
}  // namespace martlet::server
