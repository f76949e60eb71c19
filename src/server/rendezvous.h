#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "server/messages.h"

namespace martlet::server {

using wire::RendezvousName;

/// Where a device that is in no account yet meets one that may approve it. The newcomer opens a
/// meeting, the other side joins by its name (from a QR code) or by the number that the newcomer's
/// screen shows; then byte strings go to and fro. The server learns nothing from them and cannot
/// change them unseen. In memory only: a restart ends all meetings. Pure; owned by the office.
class RendezvousBook {
 public:
  explicit RendezvousBook(Random& random) : random_{random} {}

  static constexpr Milliseconds kLifetime = std::chrono::minutes{10};
  static constexpr std::size_t kOpenMax = 10'000;   ///< more: full
  static constexpr std::size_t kMessagesMax = 256;  ///< a meeting; then it ends
  static constexpr std::size_t kMessageBytesMax = wire::kRelayBytesMax;
  static constexpr std::size_t kBytesMax = 2 * 1024 * 1024;  ///< a meeting; then it ends
  static constexpr unsigned kWrongNumbersMax = 5;            ///< an account; then it pauses
  static constexpr Milliseconds kWrongNumberPause = std::chrono::hours{1};
  static constexpr std::size_t kNumberDigits = wire::kRendezvousDigits;

  enum class Fault : std::uint8_t {
    full,            ///< too many meetings: come back later
    taken,           ///< this name or session has a meeting already
    unknown,         ///< no such meeting: ended, or mistyped
    too_many_tries,  ///< wrong numbers; see retry_after
    too_much         ///< the meeting's limits are reached
  };
  struct Refused {
    Fault fault;
    Milliseconds retry_after{};
  };

  /// The number to show, eight digits. `name` is of the newcomer's choosing.
  Result<std::string, Refused> open(const SessionId& newcomer, const RendezvousName& name,
                                    UnixMillis now);
  /// Brings `approver`, a device of `account`, into the meeting. Wrong numbers count against the
  /// account, whichever device typed them; wrong names cannot be guessed and do not.
  Result<RendezvousName, Refused> join(const SessionId& approver, const AccountId& account,
                                       const std::variant<RendezvousName, std::string>& meeting,
                                       UnixMillis now);
  /// Whom a message of so many bytes from `session` goes to. Fails with `unknown` when there is no
  /// other side (yet), with `too_much` beyond the limits.
  Result<SessionId, Refused> relay(const SessionId& session, std::size_t bytes, UnixMillis now);
  /// The session is gone or gives up: the meeting ends. Gives back the other side, to be told.
  std::optional<SessionId> leave(const SessionId& session);
  /// Ends meetings that are older than kLifetime. Gives back the sessions to be told.
  std::vector<SessionId> expire(UnixMillis now);

  std::size_t size() const { return meetings_.size(); }

 private:
  struct Meeting {
    SessionId newcomer;
    std::optional<SessionId> approver;
    std::string number;
    UnixMillis opened{};
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };
  struct Tries {
    unsigned wrong = 0;
    UnixMillis last{};
  };
  using Meetings = std::map<RendezvousName, Meeting>;

  Meetings::iterator of_number(const std::string& number);
  std::string fresh_number();
  void end(Meetings::iterator meeting);

  Random& random_;
  Meetings meetings_;
  std::map<SessionId, RendezvousName> sessions_;  ///< either side
  std::map<std::string, RendezvousName> numbers_;
  std::map<AccountId, Tries> tries_;
};

}  // namespace martlet::server
