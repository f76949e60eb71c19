#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "client/connection.h"
#include "client/engine.h"
#include "client/self.h"

namespace martlet::client {

/// The chain of one's own account: follows what the server announces, verifies link by link, and
/// appends. The chain in the vault only grows by links that verify; an answer that does not
/// continue it is an alarm and changes nothing (spec/delivery.md section 7).
class OwnChain {
 public:
  /// All outlive the object. `self` gets the links that were verified.
  OwnChain(store::Vault& vault, Connection& connection, Self& self);

  /// The server says that the chain ends here: fetched if it is not so with us.
  void on_announced(const LinkId& head);
  /// Fetches whatever the server said before.
  void refresh() { wanted_ = true; }
  /// While this is true the head that we know may be an old one.
  bool is_behind() const { return wanted_ || fetch_request_ != 0; }

  /// True once after a link of this device was taken in: those we write with should know.
  bool take_grown() { return std::exchange(grown_, false); }

  /// Takes a link to be appended. Its fate is told by progress() until 64 others came after it. Not
  /// kept over a restart: the same link may be given again.
  Answer<AppendTicket> append(Bytes link);
  Answer<AppendProgress> progress(AppendTicket ticket) const;

  /// The answer to a request of ours. False: it was not.
  Result<bool> on_answer(const wire::Frame& frame, UnixMillis now);
  void on_disconnected();
  void on_clock_set_back();
  Result<void> pump(UnixMillis now);
  UnixMillis wake_at() const;
  bool idle() const;

 private:
  struct Append {
    Bytes link;
    AppendProgress progress;
    std::uint64_t request = 0;  ///< 0: not sent
    UnixMillis not_before{};
  };

  Result<void> on_links(const wire::Account& answer, UnixMillis now);
  Result<void> on_append_answer(Append& append, const wire::Body& body, UnixMillis now);
  Result<void> grow(std::span<const Bytes> links, UnixMillis now);
  Result<void> alarm(std::string_view what, UnixMillis now);
  bool is_present() const;

  store::Vault& vault_;
  Connection& connection_;
  Self& self_;
  bool wanted_ = false;
  LinkId announced_;
  std::uint64_t fetch_request_ = 0;
  UnixMillis fetch_not_before_{};
  bool alarmed_ = false;  ///< in this run
  bool grown_ = false;
  std::map<AppendTicket, Append> appends_;
  AppendTicket last_ticket_ = 0;
};

/// What the links of a chain behind `before` did to its devices, as events; `chat` is zero for the
/// own account. Inside a transaction; the links have been verified.
Result<void> add_device_events(store::Vault& vault, const transparency::AccountChain& before,
                               std::span<const Bytes> links, const ChatId& chat, UnixMillis now);

}  // namespace martlet::client
