#include "net/reactor.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace martlet::net {
namespace {

constexpr Milliseconds kPatience{30'000};

TEST(Reactor, RunsWhatIsPostedInOrderAndNotInsideTheCall) {
  Reactor reactor;
  std::vector<int> order;
  reactor.post([&] {
    reactor.post([&] { order.push_back(3); });
    order.push_back(1);
  });
  reactor.post([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(reactor.run_until([&] { return order.size() == 3; }, kPatience));
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Reactor, TakesPostsAndStopFromOtherThreads) {
  Reactor reactor;
  int count = 0;
  std::thread other{[&] {
    for (int i = 0; i < 1000; ++i) reactor.post([&] { ++count; });
    reactor.post([&] { reactor.stop(); });
  }};
  reactor.run();
  other.join();
  EXPECT_EQ(count, 1000);
}

TEST(Reactor, StopBeforeRunCountsAndRunWorksAgainAfterwards) {
  Reactor reactor;
  reactor.stop();
  reactor.run();
  bool ran = false;
  reactor.post([&] {
    ran = true;
    reactor.stop();
  });
  reactor.run();
  EXPECT_TRUE(ran);
}

TEST(Reactor, RunUntilGivesUpAfterItsTime) {
  Reactor reactor;
  EXPECT_FALSE(reactor.run_until([] { return false; }, Milliseconds{10}));
  EXPECT_TRUE(reactor.run_until([] { return true; }, Milliseconds{0}));
}

TEST(Reactor, TimersRunInTheirOrderAndOnce) {
  Reactor reactor;
  std::vector<int> order;
  const auto second = reactor.after(Milliseconds{20}, [&] { order.push_back(2); });
  const auto first = reactor.after(Milliseconds{1}, [&] { order.push_back(1); });
  EXPECT_TRUE(reactor.run_until([&] { return order.size() == 2; }, kPatience));
  EXPECT_FALSE(reactor.run_until([&] { return order.size() > 2; }, Milliseconds{30}));
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Reactor, ATimerWithoutItsGuardDoesNotRun) {
  Reactor reactor;
  bool wrong = false;
  bool done = false;
  auto dropped = reactor.after(Milliseconds{1}, [&] { wrong = true; });
  const auto kept = reactor.after(Milliseconds{5}, [&] { done = true; });
  dropped.reset();
  EXPECT_TRUE(reactor.run_until([&] { return done; }, kPatience));
  EXPECT_FALSE(wrong);
}

TEST(Reactor, ATimerMayDropItsOwnGuardAndStartTheNext) {
  Reactor reactor;
  int runs = 0;
  std::shared_ptr<void> guard;
  std::function<void()> again = [&] {
    guard.reset();
    if (++runs < 3) guard = reactor.after(Milliseconds{1}, again);
  };
  again();
  EXPECT_TRUE(reactor.run_until([&] { return runs == 3; }, kPatience));
}

TEST(Reactor, GuardsAndPostedWorkMayOutliveIt) {
  const auto token = std::make_shared<int>(1);
  std::shared_ptr<void> guard;
  {
    Reactor reactor;
    guard = reactor.after(Milliseconds{1000}, [token] { FAIL(); });
    reactor.post([token] { FAIL(); });
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1) << "the reactor let go of what its work owned";
  guard.reset();
}

}  // namespace
}  // namespace martlet::net
