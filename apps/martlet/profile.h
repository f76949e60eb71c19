#pragma once

#include <filesystem>
#include <memory>

#include "apps/martlet/problem.h"
#include "base/random.h"
#include "store/vault.h"

namespace martlet::store {
class ProfileLock;
}

namespace martlet::cli {

/// The folder that `given` means: a path if it holds a slash or is "." or "..", else the profile of
/// this name below $XDG_DATA_HOME/martlet/profiles (~/.local/share/martlet/profiles). Empty: the
/// profile "default". Fails with `usage` when there is no home to look in.
Result<std::filesystem::path, Problem> profile_folder(const std::string& given);

/// One account on one machine, opened: locked against other processes as long as it exists.
class Profile {
 public:
  enum class Missing : std::uint8_t { fail, create };

  /// Waits up to three seconds for another process to leave it, then fails with `profile_in_use`.
  /// A folder that is not there is created (0700), or fails with `not_enrolled`. Fails with `disk`
  /// or `profile_damaged`.
  static Result<Profile, Problem> open(const std::filesystem::path& folder, Missing missing,
                                       Random& random);
  Profile(Profile&&) noexcept;
  ~Profile();
  store::Vault& vault() { return *vault_; }

 private:
  Profile(std::unique_ptr<store::ProfileLock> lock, std::unique_ptr<store::Vault> vault);
  std::unique_ptr<store::ProfileLock> lock_;
  std::unique_ptr<store::Vault> vault_;
};

}  // namespace martlet::cli
