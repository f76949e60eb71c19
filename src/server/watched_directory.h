#pragma once

#include "server/status.h"
#include "store/directory_store.h"

namespace martlet::server {

/// A directory that tells the office's health when stored bytes read as damaged; else what it
/// wraps. Both outlive it.
class WatchedDirectory final : public store::DirectoryStore {
 public:
  WatchedDirectory(store::DirectoryStore& inner, OfficeHealth& health)
      : inner_{inner}, health_{health} {}

  Result<void> put_invitation(const store::Invitation& invitation) override {
    return watch(inner_.put_invitation(invitation));
  }
  Result<std::optional<store::Invitation>> invitation(const store::TokenHash& token) override {
    return watch(inner_.invitation(token));
  }
  Result<void> enrol(const store::AccountRecord& account,
                     const std::optional<store::Invitation>& invitation) override {
    return watch(inner_.enrol(account, invitation));
  }
  Result<void> update(const store::AccountRecord& account, const LinkId& known_head) override {
    return watch(inner_.update(account, known_head));
  }
  Result<std::optional<AccountId>> move_handle(const std::string& handle,
                                               const AccountId& account) override {
    return watch(inner_.move_handle(handle, account));
  }
  Result<std::optional<store::AccountRecord>> account(const AccountId& account) override {
    return watch(inner_.account(account));
  }
  Result<std::optional<AccountId>> account_of_handle(const std::string& handle) override {
    return watch(inner_.account_of_handle(handle));
  }
  Result<std::optional<store::DeviceRecord>> device(const DeviceId& device) override {
    return watch(inner_.device(device));
  }
  Result<std::optional<AccountId>> former_account(const DeviceId& device) override {
    return watch(inner_.former_account(device));
  }
  Result<store::DirectoryCounts> counts() override { return watch(inner_.counts()); }
  Result<void> set_status(const AccountId& account, store::AccountStatus status) override {
    return watch(inner_.set_status(account, status));
  }
  Result<void> erase(const AccountId& account) override { return watch(inner_.erase(account)); }
  Result<bool> is_erased(const AccountId& account) override {
    return watch(inner_.is_erased(account));
  }
  Result<std::vector<store::AccountRecord>> accounts(const std::optional<AccountId>& after,
                                                     std::size_t count_max) override {
    return watch(inner_.accounts(after, count_max));
  }
  Result<void> scrub() override { return watch(inner_.scrub()); }
  bool needs_scrub() const override { return inner_.needs_scrub(); }

 private:
  template <class T>
  Result<T> watch(Result<T> result) {
    if (!result.ok() && result.error().failure == Failure::corrupt) health_.stores_damaged = true;
    return result;
  }

  store::DirectoryStore& inner_;
  OfficeHealth& health_;
};

}  // namespace martlet::server
