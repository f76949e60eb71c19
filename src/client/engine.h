#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/random.h"
#include "client/linking.h"
#include "client/network_client.h"
#include "protocol/sealing.h"
#include "store/vault.h"
#include "transparency/recovery_words.h"
#include "wire/frames.h"

namespace martlet::client {

/// The client: outbox, inbox, conversations. Pure: bytes, time and randomness come in, frames and
/// decisions go out; whoever owns the socket drives it as a NetworkClient.
///
/// Owned by one thread. Everything it promises is in the vault before it promises it.
class Engine : public NetworkClient {
 public:
  /// Loads profile, keys and outbox. Fails with not_enrolled on an empty vault.
  /// `vault` and `random` outlive the engine.
  static Answer<std::unique_ptr<Engine>> open(store::Vault& vault, Random& random);

  /// Writes a profile with `keys` and a genesis link into an empty vault, to be enrolled at the
  /// next connection. Called again with the same URL while pending it keeps the keys of the first
  /// time and takes over names and a handle only, so an interrupted enrolment goes on; with another
  /// URL it starts over. Fails with usage (bad URL, handle or name), already_enrolled, disk.
  static Answer<void> prepare_enrollment(store::Vault& vault, const EnrollRequest& request,
                                         protocol::DevicePrivateKeys keys, Random& random,
                                         UnixMillis now);
  /// Writes a profile for a device that is in an account's chain already, into an empty vault. The
  /// same again is no error. Fails with usage (names), refused (the chain does not verify or lacks
  /// the device), already_enrolled, disk.
  static Answer<void> adopt(store::Vault& vault, const AdoptRequest& request,
                            protocol::DevicePrivateKeys keys, UnixMillis now);
  /// Nothing to send, no answer awaited, no delivery being handled: a one-shot command may leave.
  virtual bool settled() const = 0;
  virtual Answer<Health> health() = 0;

  // --- the own account's devices ---
  /// All links of the own chain, as verified; and what they say.
  virtual const std::vector<Bytes>& own_links() const = 0;
  virtual const transparency::AccountChain& own_chain() const = 0;
  virtual Answer<std::vector<DeviceInfo>> devices() = 0;  ///< in the order in which they came
  /// Has a link appended to the own chain, when online. Poll append_progress. Not kept over a
  /// restart; the same link again is no error. Fails with refused (no link of this account),
  /// rate_limited.
  virtual Answer<AppendTicket> append_link(Bytes link, UnixMillis now) = 0;
  virtual Answer<AppendProgress> append_progress(AppendTicket ticket) const = 0;
  /// Removes a device, this one included, by a link that this device signs. Fails with
  /// unknown_device, or refused (not an admin).
  virtual Answer<AppendTicket> revoke(const DeviceId& device, transparency::RevokeReason reason,
                                      UnixMillis now) = 0;
  /// Names a device of the account, and tells the others. Fails with usage (a bad name),
  /// unknown_device, disk.
  virtual Answer<void> rename(const DeviceId& device, const std::string& name, UnixMillis now) = 0;
  /// Begins to let a device in that shows `code`: MARTLET:..., or eight digits (spec/linking.md).
  /// Then: approval_event() until it is over, decide() after ConfirmDevice. Not kept over a
  /// restart. Fails with usage (no code), refused (no admin, or another one is under way).
  virtual Answer<void> approve(const std::string& code, UnixMillis now) = 0;
  virtual std::optional<ApprovalEvent> approval_event() = 0;
  /// No role: it stays outside.
  virtual void decide_approval(std::optional<transparency::Role> role, UnixMillis now) = 0;
  virtual void cancel_approval(UnixMillis now) = 0;
  /// Signs as this device: the links that it approves are made outside of the engine.
  virtual const crypto::SigningKey& signing_key() const = 0;

  // --- the recovery words ---
  /// The 24 words, where they were made and until they are forgotten. Fails with unknown_words.
  virtual Answer<transparency::RecoveryText> recovery_words() = 0;
  /// Takes them off this device: from then on only paper has them. None there: no error.
  virtual Answer<void> forget_recovery_words() = 0;

  // --- the own account's handles ---
  /// Asks the server, when online. Poll handle_progress. Not kept over a restart; the same again is
  /// no error. Handles are typed: a number without its country belongs to the region. Fails with
  /// usage (no handle).
  virtual Answer<HandleTicket> ask_handles(const HandleAsk& ask, UnixMillis now) = 0;
  virtual Answer<HandleProgress> handle_progress(HandleTicket ticket) const = 0;

  // --- verbs ---
  virtual bool enrolled() const = 0;
  virtual WhoamiAnswer whoami() const = 0;
  /// Where phone numbers typed without their country belong, until the engine closes: two capital
  /// letters. Fails with usage.
  virtual Answer<void> set_region(const std::string& region) = 0;
  /// As set, else that of the own number; empty if there is neither.
  virtual std::string region() const = 0;
  /// Puts a text into the outbox. The recipient may be unknown yet: see progress().
  virtual Answer<SendAnswer> send(const SendRequest& request, UnixMillis now) = 0;
  virtual Answer<Progress> progress(const MessageId& message) = 0;
  virtual Answer<std::vector<store::ChatRecord>> chats() = 0;
  virtual Answer<std::vector<store::MessageRecord>> history(const HistoryRequest& request) = 0;
  /// Marks all of a chat as read and queues the receipts. Gives back how many were unread.
  virtual Answer<std::size_t> read(const std::string& chat, UnixMillis now) = 0;
  virtual Answer<store::ContactRecord> contact_add(const ContactAddRequest& request,
                                                   UnixMillis now) = 0;
  virtual Answer<ContactImport> contact_import(std::string_view file, UnixMillis now) = 0;
  virtual Answer<std::vector<store::ContactRecord>> contacts() = 0;
  /// Whom a name may mean, when send said ambiguous_name.
  virtual Answer<std::vector<store::ContactRecord>> candidates(const std::string& name) = 0;
  /// What we call the peers of our chats.
  virtual Answer<std::map<AccountId, std::string>> names_of_peers() = 0;
  virtual Answer<std::vector<Event>> events(store::Cursor after, std::size_t limit) = 0;
  virtual Answer<store::Cursor> consumed(const std::string& consumer) = 0;
  virtual Answer<void> set_consumed(const std::string& consumer, store::Cursor cursor) = 0;
};

/// https://HOST[:PORT]/i/TOKEN[#FINGERPRINT], as printed by `martletd invite`; or without the
/// token, or all of the path, of a server that anybody may join.
struct InvitationUrl {
  store::ServerAddress server;
  std::string token;  ///< empty: none
};
Answer<InvitationUrl> parse_invitation_url(std::string_view url);
std::string to_text(const store::ServerAddress& server);  ///< HOST:PORT[#FINGERPRINT]
/// HOST[:PORT][#FINGERPRINT], as `whoami` prints it. Fails with usage.
Answer<store::ServerAddress> parse_server_address(std::string_view text);

}  // namespace martlet::client
