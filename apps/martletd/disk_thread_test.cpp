#include "apps/martletd/disk_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace martlet::daemon {
namespace {

/// Tells on which thread it ran, once it may.
class Work final : public store::SyncWork {
 public:
  Work(std::shared_future<void> gate, std::thread::id& ran, Result<void> result)
      : gate_{std::move(gate)}, ran_{ran}, result_{std::move(result)} {}
  Result<void> perform() override {
    gate_.wait();
    ran_ = std::this_thread::get_id();
    return result_;
  }

 private:
  std::shared_future<void> gate_;
  std::thread::id& ran_;
  Result<void> result_;
};

TEST(DiskThread, WorksWhileItsOwnerGoesOn) {
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  std::promise<Result<void>> answer;
  std::thread::id ran;
  DiskThread disk{[&](Result<void> result) { answer.set_value(std::move(result)); }};
  disk.give(std::make_unique<Work>(opened, ran, Error{Failure::unavailable, "as told"}));
  gate.set_value();  // we got here: give() did not wait for it
  const auto result = answer.get_future().get();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().failure, Failure::unavailable);
  EXPECT_NE(ran, std::this_thread::get_id());
}

TEST(DiskThread, EndsAfterWhatItWasGiven) {
  std::atomic<int> done{0};
  std::thread::id ran;
  std::promise<void> gate;
  {
    DiskThread disk{[&](const Result<void>&) { ++done; }};
    disk.give(std::make_unique<Work>(gate.get_future().share(), ran, Result<void>{}));
    gate.set_value();
  }
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace martlet::daemon
