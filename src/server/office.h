#pragma once

#include <span>

#include "base/limits.h"
#include "base/random.h"
#include "server/deliveries.h"
#include "server/handle_proofs.h"
#include "server/login_book.h"
#include "server/rendezvous.h"
#include "server/watched_directory.h"

namespace martlet::server {

struct OfficeOptions {
  std::string domain;  ///< of local names
  Milliseconds envelope_lifetime = limits::kEnvelopeLifetime;
  Milliseconds scrub_interval = std::chrono::seconds{60};
  bool open_registration = false;  ///< newcomers need no invitation
  HandleOptions handles = {};
};

/// The part of the server that may wait for the disk: directory, mailboxes, who is online. Pure but
/// for the stores it is given. Owned by one worker thread, which hands it what sessions asked,
/// batch by batch, and posts its answers back to them.
///
/// A whole batch shares one MailboxStore::sync, and nothing that depends on it is answered or
/// delivered before. If it fails, those are told `unavailable` and none of it has happened.
class Office {
 public:
  /// All outlive the office.
  Office(store::MailboxStore& mailboxes, store::DirectoryStore& directory,
         store::ProofStore& proofs, Random& random, OfficeOptions options);

  /// Serves a batch, in order; requests are moved from. Answers are added to `answers`. May be
  /// called with no requests, to go on with what has_work() tells of.
  void process(std::span<OfficeRequest> requests, UnixMillis now,
               std::vector<OfficeAnswer>& answers);
  /// Expires what is due, a portion at a time, and tells the senders; makes deletions durable that
  /// no batch took along; frees the disk of deleted bytes if `idle` or long overdue. Call about
  /// once a second, and again at once while it gives back true (more is due).
  bool on_tick(UnixMillis now, bool idle, std::vector<OfficeAnswer>& answers);

  /// More can be delivered at once: call process again without waiting.
  bool has_work() const { return deliveries_.pending(); }
  const OfficeHealth& health() const { return health_; }
  std::size_t online() const { return deliveries_.online(); }

 private:
  using Answers = std::vector<OfficeAnswer>;
  struct Batch {
    std::vector<store::WaitingItem> fresh;  ///< staged in it, to be delivered when durable
    Answers after_sync;
    bool staged = false;  ///< something must be durable before it may be answered
  };
  struct Removal {
    DeviceId device;
    store::Sequence sequence;
  };

  void serve(OfficeRequest& request, UnixMillis now, Batch& batch, Answers& answers);
  void log_in(const OfficeRequest& request, const DeviceId& device, Answers& answers);
  void subscribe(const OfficeRequest& request, const Subscribe& body, UnixMillis now,
                 Answers& answers);
  void post(const OfficeRequest& request, Post& body, UnixMillis now, Batch& batch,
            Answers& answers);
  /// All of the Send, or none of it: then the refusal.
  Result<void, wire::Refusal> stage(Post& body, UnixMillis now, Batch& batch);
  void acknowledge(const OfficeRequest& request, const Acknowledgement& body, Answers& answers);
  void look_up(const OfficeRequest& request, const wire::Lookup& body, Answers& answers);
  void fetch(const OfficeRequest& request, const AccountId& account, std::uint32_t from_seqno,
             wire::RefusalCode if_unknown, Answers& answers);
  void append_link(const OfficeRequest& request, const wire::AppendLink& body, Answers& answers);
  void open_rendezvous(const OfficeRequest& request, const wire::OpenRendezvous& body,
                       UnixMillis now, Answers& answers);
  void join_rendezvous(const OfficeRequest& request, const Join& body, UnixMillis now,
                       Answers& answers);
  void relay(const OfficeRequest& request, wire::Relay& body, UnixMillis now, Answers& answers);
  void handles(const OfficeRequest& request, HandleRequest& body, UnixMillis now, Answers& answers);
  /// Tells devices whose handles have changed, and hands over what is to be sent out.
  void tell_of_handles(UnixMillis now, Answers& answers);
  void report(const OfficeRequest& request, const StatusQuery& query, Answers& answers);
  void list_users(const OfficeRequest& request, const ListUsers& body, Answers& answers);
  void suspend(const OfficeRequest& request, const Suspend& body, Answers& answers);
  void erase(const OfficeRequest& request, const Erase& body, Answers& answers);
  UserLine line_of(const store::AccountRecord& record) const;
  /// Shows the device out, if it is online.
  void dismiss(const DeviceId& device, wire::RefusalCode why, Answers& answers);

  /// Adds to a mailbox, and to batch.fresh unless it waits there already.
  Result<void> append(store::MailboxItem item, Batch& batch);
  bool commit(Batch& batch, UnixMillis now, Answers& answers);
  bool sync();
  void remove(const Removal& removal);
  void restage_removals();
  bool expire(UnixMillis now, Batch& batch);
  /// A portion of the mailboxes whose device has left. True: there may be more.
  bool clear_abandoned(UnixMillis now, Batch& batch);
  /// What the disk does not take is left in notices_.
  void stage_notices(const std::vector<store::MailboxItem>& notices, Batch& batch);
  void scrub_if_due(UnixMillis now, bool idle);
  /// Erased accounts leave the disk at once; then the operator is told.
  void scrub_erased(Answers& answers);

  store::MailboxStore& mailboxes_;
  OfficeHealth health_;
  WatchedDirectory directory_;
  Random& random_;
  OfficeOptions options_;
  Deliveries deliveries_;
  RendezvousBook rendezvous_;
  HandleProofs handles_;
  LoginBook logins_;
  std::vector<Removal> removals_;            ///< staged, not yet durable
  bool removals_undone_ = false;             ///< by a failed sync: they have to be staged again
  std::vector<store::MailboxItem> notices_;  ///< owed to senders; staged at the next tick
  /// Mailboxes to look at: those of devices that have left are emptied. At first all.
  std::vector<DeviceId> suspects_;
  UnixMillis scrubbed_{};
  UnixMillis directory_scrubbed_{};
  std::vector<OfficeAnswer> erasures_;  ///< owed to the operator
};

}  // namespace martlet::server
