#pragma once

#include <gtest/gtest.h>
#include <sched.h>

namespace martlet::martletd_test {

/// While it lives, this thread and the programs that it starts have one core. A server then does
/// all but the disk's work on one thread.
class OneCore {
 public:
  OneCore() {
    EXPECT_EQ(::sched_getaffinity(0, sizeof before_, &before_), 0);
    std::size_t core = 0;
    while (core + 1 < CPU_SETSIZE && !CPU_ISSET(core, &before_)) ++core;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }
  ~OneCore() { static_cast<void>(::sched_setaffinity(0, sizeof before_, &before_)); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace martlet::martletd_test
