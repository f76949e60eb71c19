#include "net/reactor.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "net/limits.h"
#include "net/reactor_implementation.h"

namespace martlet::net {
namespace {

constexpr auto kForEver = SteadyTime::max();
/// Handshakes get at least so much of a round, however little else there was to do.
constexpr Milliseconds kHandshakeShareMin{1};
constexpr SteadyTime::duration kNapMax = std::chrono::hours{1};

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

/// What other threads may touch.
struct Reactor::Implementation::Mail {
  std::mutex mutex;
  std::vector<std::function<void()>> posted;
  bool stop = false;
  bool sleeps = false;  ///< and has to be woken
};

/// The owner holds it as the guard.
struct Reactor::Implementation::Timer final : Alarm {
  explicit Timer(std::function<void()> what) : work{std::move(what)} {}
  void on_alarm(SteadyTime) override {
    // Moved out first: the work may drop the guard.
    const auto work_now = std::exchange(work, nullptr);
    if (work_now) work_now();
  }
  std::function<void()> work;
};

Reactor::Implementation::Implementation()
    : round_began{steady_now()},
      admission{limits::kHandshakesUnderWayMax},
      began_{round_began},
      mail_{std::make_unique<Mail>()},
      alive_{this, [](const Implementation*) {}} {}

Reactor::Implementation::~Implementation() {
  alive_.reset();
  scheduled_.clear();
  // Residents may start and stop things while they go, so they go one by one.
  while (!residents_.empty()) {
    const auto last = std::move(residents_.back());
    residents_.pop_back();
  }
  // Guards may outlive us; what their work owns goes now.
  wheel_.release_all([](WheelEntry& entry) {
    const auto work = std::exchange(static_cast<Timer&>(entry).work, nullptr);
  });
}

void Reactor::Implementation::post(std::function<void()> work) {
  bool wake = false;
  {
    const std::lock_guard lock{mail_->mutex};
    mail_->posted.push_back(std::move(work));
    wake = std::exchange(mail_->sleeps, false);
  }
  if (wake) poller.wake();
}

void Reactor::Implementation::add(std::unique_ptr<Resident> resident) {
  resident->index_ = residents_.size();
  residents_.push_back(std::move(resident));
}

void Reactor::Implementation::schedule(Resident& resident) {
  if (std::exchange(resident.scheduled_, true)) return;
  scheduled_.push_back(&resident);
}

// --- One round

void Reactor::Implementation::round(SteadyTime until) {
  const auto patience = sleep_ms(until);
  poller.wait(patience, round_began);
  run_posted();
  const auto ticks = std::chrono::floor<Milliseconds>(round_began - began_).count();
  wheel_.advance(static_cast<std::uint64_t>(ticks),
                 [this](WheelEntry& entry) { static_cast<Alarm&>(entry).on_alarm(round_began); });
  run_turn();
  if (admission.has_next()) run_handshakes();
}

/// How long there is nothing to do unless something comes; tells the others to wake us then.
int Reactor::Implementation::sleep_ms(SteadyTime until) {
  if (!scheduled_.empty() || admission.has_next()) return 0;
  const auto stop = wheel_.next_stop();
  if (stop) until = std::min(until, began_ + Milliseconds{*stop});
  const auto left = until - steady_now();
  if (left <= SteadyTime::duration::zero()) return 0;
  const std::lock_guard lock{mail_->mutex};
  if (!mail_->posted.empty() || mail_->stop) return 0;
  mail_->sleeps = true;
  if (until == kForEver) return -1;
  return static_cast<int>(std::chrono::ceil<Milliseconds>(std::min(left, kNapMax)).count());
}

void Reactor::Implementation::run_posted() {
  std::vector<std::function<void()>> posted;
  {
    const std::lock_guard lock{mail_->mutex};
    mail_->sleeps = false;
    posted.swap(mail_->posted);
  }
  for (const auto& work : posted) work();
}

void Reactor::Implementation::run_turn() {
  this_turn_.swap(scheduled_);
  for (std::size_t i = 0; i < this_turn_.size(); ++i) {
    auto* resident = this_turn_[i];
    if (resident == nullptr) continue;
    this_turn_[i] = nullptr;
    resident->scheduled_ = false;
    if (!resident->turn()) remove(*resident);
  }
  this_turn_.clear();
}

void Reactor::Implementation::run_handshakes() {
  const auto began = steady_now();
  const auto end = began + std::max<SteadyTime::duration>(began - round_began, kHandshakeShareMin);
  while (auto* newcomer = admission.next()) {
    newcomer->on_admitted();
    if (steady_now() >= end) break;
  }
}

// --- Who lives here

void Reactor::Implementation::remove(Resident& resident) {
  if (resident.scheduled_) {
    std::ranges::replace(scheduled_, &resident, nullptr);
    std::ranges::replace(this_turn_, &resident, nullptr);
  }
  const auto index = resident.index_;
  CHECK(index < residents_.size() && residents_[index].get() == &resident);
  const auto gone = std::move(residents_[index]);
  if (index + 1 != residents_.size()) {
    residents_[index] = std::move(residents_.back());
    residents_[index]->index_ = index;
  }
  residents_.pop_back();
}

void Reactor::Implementation::drop_group(const void* group) {
  for (std::size_t i = residents_.size(); i-- > 0;) {
    if (i < residents_.size() && residents_[i]->group() == group) remove(*residents_[i]);
  }
}

// --- Time

std::uint64_t Reactor::Implementation::tick_of(SteadyTime at) const {
  return at <= began_
             ? 0
             : static_cast<std::uint64_t>(std::chrono::ceil<Milliseconds>(at - began_).count());
}

void Reactor::Implementation::arm(Alarm& alarm, SteadyTime at) { wheel_.arm(alarm, tick_of(at)); }

void Reactor::Implementation::arm_at_latest(Alarm& alarm, SteadyTime at) {
  const auto due = tick_of(at);
  if (!alarm.is_armed() || due < alarm.due()) wheel_.arm(alarm, due);
}

std::shared_ptr<void> Reactor::Implementation::start_timer(Milliseconds delay,
                                                           std::function<void()> work) {
  auto timer = std::make_shared<Timer>(std::move(work));
  arm(*timer, steady_now() + delay);
  return timer;
}

// --- What everybody sees

Reactor::Reactor() : implementation_{std::make_unique<Implementation>()} {}
Reactor::~Reactor() = default;

bool Reactor::Implementation::take_stop() {
  const std::lock_guard lock{mail_->mutex};
  return std::exchange(mail_->stop, false);
}

void Reactor::run() {
  while (!implementation_->take_stop()) implementation_->round(kForEver);
}

bool Reactor::run_until(const std::function<bool()>& done, Milliseconds timeout) {
  const auto deadline = steady_now() + timeout;
  while (!done()) {
    if (implementation_->take_stop() || steady_now() >= deadline) break;
    implementation_->round(deadline);
  }
  return done();
}

void Reactor::stop() {
  auto& mail = *implementation_->mail_;
  bool wake = false;
  {
    const std::lock_guard lock{mail.mutex};
    mail.stop = true;
    wake = std::exchange(mail.sleeps, false);
  }
  if (wake) implementation_->poller.wake();
}

void Reactor::post(std::function<void()> work) { implementation_->post(std::move(work)); }

std::shared_ptr<void> Reactor::after(Milliseconds delay, std::function<void()> work) {
  return implementation_->start_timer(delay, std::move(work));
}

}  // namespace martlet::net
