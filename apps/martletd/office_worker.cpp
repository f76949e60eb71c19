#include "apps/martletd/office_worker.h"

#include <algorithm>

namespace martlet::daemon {
namespace {

constexpr Milliseconds kTick{1'000};

}  // namespace

OfficeWorker::OfficeWorker(server::Office& office, const Clock& clock, OfficeCallbacks callbacks)
    : office_{office},
      clock_{clock},
      callbacks_{std::move(callbacks)},
      disk_{[this](Result<void> result) {
        {
          const std::lock_guard lock{mutex_};
          written_ = std::move(result);
          if (reactor_ != nullptr) plan_turn();  // inside: stop() may be waiting
        }
        changed_.notify_all();
      }} {}

OfficeWorker::~OfficeWorker() { stop(); }

void OfficeWorker::start() {
  thread_ = std::thread{[this] { run(); }};
}

void OfficeWorker::start_on(net::Reactor& reactor) {
  reactor_ = &reactor;
  next_tick_ = Steady::now() + kTick;
  plan_turn();
}

void OfficeWorker::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (reactor_ == nullptr || std::exchange(ended_, true)) return;
  alarm_.reset();
  run();
}

bool OfficeWorker::post(std::vector<server::OfficeRequest>& requests) {
  bool wake = false;
  bool room = true;
  {
    const std::lock_guard lock{mutex_};
    queue_.insert(queue_.end(), std::make_move_iterator(requests.begin()),
                  std::make_move_iterator(requests.end()));
    room = queued() < limits::kOfficeQueueMax;
    if (!room) was_full_ = true;
    wake = std::exchange(asleep_, false);
  }
  requests.clear();
  if (reactor_ != nullptr) plan_turn();
  if (wake) changed_.notify_one();
  return room;
}

bool OfficeWorker::hand_in(std::vector<server::OfficeRequest>& requests) {
  if (reactor_ == nullptr) return post(requests);
  // So that post() plans no turn: it comes now.
  const bool was_planned = turn_planned_.exchange(true);
  const bool room = post(requests);
  if (!was_planned) turn_planned_ = false;
  serve_here();
  return room;
}

Result<server::OfficeAnswer> OfficeWorker::ask(OperatorBody body, Milliseconds timeout) {
  const auto promise = std::make_shared<std::promise<server::OfficeAnswer>>();
  auto answer = promise->get_future();
  std::uint64_t serial = 0;
  {
    const std::lock_guard lock{mutex_};
    serial = next_serial_++;
    asked_[serial] = [promise](server::OfficeAnswer given) {
      promise->set_value(std::move(given));
    };
  }
  post_asked(serial, std::move(body));
  if (answer.wait_for(timeout) == std::future_status::ready) return answer.get();
  const std::lock_guard lock{mutex_};
  asked_.erase(serial);
  return Error{Failure::unavailable, "the office did not answer in time"};
}

bool OfficeWorker::ask_for_page(PageBody body, OnAnswer done) {
  std::uint64_t serial = 0;
  {
    const std::lock_guard lock{mutex_};
    if (pages_waiting_ >= kPagesWaitingMax) return false;
    ++pages_waiting_;
    serial = next_serial_++;
    asked_[serial] = [this, done = std::move(done)](server::OfficeAnswer answer) {
      {
        const std::lock_guard guard{mutex_};
        --pages_waiting_;
      }
      done(std::move(answer));
    };
  }
  post_asked(serial, std::move(body));
  return true;
}

template <class Body>
void OfficeWorker::post_asked(std::uint64_t serial, Body body) {
  server::OfficeRequest request;
  std::visit([&](auto& inner) { request.body = std::move(inner); }, body);
  request.cost = 1;
  request.session = {server::kOperator, serial};
  std::vector<server::OfficeRequest> requests;
  requests.push_back(std::move(request));
  post(requests);
}

void OfficeWorker::run() {
  next_tick_ = Steady::now() + kTick;
  for (auto wake_at = next_tick_; wait_for_work(wake_at); wake_at = take_turn()) gather();
  finish();
}

void OfficeWorker::serve_here() {
  gather();
  const auto wake_at = take_turn();
  bool more = false;
  {
    const std::lock_guard lock{mutex_};
    more = !is_idle();
  }
  more ? plan_turn() : plan_alarm(wake_at);
}

void OfficeWorker::plan_turn() {
  if (turn_planned_.exchange(true)) return;
  reactor_->post([this] {
    turn_planned_ = false;
    serve_here();
  });
}

/// An alarm that comes too early does no harm: that turn plans the next one.
void OfficeWorker::plan_alarm(Steady::time_point at) {
  if (at == Steady::time_point::max()) return;  // the disk's answer brings the next turn
  if (alarm_ && alarm_at_ <= at) return;
  alarm_at_ = at;
  const auto delay = std::chrono::ceil<Milliseconds>(at - Steady::now());
  alarm_ = reactor_->after(std::max(delay, Milliseconds{0}), [this] {
    const auto keep = std::exchange(alarm_, nullptr);
    serve_here();
  });
}

OfficeWorker::Steady::time_point OfficeWorker::take_turn() {
  const auto now = clock_.now();
  finish_commit(false, answers_);
  if (!batch_.empty()) meters_.requests.observe(batch_.size());
  office_.take_in(batch_, now, answers_);
  hand_out(answers_);
  // A tick may write for itself, so it comes between two commits.
  if (!committing_ && Steady::now() >= next_tick_) {
    const bool more = office_.on_tick(now, batch_.empty(), answers_);
    hand_out(answers_);
    next_tick_ = Steady::now() + (more ? Milliseconds{0} : kTick);
  }
  const auto commit_at = commit_if_due(answers_);
  callbacks_.health(office_.health());
  if (committing_) return Steady::time_point::max();
  return std::min(next_tick_, commit_at.value_or(next_tick_));
}

void OfficeWorker::finish() {
  finish_commit(true, answers_);
  // What was deleted is deleted, also if the last second brought no other sync.
  office_.flush(answers_);
  office_.on_tick(clock_.now(), false, answers_);
  hand_out(answers_);
}

std::optional<OfficeWorker::Steady::time_point> OfficeWorker::commit_if_due(
    std::vector<server::OfficeAnswer>& answers) {
  if (committing_) return std::nullopt;
  if (office_.uncommitted() == 0) return commit_due_ = std::nullopt;
  const bool may_wait =
      office_.may_be_acknowledged() && office_.uncommitted() < limits::kUncommittedMax;
  const auto now = Steady::now();
  if (may_wait && !commit_due_) commit_due_ = now + limits::kCommitDelay;
  if (may_wait && now < *commit_due_) return commit_due_;
  if (auto work = office_.begin_commit(answers)) {
    committing_ = true;
    disk_.give(std::move(work));
  }
  hand_out(answers);
  return commit_due_ = std::nullopt;
}

void OfficeWorker::finish_commit(bool wait, std::vector<server::OfficeAnswer>& answers) {
  if (!committing_) return;
  std::optional<Result<void>> written;
  {
    std::unique_lock lock{mutex_};
    if (wait) changed_.wait(lock, [this] { return written_.has_value(); });
    written = std::exchange(written_, std::nullopt);
  }
  if (!written) return;
  committing_ = false;
  office_.finish_commit(*written, answers);
  hand_out(answers);
}

/// In turns of all sessions if not all of it goes at once; else nothing is moved and nothing
/// allocated.
void OfficeWorker::take_from_all() {
  if (waiting_.empty() && incoming_.size() <= limits::kGatherRequests) {
    return batch_.swap(incoming_);
  }
  for (auto& request : incoming_) waiting_.push(std::move(request));
  incoming_.clear();
  waiting_.pop(limits::kGatherRequests, batch_);
}

bool OfficeWorker::wait_for_work(Steady::time_point until) {
  std::unique_lock lock{mutex_};
  if (is_idle()) {
    asleep_ = true;
    const auto is_woken = [this] { return queued() > 0 || written_ || stopping_; };
    if (until == Steady::time_point::max()) {
      changed_.wait(lock, is_woken);
    } else {
      changed_.wait_until(lock, until, is_woken);
    }
    asleep_ = false;
  }
  return queued() > 0 || !stopping_;
}

void OfficeWorker::gather() {
  batch_.clear();
  bool drained = false;
  {
    const std::lock_guard lock{mutex_};
    incoming_.swap(queue_);
    const auto all = incoming_.size() + held_;
    held_ = all - std::min(all, limits::kGatherRequests);
    meters_.queued.set(queued());
    drained = was_full_ && queued() < limits::kOfficeQueueMax / 2;
    if (drained) was_full_ = false;
  }
  take_from_all();
  if (drained) callbacks_.drained();
}

/// One post a reactor, however many answers it gets.
void OfficeWorker::hand_out(std::vector<server::OfficeAnswer>& answers) {
  std::vector<std::vector<server::OfficeAnswer>> by_reactor;
  for (auto& answer : answers) {
    if (answer.session.reactor == server::kOperator) {
      answer_asked(std::move(answer));
    } else if (auto* sending = std::get_if<server::ProofSending>(&answer.body)) {
      if (callbacks_.send_out) callbacks_.send_out(std::move(*sending));
    } else {
      const auto reactor = answer.session.reactor;
      if (reactor >= by_reactor.size()) by_reactor.resize(reactor + 1);
      by_reactor[reactor].push_back(std::move(answer));
    }
  }
  answers.clear();
  for (std::uint32_t reactor = 0; reactor < by_reactor.size(); ++reactor) {
    if (by_reactor[reactor].empty()) continue;
    callbacks_.answers(reactor, std::move(by_reactor[reactor]));
  }
}

void OfficeWorker::answer_asked(server::OfficeAnswer answer) {
  OnAnswer done;
  {
    const std::lock_guard lock{mutex_};
    const auto asked = asked_.find(answer.session.serial);
    if (asked == asked_.end()) return;  // gave up waiting
    done = std::move(asked->second);
    asked_.erase(asked);
  }
  done(std::move(answer));
}

}  // namespace martlet::daemon
