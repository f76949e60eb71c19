#pragma once

#include <optional>

#include "base/random.h"
#include "store/vault.h"
#include "wire/frames.h"

namespace martlet::client {

/// Marks the logins of this device in an unbroken line, so that the server notices when two copies
/// of one profile run, or an old one was restored (spec/delivery.md section 10).
class LoginMarks {
 public:
  /// So often at most the user is told.
  static constexpr Milliseconds kAlertPause = std::chrono::hours{1};

  /// Both outlive the object.
  LoginMarks(store::Vault& vault, Random& random) : vault_{vault}, random_{random} {}

  /// Fills in what the next login says. It is in the vault before it is sent, and stays the same
  /// until a login was welcomed.
  Result<void> mark(wire::Authenticate& login);
  Result<void> on_welcome();
  /// The server knows another last login of this device: goes on from that, and tells the user.
  Result<void> on_elsewhere(const wire::LoginMark& last, UnixMillis now);

 private:
  using Mark = std::array<std::uint8_t, 16>;
  struct State {
    wire::LoginMark last;      ///< that was welcomed; number 0: none
    std::optional<Mark> next;  ///< of the login under way
    UnixMillis alerted{};
  };
  Result<State> load();
  Result<void> store(const State& state);

  store::Vault& vault_;
  Random& random_;
};

}  // namespace martlet::client
