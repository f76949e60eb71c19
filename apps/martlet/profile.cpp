#include "apps/martlet/profile.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "client/errors.h"
#include "store/vault/key_file.h"
#include "store/vault/profile_lock.h"
#include "store/vault/sqlcipher_vault.h"

namespace martlet::cli {
namespace {

namespace fs = std::filesystem;
using client::ErrorCode;

constexpr Milliseconds kLockWait{3'000};
constexpr const char* kKeyFile = "key";
constexpr const char* kVaultFile = "vault.db";

std::optional<fs::path> home() {
  if (const char* const given = std::getenv("HOME"); given != nullptr && *given == '/')
    return given;
  const auto* const entry = ::getpwuid(::getuid());
  if (entry == nullptr || entry->pw_dir == nullptr || *entry->pw_dir != '/') return std::nullopt;
  return entry->pw_dir;
}

/// XDG base directory specification: a relative path is to be ignored.
std::optional<fs::path> data_home() {
  const char* const given = std::getenv("XDG_DATA_HOME");
  if (given != nullptr && *given == '/') return given;
  const auto own = home();
  if (!own) return std::nullopt;
  return *own / ".local/share";
}

Problem in_use(const fs::path& folder) {
  auto problem = problem_of(client::errors::kInUse);
  if (const auto pid = store::ProfileLock::holder(folder)) {
    problem.message = fmt::format("another program is using this profile (process {})", *pid);
  }
  return problem;
}

Problem problem_of_disk(const Error& error, const fs::path& folder) {
  if (error.failure == Failure::in_use) return in_use(folder);
  const auto where = "look into " + folder.string();
  switch (error.failure) {
    case Failure::corrupt:
    case Failure::not_found:
      return {ErrorCode::profile_damaged, error.reason.text, where, {}};
    case Failure::refused:
      return {ErrorCode::profile_damaged,
              error.reason.text,
              where + "; if a newer martlet wrote it, use that one",
              {}};
    default:
      return {ErrorCode::disk, error.reason.text, where, {}};
  }
}

/// The folder as it has to be, or why not.
Result<void, Problem> have_folder(const fs::path& folder, Profile::Missing missing) {
  std::error_code failed;
  if (fs::is_directory(folder, failed)) return {};
  if (missing == Profile::Missing::fail) return problem_of(client::errors::kNotEnrolled);
  fs::create_directories(folder, failed);  // 0700: main has set the mask
  if (!failed) fs::permissions(folder, fs::perms::owner_all, failed);
  if (failed) {
    return Problem{ErrorCode::disk,
                   "the profile's folder cannot be made: " + failed.message(),
                   "look into " + folder.string(),
                   {}};
  }
  return {};
}

}  // namespace

Result<fs::path, Problem> profile_folder(const std::string& given) {
  const auto name = given.empty() ? std::string{"default"} : given;
  if (name.find('/') != std::string::npos || name == "." || name == "..") return fs::path{name};
  const auto base = data_home();
  if (!base) {
    return Problem{ErrorCode::usage,
                   "there is no home folder to keep the profile in",
                   "give one: --profile /path/to/folder",
                   {}};
  }
  return *base / "martlet/profiles" / name;
}

Result<Profile, Problem> Profile::open(const fs::path& folder, Missing missing, Random& random) {
  TRY(have_folder(folder, missing));
  const auto key_file = (folder / kKeyFile).string();
  const auto vault_file = (folder / kVaultFile).string();
  std::error_code ignored;
  // A log without its database is a damaged vault, and the store will say so.
  const bool has_vault =
      fs::exists(vault_file, ignored) || fs::exists(vault_file + "-wal", ignored);
  if (!has_vault && missing == Missing::fail) return problem_of(client::errors::kNotEnrolled);

  auto lock = store::ProfileLock::acquire(folder, kLockWait);
  if (!lock.ok()) return problem_of_disk(lock.error(), folder);
  // Without its key a vault is lost: a new key would only hide that.
  const auto key =
      has_vault ? store::load_key(key_file) : store::load_or_create_key(key_file, random);
  if (!key.ok()) return problem_of_disk(key.error(), folder);
  auto vault = store::SqlcipherVault::open(vault_file, key.value().reveal());
  if (!vault.ok()) return problem_of_disk(vault.error(), folder);
  return Profile{std::make_unique<store::ProfileLock>(std::move(lock).take()),
                 std::move(vault).take()};
}

Profile::Profile(std::unique_ptr<store::ProfileLock> lock, std::unique_ptr<store::Vault> vault)
    : lock_{std::move(lock)}, vault_{std::move(vault)} {}
Profile::Profile(Profile&&) noexcept = default;
Profile::~Profile() = default;

}  // namespace martlet::cli
