#pragma once

#include <atomic>

#include "net/listener.h"

namespace martlet::daemon {

/// What /health says. Written by the office's worker, read by all reactors.
enum class Condition : std::uint8_t { ok, disk_refuses, damaged };

/// Answers for ALPN http/1.1 (spec/wire.md section 7): health, and pages for people who opened an
/// invitation in a browser. Knows no secrets, looks at no token. Immutable but for the condition;
/// thread-safe.
class Pages {
 public:
  net::HttpResponse answer(const net::HttpRequest& request) const;
  void set_condition(Condition condition) { condition_ = condition; }
  Condition condition() const { return condition_; }

 private:
  std::atomic<Condition> condition_ = Condition::ok;
};

}  // namespace martlet::daemon
