#include "server/send_check.h"

#include <algorithm>

namespace martlet::server {
namespace {

using store::DeviceRecord;
using wire::ChainHead;
using wire::RefusalCode;

/// Heads by account, for binary search: a Send may name thousands.
class HeadMap {
 public:
  void add(const AccountId& account, const LinkId& head) { heads_.push_back({account, head}); }
  void sort() { std::ranges::sort(heads_, {}, &ChainHead::account); }
  const LinkId* find(const AccountId& account) const {
    const auto at = std::ranges::lower_bound(heads_, account, {}, &ChainHead::account);
    return at != heads_.end() && at->account == account ? &at->head : nullptr;
  }

 private:
  std::vector<ChainHead> heads_;
};

}  // namespace

RefusalCode stranger_code(store::DirectoryStore& directory, const DeviceId& device) {
  const auto former = directory.former_account(device);
  if (!former.ok()) return RefusalCode::unavailable;
  if (!former.value()) return RefusalCode::not_authenticated;
  const auto erased = directory.is_erased(*former.value());
  if (!erased.ok()) return RefusalCode::unavailable;
  return erased.value() ? RefusalCode::account_erased : RefusalCode::device_revoked;
}

namespace {

class SendCheck {
 public:
  SendCheck(store::DirectoryStore& directory, const wire::Send& send)
      : directory_{directory}, send_{send} {}

  SendVerdict run(const DeviceId& sender, const AccountId& own) {
    const auto self = directory_.device(sender);
    if (!self.ok()) return unavailable();
    if (!self.value()) return refusal(stranger_code(directory_, sender), kRetryUnavailable);
    if (self.value()->account != own) return refusal(RefusalCode::not_authenticated);
    if (self.value()->status == store::AccountStatus::suspended) {
      return refusal(RefusalCode::account_suspended);
    }
    current_.add(own, self.value()->head);
    for (const auto& envelope : send_.envelopes) {
      auto record = directory_.device(envelope.recipient);
      if (!record.ok()) return unavailable();
      if (record.value()) current_.add(record.value()->account, record.value()->head);
      recipients_.push_back(std::move(record).take());
    }
    current_.sort();
    // Heads before devices: a sender behind on a chain is told so, also if he names a device that
    // has left it since.
    if (auto verdict = check_heads(); verdict.index() != 0) return verdict;
    return check_recipients(own);
  }

 private:
  SendVerdict refusal(RefusalCode code, Milliseconds retry_after = {}) const {
    return wire::Refusal{code, retry_after, send_.message};
  }
  SendVerdict unavailable() const { return refusal(RefusalCode::unavailable, kRetryUnavailable); }

  SendVerdict check_heads() {
    wire::StaleDevices stale{send_.message, {}};
    std::size_t looked_up = 0;
    for (const auto& named : send_.heads) {
      named_.add(named.account, named.head);
      LinkId head;
      if (const auto* known = current_.find(named.account)) {
        head = *known;
      } else {
        if (++looked_up > kHeadsWithoutRecipientMax) return refusal(RefusalCode::too_large);
        const auto record = directory_.account(named.account);
        if (!record.ok()) return unavailable();
        if (!record.value()) return refusal(RefusalCode::unknown_account);
        head = record.value()->head;
      }
      if (head != named.head) stale.accounts.push_back(named.account);
    }
    named_.sort();
    if (!stale.accounts.empty()) return stale;
    return {};
  }

  SendVerdict check_recipients(const AccountId& own) const {
    for (const auto& record : recipients_) {
      if (!record || (record->account != own && named_.find(record->account) == nullptr)) {
        return refusal(RefusalCode::unknown_device);
      }
      if (record->status == store::AccountStatus::suspended) {
        return refusal(RefusalCode::peer_suspended);
      }
    }
    return {};
  }

  store::DirectoryStore& directory_;
  const wire::Send& send_;
  std::vector<std::optional<DeviceRecord>> recipients_;
  HeadMap current_;
  HeadMap named_;
};

}  // namespace

SendVerdict check_send(store::DirectoryStore& directory, const DeviceId& sender,
                       const AccountId& account, const wire::Send& send) {
  return SendCheck{directory, send}.run(sender, account);
}

}  // namespace martlet::server
