#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/random.h"
#include "server/handle_limits.h"
#include "server/handle_messages.h"
#include "server/rate_book.h"
#include "store/directory_store.h"
#include "wire/frames.h"

namespace martlet::server {

/// What this server can prove.
struct HandleOptions {
  bool mail = false;
  bool sms = false;
  std::string inbound_number;  ///< E.164; empty: no SMS is received
};

/// The handles of accounts: proving, removing, choosing the default (spec/handles.md section 4).
/// Pure but for the stores. Owned by the office, which sends out what take_sendings() gives and
/// tells the devices of take_changed().
class HandleProofs {
 public:
  using Refused = wire::Refusal;

  /// All outlive the object. `domain` is where local names are. Reads all proofs; if that fails,
  /// the next on_tick tries again and until then everything is refused as unavailable.
  HandleProofs(store::ProofStore& proofs, store::DirectoryStore& directory, Random& random,
               std::string domain, HandleOptions options);

  /// Begins a proof, or begins it anew. Says the same whether or not the server knows the handle,
  /// and whoever has it.
  Result<wire::HandleAdded, Refused> add(const AccountId& account, const std::string& network,
                                         const wire::HandleAdd& request, UnixMillis now);
  /// A code typed in. Counts down the tries before it says anything.
  Result<wire::Handles, Refused> confirm(const AccountId& account,
                                         const wire::HandleConfirm& request, UnixMillis now);
  Result<wire::Handles, Refused> remove(const AccountId& account, const std::string& handle,
                                        UnixMillis now);
  Result<wire::Handles, Refused> set_default(const AccountId& account, const std::string& handle,
                                             UnixMillis now);
  Result<wire::Handles, Refused> list(const AccountId& account, UnixMillis now);

  /// Only a press changes anything. `unavailable`: press again.
  Result<Confirmation, Refused> open(const OpenConfirmation& request, UnixMillis now);
  /// Whether the text proved a handle: its code was made for the number that sent it.
  bool receive(const InboundSms& sms, UnixMillis now);
  void sent(const ProofSent& result, UnixMillis now);
  /// Sends again, ends what took too long, forgets what is long over. At most once a second.
  void on_tick(UnixMillis now);
  /// The account is erased: its proofs go, also from the disk.
  Result<void> forget(const AccountId& account);
  /// The disk frees what was forgotten: store::ProofStore::scrub.
  Result<void> scrub() { return proofs_.scrub(); }

  /// What has to be sent out since the last call.
  std::vector<ProofSending> take_sendings() { return std::exchange(sendings_, {}); }
  /// Accounts whose list has changed since the last call.
  std::set<AccountId> take_changed() { return std::exchange(changed_, {}); }
  bool is_damaged() const { return damaged_; }
  std::size_t size() const { return known_.size(); }

 private:
  using Key = std::pair<AccountId, std::string>;
  using Known = std::map<Key, store::HandleProof>;

  // handle_proofs.cpp: what devices ask
  std::optional<store::ProofKind> kind_for(const std::string& handle,
                                           wire::HandleMethod method) const;
  Result<void, Refused> check_rates(const AccountId& account, const std::string& handle,
                                    const std::string& network, UnixMillis now);
  Result<wire::HandleAdded, Refused> begin(store::HandleProof proof, UnixMillis now);
  Result<store::AccountRecord, Refused> active(const AccountId& account);
  std::size_t pending(const AccountId& account) const;

  // handle_sending.cpp: what comes from outside, and time
  Result<void, Refused> prove(store::HandleProof proof, UnixMillis now);
  Result<void, Refused> settle(const store::HandleProof& proof, UnixMillis now);
  Result<void, Refused> settle_rivals(const store::HandleProof& proof, UnixMillis now);
  bool send(store::HandleProof proof, UnixMillis now);
  enum class Due : std::uint8_t { nothing, settle, send, give_up, expire, forget };
  static Due due(const store::HandleProof& proof, UnixMillis now);
  void do_due(store::HandleProof proof, Due what, UnixMillis now);

  // handle_book.cpp: what is kept
  bool load();
  /// On the disk and here; not `ok`: neither is sure, and here it is as before.
  Result<void, Refused> keep(store::HandleProof proof);
  Result<void, Refused> drop(const Key& key);
  void index(const store::HandleProof& proof, bool add);
  void make_room(const AccountId& account);
  const store::HandleProof* find(const AccountId& account, const std::string& handle) const;
  const store::HandleProof* find(const Digest& secret) const;

  store::ProofStore& proofs_;
  store::DirectoryStore& directory_;
  Random& random_;
  const std::string domain_;
  const HandleOptions options_;
  bool loaded_ = false;
  bool damaged_ = false;
  Known known_;
  std::map<Digest, Key> by_secret_;
  RateBook account_hour_, handle_hour_, handle_day_, network_hour_;
  std::vector<ProofSending> sendings_;
  std::set<AccountId> changed_;
  UnixMillis looked_{};
};

/// A proof that may still succeed.
bool is_pending(store::ProofState state);
/// As the account's devices see it.
wire::HandleRow row_of(const store::HandleProof& proof);

}  // namespace martlet::server
