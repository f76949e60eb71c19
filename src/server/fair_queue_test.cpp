#include "server/fair_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "base/seeded_random.h"
#include "server/request_queue.h"

namespace martlet::server {
namespace {

struct Numbered {
  int flow = 0;
  int number = 0;
  bool operator==(const Numbered&) const = default;
};
struct Badly {  ///< all flows in few places of the table
  std::size_t operator()(int key) const { return static_cast<std::size_t>(key % 3); }
};
using Queue = FairQueue<int, Numbered, Badly>;

std::vector<Numbered> pop(Queue& queue, std::size_t most) {
  std::vector<Numbered> out;
  queue.pop(most, [&](Numbered&& item) { out.push_back(item); });
  return out;
}

TEST(FairQueue, OneFlowIsAPlainQueue) {
  Queue queue{10};
  for (int i = 0; i < 100; ++i) queue.push(1, 7, {1, i});
  EXPECT_EQ(queue.flows(), 1U);
  const auto first = pop(queue, 30);
  ASSERT_EQ(first.size(), 30U);
  const auto rest = pop(queue, 1'000);
  ASSERT_EQ(rest.size(), 70U);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(first[static_cast<std::size_t>(i)].number, i);
  for (int i = 0; i < 70; ++i) EXPECT_EQ(rest[static_cast<std::size_t>(i)].number, 30 + i);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.flows(), 0U);
  EXPECT_TRUE(pop(queue, 10).empty());
}

TEST(FairQueue, AFloodDelaysNobodyButItself) {
  Queue queue{10};
  for (int i = 0; i < 10'000; ++i) queue.push(1, 10, {1, i});
  for (int flow = 2; flow <= 5; ++flow) queue.push(flow, 10, {flow, 0});
  const auto got = pop(queue, 6);
  for (int flow = 2; flow <= 5; ++flow) {
    EXPECT_TRUE(std::ranges::find(got, Numbered{flow, 0}) != got.end()) << flow;
  }
}

TEST(FairQueue, WhoComesLateWaitsForOneTurnOfEachOther) {
  Queue queue{10};
  for (int flow = 0; flow < 20; ++flow) {
    for (int i = 0; i < 500; ++i) queue.push(flow, 5, {flow, i});
  }
  pop(queue, 33);
  queue.push(99, 5, {99, 0});
  const auto got = pop(queue, 20 * 2 + 1);
  EXPECT_EQ(std::ranges::count(got, 99, &Numbered::flow), 1);
}

TEST(FairQueue, SharesAreOfCostNotOfItems) {
  Queue queue{100};
  for (int i = 0; i < 4'000; ++i) {
    queue.push(1, 100, {1, i});
    queue.push(2, 10, {2, i});
    queue.push(3, 350, {3, i});  // more than a turn's share
  }
  std::map<int, int> cost;
  for (const auto& item : pop(queue, 2'000)) {
    cost[item.flow] += item.flow == 1 ? 100 : item.flow == 2 ? 10 : 350;
  }
  EXPECT_NEAR(cost[1], cost[2], 200);
  EXPECT_NEAR(cost[1], cost[3], 500);
}

TEST(FairQueue, AnItemOfAnyCostPasses) {
  Queue queue{10};
  queue.push(1, 4'000'000'000U, {1, 0});
  queue.push(1, 1, {1, 1});
  queue.push(2, 1, {2, 0});
  const auto got = pop(queue, 3);
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0], (Numbered{1, 0}));
  EXPECT_EQ(got[1], (Numbered{2, 0}));  // the first flow pays for its large one
  EXPECT_EQ(got[2], (Numbered{1, 1}));
}

TEST(FairQueue, NothingIsLostDoubledOrReorderedWithinAFlow) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    Queue queue{static_cast<std::uint32_t>(1 + random.below(50))};
    std::map<int, std::deque<int>> expected;
    int next = 0;
    for (int step = 0; step < 2'000; ++step) {
      for (auto pushes = random.below(12); pushes > 0; --pushes) {
        const auto flow = static_cast<int>(random.below(1 + random.below(300)));
        queue.push(flow, static_cast<std::uint32_t>(1 + random.below(100)), {flow, next});
        expected[flow].push_back(next++);
      }
      for (const auto& item : pop(queue, random.below(12))) {
        auto& mine = expected[item.flow];
        ASSERT_FALSE(mine.empty());
        ASSERT_EQ(mine.front(), item.number);
        mine.pop_front();
        if (mine.empty()) expected.erase(item.flow);
      }
      std::size_t left = 0;
      for (const auto& [flow, items] : expected) left += items.size();
      ASSERT_EQ(queue.size(), left);
      ASSERT_EQ(queue.flows(), expected.size());
    }
  }
}

TEST(FairQueue, ABurstThatIsOverLeavesAUsableQueue) {
  Queue queue{10};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2 * static_cast<int>(Queue::kKeptNodes); ++i)
      queue.push(i % 700, 3, {0, i});
    EXPECT_EQ(queue.flows(), 700U);
    EXPECT_EQ(pop(queue, 1'000'000).size(), 2 * Queue::kKeptNodes);
    EXPECT_TRUE(queue.empty());
  }
}

TEST(RequestQueue, ASessionsFloodLetsOthersIntoTheNextBatch) {
  RequestQueue queue;
  for (std::uint64_t i = 0; i < limits::kOfficeQueueMax; ++i) {
    queue.push({SessionId{0, 1}, i, 1'100, Unsubscribe{}});
  }
  for (std::uint64_t session = 2; session < 52; ++session) {
    for (std::uint64_t i = 0; i < 3; ++i) {
      queue.push({SessionId{0, session}, i, 1'100, Unsubscribe{}});
    }
  }
  std::vector<OfficeRequest> batch;
  queue.pop(limits::kGatherRequests, batch);
  EXPECT_EQ(batch.size(), limits::kGatherRequests);
  EXPECT_EQ(std::ranges::count_if(
                batch, [](const OfficeRequest& request) { return request.session.serial != 1; }),
            150);
  EXPECT_EQ(queue.size(), limits::kOfficeQueueMax + 150 - limits::kGatherRequests);
}

TEST(RequestQueue, TheSameSerialOnAnotherReactorIsAnotherSession) {
  RequestQueue queue;
  for (std::uint64_t i = 0; i < 1'000; ++i) queue.push({SessionId{0, 1}, i, 1'100, Unsubscribe{}});
  queue.push({SessionId{1, 1}, 0, 1'100, Unsubscribe{}});
  std::vector<OfficeRequest> batch;
  queue.pop(64, batch);
  EXPECT_EQ(std::ranges::count_if(
                batch, [](const OfficeRequest& request) { return request.session.reactor == 1; }),
            1);
}

}  // namespace
}  // namespace martlet::server
