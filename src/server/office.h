#pragma once

#include <span>

#include "base/limits.h"
#include "base/random.h"
#include "server/acceptances.h"
#include "server/account_rates.h"
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
  SendRates rates = {};                 ///< of one account
  Stopwatch stopwatch = stopped_watch;  ///< for the meters alone
};

/// The part of the server that may wait for the disk: directory, mailboxes, who is online. Pure but
/// for the stores it is given. Owned by one worker thread, which hands it what sessions asked,
/// batch by batch, and posts its answers back to them.
///
/// What a Send brings is delivered at once to who is online, and `Accepted` when all of it is
/// durable or acknowledged: what its device acknowledges before the next MailboxStore::sync never
/// touches the disk. All Sends that wait share one sync. If it fails, they are told `unavailable`;
/// who was given such an envelope knows it by its id when it comes again.
class Office {
 public:
  /// All outlive the office.
  Office(store::MailboxStore& mailboxes, store::DirectoryStore& directory,
         store::ProofStore& proofs, Random& random, OfficeOptions options);

  /// Serves a batch, in order; requests are moved from. Answers are added to `answers`. May be
  /// called with no requests, to go on with what has_work() tells of.
  void take_in(std::span<OfficeRequest> requests, UnixMillis now,
               std::vector<OfficeAnswer>& answers);
  /// Sends that wait for the disk: take_in may go on while another thread does the work. Nothing:
  /// there is no work, and whoever waited has been answered.
  std::unique_ptr<store::SyncWork> begin_commit(std::vector<OfficeAnswer>& answers);
  /// With what the work gave; answers those who waited for it.
  void finish_commit(const Result<void>& written, std::vector<OfficeAnswer>& answers);
  /// Both, and the work too. No other may be under way.
  void commit(std::vector<OfficeAnswer>& answers);
  /// Deletions too, however young. Before the end.
  void flush(std::vector<OfficeAnswer>& answers) {
    if (acceptances_.waiting() > 0 || !removals_.empty()) sync(answers);
  }
  /// Sends that wait for begin_commit.
  std::size_t uncommitted() const { return acceptances_.waiting(); }
  /// Some of what they brought is at a device that may acknowledge it any moment: a commit a little
  /// later could have less to write.
  bool may_be_acknowledged() const { return in_flight_ > 0; }
  /// Both at once.
  void process(std::span<OfficeRequest> requests, UnixMillis now,
               std::vector<OfficeAnswer>& answers) {
    take_in(requests, now, answers);
    commit(answers);
  }
  /// Expires what is due, a portion at a time, and tells the senders; makes deletions durable that
  /// no batch took along; frees the disk of deleted bytes if `idle` or long overdue. Call about
  /// once a second, and again at once while it gives back true (more is due), but not between
  /// begin_commit and finish_commit.
  bool on_tick(UnixMillis now, bool idle, std::vector<OfficeAnswer>& answers);

  /// More can be delivered at once: call process again without waiting.
  bool has_work() const { return deliveries_.pending(); }
  const OfficeHealth& health() const { return health_; }
  const OfficeMeters& meters() const { return meters_; }
  std::size_t online() const { return deliveries_.online(); }

 private:
  using Answers = std::vector<OfficeAnswer>;
  /// What upkeep stages.
  struct Batch {
    std::vector<store::WaitingItem> fresh;  ///< to be delivered when durable
    std::uint64_t expired = 0;              ///< envelopes that it deletes
    bool staged = false;
  };
  struct Removal {
    DeviceId device;
    store::Sequence sequence;
  };

  void serve(OfficeRequest& request, UnixMillis now, Answers& answers);
  void log_in(const OfficeRequest& request, const DeviceId& device, Answers& answers);
  void subscribe(const OfficeRequest& request, const Subscribe& body, UnixMillis now,
                 Answers& answers);
  void post(const OfficeRequest& request, Post& body, UnixMillis now, Answers& answers);
  /// All of the Send into fresh_ and places_, or none of it: then the refusal.
  Result<void, wire::Refusal> stage(Post& body, UnixMillis now);
  void acknowledge(const OfficeRequest& request, const Acknowledgement& body, UnixMillis now,
                   Answers& answers);
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

  /// Adds to a mailbox, and to `fresh` unless it waits there already. Gives back its place.
  Result<store::Sequence> append(store::MailboxItem item, std::vector<store::WaitingItem>& fresh);
  bool commit(Batch& batch, UnixMillis now, Answers& answers);
  /// A Send was staged: fresh_ is what it brought.
  void meter_staged();
  /// All that is staged goes to the disk; `sends` have come back from there.
  void meter_departure();
  void meter_arrival(bool ok, std::size_t sends);
  /// How things stand after a turn.
  void meter_levels();
  bool sync(Answers& answers);
  Result<std::unique_ptr<store::SyncWork>> depart();
  /// True: it is staged.
  bool remove(const Removal& removal, UnixMillis now);
  void restage_removals(UnixMillis now);
  /// The disk has answered for all that has departed.
  void arrived(bool ok, Answers& answers);
  bool expire(UnixMillis now, Batch& batch);
  /// A portion of the mailboxes whose device has left. True: there may be more.
  bool clear_abandoned(UnixMillis now, Batch& batch);
  /// What the disk does not take is left in notices_.
  void stage_notices(const std::vector<store::MailboxItem>& notices, Batch& batch);
  bool scrub_if_due(UnixMillis now, bool idle);
  bool is_scrub_due(UnixMillis now, bool idle);
  /// Erased accounts leave the disk at once; then the operator is told.
  void scrub_erased(Answers& answers);

  store::MailboxStore& mailboxes_;
  OfficeHealth health_;
  OfficeMeters meters_;
  WatchedDirectory directory_;
  Random& random_;
  OfficeOptions options_;
  AccountRates rates_;
  Deliveries deliveries_;
  RendezvousBook rendezvous_;
  HandleProofs handles_;
  LoginBook logins_;
  Acceptances acceptances_;
  static constexpr store::Sequence kAll = ~store::Sequence{0};
  /// The last place given. As long as this life of the server has given none, nothing is staged
  /// but deletions of what is durable.
  store::Sequence appended_ = kAll;
  store::Sequence departed_ = kAll;   ///< nothing up to here is staged
  store::Sequence committed_ = kAll;  ///< nor on its way to the disk
  std::size_t in_flight_ = 0;  ///< staged, and given to a device that has not acknowledged it
  struct Taken {
    std::uint64_t envelopes = 0, bytes = 0;
  };
  Taken staged_taken_, departed_taken_;      ///< not counted as accepted yet
  std::uint64_t departed_at_ = 0;            ///< by the stopwatch
  std::vector<store::WaitingItem> fresh_;    ///< of one Send; here so that the memory is kept
  std::vector<store::Sequence> places_;      ///< likewise
  std::vector<Removal> removals_;            ///< staged
  std::vector<Removal> departed_removals_;   ///< on their way to the disk
  UnixMillis removals_since_{};              ///< when the first of removals_ came
  bool removals_undone_ = false;             ///< by a failed sync: they have to be staged again
  std::vector<store::MailboxItem> notices_;  ///< owed to senders; staged at the next tick
  /// Mailboxes to look at: those of devices that have left are emptied. At first all.
  std::vector<DeviceId> suspects_;
  UnixMillis scrubbed_{};
  bool scrubbing_ = false;  ///< a part of a scrub is done
  UnixMillis directory_scrubbed_{};
  std::vector<OfficeAnswer> erasures_;  ///< owed to the operator
};

}  // namespace martlet::server
