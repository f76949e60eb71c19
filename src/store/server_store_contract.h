#pragma once

// What the contracts of the server's stores share.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/seeded_random.h"
#include "store/write_fault.h"

namespace martlet::store::server_contract {

/// A disk and at most one store on it. Each engine's test has its own.
template <class Store, class... Options>
class Disk {
 public:
  virtual ~Disk() = default;
  /// Kills the store that is open, as a power cut would, and opens another on what is left.
  virtual Result<void> open(const Options&... options) = 0;
  virtual Store& store() = 0;
  /// From now on, `number` durable writes succeed and the one behind them suffers `fault`.
  virtual void fail_write(std::size_t number, WriteFault fault) = 0;
  /// The next one that the calling thread makes itself: an engine's own threads write when they
  /// like, and what they fail at comes up at some later call.
  virtual void fail_own_write(WriteFault fault) { fail_write(0, fault); }
  /// Whether that write came; no more will fail until the next fail_write.
  virtual bool has_failed() const = 0;
};

/// Counts durable writes down to the one that fails.
class FaultPlan {
 public:
  void fail_write(std::size_t number, WriteFault fault) {
    left_ = number;
    fault_ = fault;
    failed_ = false;
  }
  bool has_failed() const { return failed_; }
  WriteFault next() {
    if (fault_ == WriteFault::none || failed_ || left_-- > 0) return WriteFault::none;
    failed_ = true;
    return fault_;
  }

 private:
  std::size_t left_ = 0;
  WriteFault fault_ = WriteFault::none;
  bool failed_ = false;
};

enum class AfterFailure { carry_on, kill };  ///< what a scenario does when a write has failed

template <class IdType>
IdType id_of(std::uint8_t number) {
  std::array<std::uint8_t, IdType::kBytes> bytes{};
  bytes.fill(number);
  return IdType{bytes};
}
inline DeviceId device(std::uint8_t number) { return id_of<DeviceId>(number); }

template <class T>
T value_of(Result<T> result) {
  EXPECT_TRUE(result.ok()) << result.error().reason.text;
  return result.ok() ? std::move(result).take() : T{};
}
inline void expect_ok(const Result<void>& result) {
  EXPECT_TRUE(result.ok()) << result.error().reason.text;
}
template <class T>
void expect_failure(const Result<T>& result, Failure failure) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().failure, failure) << result.error().reason.text;
}

inline constexpr std::size_t kAll = 1'000'000'000;

}  // namespace martlet::store::server_contract
