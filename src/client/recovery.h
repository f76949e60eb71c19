#pragma once

#include "base/handle.h"
#include "client/stranger.h"
#include "protocol/sealing.h"
#include "transparency/link_builder.h"

namespace martlet::client {

/// How often somebody else's link may come first; then `refused`.
inline constexpr unsigned kRecoveryMovesMax = 16;

/// The account that the recovery words let this device into.
struct Recovered {
  AccountId account;
  std::vector<Bytes> links;  ///< the whole chain, verified, this device in it
};

/// Lets a new device into an account by its recovery key, where there is no other device: looks the
/// account up by a handle, makes an add link that the recovery key signs and the device accepts,
/// and has it appended (spec/account-chain.md, spec/wire.md section 4.1). Whatever the server
/// answers, only an account whose verified chain names this recovery key is entered. One object a
/// try; a lost connection is made anew. Afterwards, Engine::adopt.
class Recovery final : public Stranger {
 public:
  /// `keys` and `random` outlive the object.
  Recovery(store::ServerAddress server, Handle handle, transparency::RecoverySeed seed,
           const protocol::DevicePrivateKeys& keys, Random& random);

  /// Set once it worked; fatal() once it did not.
  const std::optional<Recovered>& result() const { return result_; }

 private:
  void on_ready(UnixMillis now) override;
  void on_answer(const wire::Frame& frame, UnixMillis now) override;
  void on_lost(UnixMillis now) override;
  void on_account(const wire::Account& account, UnixMillis now);
  void done(AccountId account, std::vector<Bytes> links);

  Handle handle_;
  transparency::RecoverySeed seed_;
  const protocol::DevicePrivateKeys& keys_;
  std::uint64_t lookup_request_ = 0;
  std::uint64_t append_request_ = 0;
  AccountId account_;
  std::vector<Bytes> links_;  ///< as looked up, and ours
  unsigned moves_ = 0;
  std::optional<Recovered> result_;
};

}  // namespace martlet::client
