#pragma once

#include <atomic>
#include <optional>

#include "net/listener.h"
#include "server/messages.h"

namespace martlet::daemon {

/// What /health says. Written by the office's worker, read by all reactors.
enum class Condition : std::uint8_t { ok, disk_refuses, damaged };

/// Answers for ALPN http/1.1 (spec/wire.md section 7): health, and pages for people who opened an
/// invitation in a browser. Knows no secrets, looks at no token. Immutable but for the condition,
/// once the server runs; thread-safe.
class Pages {
 public:
  net::HttpResponse answer(const net::HttpRequest& request) const;
  /// What to ask the office, if the request is for the page of a mail's link: /confirm/TOKEN. Only
  /// its POST presses. Anything that can be no token is none of ours: answer() says so.
  static std::optional<server::OpenConfirmation> confirmation(const net::HttpRequest& request);
  /// The page that the office's answer means. Of links that do not work it shows nothing but that.
  static net::HttpResponse confirmation_page(const server::OfficeAnswer& answer);
  /// Too many wait for the office at once.
  static net::HttpResponse busy_page();
  /// Anybody may join, by this URL of ours and with a name of this domain: the front page says so.
  /// Before the server runs.
  void set_joining(const std::string& url, const std::string& domain);
  void set_condition(Condition condition) { condition_ = condition; }
  Condition condition() const { return condition_; }

 private:
  std::string joining_;  ///< the page; empty: by invitation only
  std::atomic<Condition> condition_ = Condition::ok;
};

}  // namespace martlet::daemon
