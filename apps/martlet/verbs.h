#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "apps/martlet/dialogue.h"
#include "apps/martlet/runner.h"
#include "client/engine.h"
#include "transparency/recovery_words.h"

namespace martlet::cli {

inline constexpr Milliseconds kWaitDefault = std::chrono::seconds{30};

struct SendRequest {
  client::SendRequest message;
  store::MessageState wait_for = store::MessageState::sent;  ///< sent, delivered or read
  Milliseconds timeout = kWaitDefault;
};
struct SendAnswer {
  MessageId id;
  client::Progress progress;
  /// Set when it did not get as far as was asked; the message itself is safe in the outbox unless
  /// progress.state is `failed`.
  std::optional<client::ApiError> problem;
};
struct WatchRequest {
  std::optional<store::Cursor> since;    ///< none: after the last event that watch passed on
  std::optional<Milliseconds> duration;  ///< none: until interrupt(); 0: what is there
};
/// Rows of the vault. `stale` says why what waits at the server may not be among them.
template <class Row>
struct Rows {
  std::vector<Row> rows;
  std::optional<client::ApiError> stale;
};
struct ReadAnswer {
  std::size_t messages = 0;  ///< that were unread
  std::optional<client::ApiError> stale;
};
struct HandleAnswer {
  client::HandleAsk ask;                  ///< as it was asked, the handle canonical
  client::HandleProgress progress;        ///< done; of add: without rows
  std::optional<client::ApiError> stale;  ///< of ls: why the server was not asked
};
/// What `doctor` found out.
struct DoctorAnswer {
  std::string profile;  ///< its folder
  std::string server;
  std::optional<bool> server_reachable;     ///< none: it was not tried
  std::optional<client::ApiError> problem;  ///< why the server is not, or does not want us
  client::Health health;
};
/// How to call those who write.
struct People {
  std::string own_handle;
  std::vector<store::ContactRecord> contacts;
  std::map<AccountId, std::string> names =
      {};  ///< of peers, by another handle than they write with

  /// What the user calls the peer; null: nothing.
  const std::string* name_of(const AccountId& peer, const std::string& handle) const;
};

struct LinkRequest {
  std::string server;  ///< HOST[:PORT][#FINGERPRINT]
  std::string device_name;
};
struct ApproveRequest {
  std::string code;  ///< what the new device shows: MARTLET:..., or eight digits
  transparency::Role role = transparency::Role::admin;
  bool yes = false;  ///< do not ask; only with a code, which nobody can have swapped
};
struct ApproveAnswer {
  DeviceId device;
  std::string name;  ///< as it calls itself
  transparency::Role role;
};
struct RevokeRequest {
  std::string device;  ///< id, or so much of its beginning that only one device fits
  transparency::RevokeReason reason{};  ///< 0: unsaid
};
struct RenameRequest {
  std::string device;  ///< as RevokeRequest::device
  std::string name;
};
struct RecoverRequest {
  std::string server;
  std::string handle;
  std::string name;
  std::string device_name;
};
struct RevokeAnswer {
  DeviceId device;
  bool own = false;  ///< it was this one
};

/// The verbs, each from request to answer, over one engine: what a daemon serves and the command
/// line prints. Each blocks until it has its answer. One thread; interrupt() from any.
class Service {
 public:
  struct Options {
    bool offline = false;     ///< never connect
    std::string region = {};  ///< of phone numbers without a country; empty: as the own number
    /// Told once a verb that the server cannot be reached, when the verb goes on trying.
    std::function<void(const client::ApiError&)> tell = [](const client::ApiError&) {};
  };
  /// Takes one event and says whether it went all the way out. If not, watch ends.
  using EventTaker = std::function<bool(const client::Event&)>;

  /// The first three outlive the service.
  Service(store::Vault& vault, Random& random, const Clock& clock, Options options);
  ~Service();

  /// Makes keys, enrols, and waits for the server's word. Interrupted, it can be repeated with the
  /// same URL; after a refusal with another one.
  client::Answer<client::WhoamiAnswer> enroll(const client::EnrollRequest& request);
  client::Answer<client::WhoamiAnswer> whoami();
  /// Fails only when nothing was put into the outbox; see SendAnswer::problem for all else.
  client::Answer<SendAnswer> send(const SendRequest& request);
  /// Hands over events in order, and remembers the last one that `take` took. Reconnects as needed.
  /// Fails with `network` when its time is up and it never reached the server.
  client::Answer<void> watch(const WatchRequest& request, const EventTaker& take);
  client::Answer<Rows<store::ChatRecord>> chats();
  client::Answer<Rows<store::MessageRecord>> history(const client::HistoryRequest& request);
  client::Answer<ReadAnswer> read(const std::string& chat);
  client::Answer<store::ContactRecord> contact_add(const client::ContactAddRequest& request);
  /// `file`: all of a vCard file.
  client::Answer<client::ContactImport> contact_import(std::string_view file);
  client::Answer<std::vector<store::ContactRecord>> contacts();
  /// Whom a name may mean that was said to be ambiguous.
  client::Answer<std::vector<store::ContactRecord>> candidates(const std::string& name);
  /// Asks the server about the own handles, and waits for its answer. `list` alone also works
  /// without it, from what this device knows.
  client::Answer<HandleAnswer> handles(const client::HandleAsk& ask);
  client::Answer<People> people();
  /// Goes online, unless it must not, and reports; the server's absence is no failure.
  client::Answer<DoctorAnswer> doctor();

  // --- devices (device_verbs.cpp) ---
  /// On a machine with nothing: waits for a device of the account to approve this one, then takes
  /// the account over. Fails with timed_out when nobody came in ten minutes.
  client::Answer<client::WhoamiAnswer> link(const LinkRequest& request, Dialogue& dialogue);
  client::Answer<ApproveAnswer> approve(const ApproveRequest& request, Dialogue& dialogue);
  client::Answer<Rows<client::DeviceInfo>> devices();
  /// Gives back the device as it is now.
  client::Answer<Rows<client::DeviceInfo>> rename(const RenameRequest& request);
  client::Answer<RevokeAnswer> revoke(const RevokeRequest& request);
  /// On a machine with nothing: enters the account by its recovery words.
  client::Answer<client::WhoamiAnswer> recover(const RecoverRequest& request,
                                               const transparency::RecoveryEntropy& words);
  client::Answer<transparency::RecoveryText> recovery_words();
  client::Answer<void> forget_recovery_words();

  /// Makes watch, link and approve end soon. Thread-safe.
  void interrupt();

 private:
  class Stream;
  client::Answer<void> open();
  client::Answer<void> refuse_if_enrolled();
  client::Answer<client::DeviceInfo> device_named(const std::string& beginning);
  client::Answer<client::WhoamiAnswer> adopt(const client::AdoptRequest& request,
                                             protocol::DevicePrivateKeys keys);
  std::optional<client::ApiError> sync();
  bool synced() const;
  void settle();
  void tell_if_unreachable();
  std::optional<client::ApiError> why_not(const client::Progress& progress,
                                          store::MessageState wanted) const;

  store::Vault& vault_;
  Random& random_;
  const Clock& clock_;
  Options options_;
  std::atomic<bool> interrupted_{false};
  bool told_ = false;
  net::Reactor reactor_;
  std::unique_ptr<client::Engine> engine_;
  std::unique_ptr<Runner> runner_;
};

/// The server has accepted the message, and it is `wanted` or further on the way sent, delivered,
/// read. A receipt may come before the acceptance; until then not all devices are counted, and
/// what was sent may still have to go out again.
bool has_come(const client::Progress& progress, store::MessageState wanted);

}  // namespace martlet::cli
