#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "apps/martletd/disk_thread.h"
#include "apps/martletd/worker_meters.h"
#include "net/reactor.h"
#include "server/office.h"
#include "server/request_queue.h"

namespace martlet::daemon {

/// What the worker tells the rest of the server, on the thread that serves the office.
struct OfficeCallbacks {
  std::function<void(std::uint32_t reactor, std::vector<server::OfficeAnswer> answers)> answers;
  std::function<void()> drained;                            ///< the queue was full, and is no more
  std::function<void(const server::OfficeHealth&)> health;  ///< after each turn
  std::function<void(server::ProofSending)> send_out = {};  ///< to people; does not wait for it
};

/// Serves the office, on a thread of its own or, where one reactor is all there is, on that: then a
/// message needs no lock that somebody else holds and wakes nobody up. It takes what has gathered,
/// up to kGatherRequests and of all sessions in turn, and serves that as one batch: under load
/// batches grow by themselves. Then it commits, at once or, if devices may acknowledge meanwhile
/// what would have to be written, within kCommitDelay; while another thread waits for the disk it
/// goes on. Only changes of the directory, which are rare and limited, wait for the disk here.
/// Thread-safe.
class OfficeWorker {
 public:
  /// `office` and `clock` outlive the worker, and nobody else uses the office while it runs.
  OfficeWorker(server::Office& office, const Clock& clock, OfficeCallbacks callbacks);
  ~OfficeWorker();

  /// On a thread of its own.
  void start();
  /// On the thread of `reactor`, which does not run yet, outlives stop() and has the only sessions.
  void start_on(net::Reactor& reactor);
  /// Serves what has been posted before, then ends the thread. For good. The reactor of start_on()
  /// must have stopped.
  void stop();

  /// Takes all of `requests`, and leaves the vector empty. False: more than kOfficeQueueMax wait;
  /// post nothing more until `drained`.
  bool post(std::vector<server::OfficeRequest>& requests);
  /// The same on a reactor, which hands in what one of its rounds has brought: after start_on() the
  /// answers are there when it returns.
  bool hand_in(std::vector<server::OfficeRequest>& requests);

  using OperatorBody = std::variant<server::Invite, server::StatusQuery, server::ListUsers,
                                    server::Suspend, server::Erase>;
  /// Asks as the operator does, and waits for the answer; `unavailable` if none comes in time.
  Result<server::OfficeAnswer> ask(OperatorBody body, Milliseconds timeout);

  const WorkerMeters& meters() const { return meters_; }

  using PageBody = std::variant<server::OpenConfirmation, server::InboundSms, server::Probe>;
  using OnAnswer = std::function<void(server::OfficeAnswer)>;
  static constexpr std::size_t kPagesWaitingMax = 256;
  /// Asks for a page; `done` gets the answer on the worker's thread, and must not block. False: so
  /// many wait already, and `done` is never called.
  bool ask_for_page(PageBody body, OnAnswer done);

 private:
  using Steady = std::chrono::steady_clock;

  void run();
  /// On the reactor: one turn of the office, and what it takes that the next one comes.
  void serve_here();
  void plan_turn();
  void plan_alarm(Steady::time_point at);
  /// Waits for work. False: told to stop, and none is left.
  bool wait_for_work(Steady::time_point until);
  bool is_idle() const { return queued() == 0 && !office_.has_work() && !written_ && !stopping_; }
  /// Makes the next batch of what has been posted.
  void gather();
  /// Serves the batch. Gives back when the office is to be served at the latest.
  Steady::time_point take_turn();
  /// The last turn.
  void finish();
  /// Begins a commit if it is time. Else until when it may wait; nothing: for nothing.
  std::optional<Steady::time_point> commit_if_due(std::vector<server::OfficeAnswer>& answers);
  /// Ends the commit under way if the disk has answered; `wait`: once it has.
  void finish_commit(bool wait, std::vector<server::OfficeAnswer>& answers);
  void take_from_all();
  std::size_t queued() const { return queue_.size() + held_; }
  void hand_out(std::vector<server::OfficeAnswer>& answers);
  void answer_asked(server::OfficeAnswer answer);
  template <class Body>
  void post_asked(std::uint64_t serial, Body body);

  server::Office& office_;
  const Clock& clock_;
  const OfficeCallbacks callbacks_;
  WorkerMeters meters_;
  std::thread thread_;
  net::Reactor* reactor_ = nullptr;        ///< of start_on()
  std::atomic<bool> turn_planned_{false};  ///< posted to the reactor
  // --- Of the thread that serves the office ---
  std::vector<server::OfficeRequest> batch_;
  std::vector<server::OfficeAnswer> answers_;
  Steady::time_point next_tick_;
  bool ended_ = false;
  std::shared_ptr<void> alarm_;  ///< on the reactor
  Steady::time_point alarm_at_ = Steady::time_point::max();
  std::optional<Steady::time_point> commit_due_;
  bool committing_ = false;
  std::vector<server::OfficeRequest> incoming_;
  server::RequestQueue waiting_;  ///< more than a batch: in turns of their sessions

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  std::vector<server::OfficeRequest> queue_;
  std::size_t held_ = 0;                 ///< in waiting_, after this turn
  std::optional<Result<void>> written_;  ///< what the disk answered; the worker takes it
  bool asleep_ = false;
  bool was_full_ = false;
  bool stopping_ = false;
  std::map<std::uint64_t, OnAnswer> asked_;
  std::size_t pages_waiting_ = 0;
  std::uint64_t next_serial_ = 1;

  DiskThread disk_;  ///< last: it reports to what stands above
};

}  // namespace martlet::daemon
