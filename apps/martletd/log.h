#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"

namespace spdlog {
class logger;
}

namespace martlet::daemon {

/// One named fact of an event. Numbers and texts from our own source only: so no log can hold who
/// somebody is, what he says, or what a stranger sent.
struct Field {
  Literal name;
  std::variant<std::int64_t, Literal> value;
};

/// What the server does, for its operator: one line an event on stderr, `time level event
/// name=value...`. Success is quiet. Thread-safe.
class Log {
 public:
  /// The fixed list. Levels: error: the operator must act; warning: degraded; info: rare.
  enum class Event : std::uint8_t {
    started,           ///< info: port, reactors
    stopping,          ///< info
    stopped,           ///< info
    disk_refuses,      ///< warning: accepted mail is safe, new mail is refused
    disk_works_again,  ///< info
    stores_damaged,    ///< error: the directory or the list of what is due cannot be read
    scrub_fails,       ///< warning: deleted bytes stay on the disk; tried again
    mail_fails,  ///< warning: reply (of the mail server), curl (libcurl's number); tried again
    mail_works_again,  ///< info
    mailbox_damaged,   ///< error: mailboxes (how many); `martletd status` names them
    sms_fails,         ///< warning: the SMS gateway is silent (status 0) or broken (its status)
    sms_refused,       ///< warning: it refused an SMS (its status); 401, 403: see the settings
    sms_works_again,   ///< info
  };

  Log();
  ~Log();
  void write(Event event, std::initializer_list<Field> fields = {});

 private:
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace martlet::daemon
