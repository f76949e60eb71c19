#include "net/reactor.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "net/reactor_implementation.h"

namespace martlet::net {

namespace asio = boost::asio;

/// The parts that need Boost's headers.
struct Reactor::Implementation::Loop {
  // One thread runs it: asio then queues what handlers post without a lock.
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  asio::steady_timer sweep{io};
};

/// The owner holds it as the guard; the handler in flight sees it through a weak pointer.
struct Reactor::Implementation::Timer {
  Timer(Implementation& reactor, std::function<void()> what)
      : owner{&reactor}, clock{std::in_place, reactor.io()}, work{std::move(what)} {
    owner->timers_.insert(this);
  }
  ~Timer() {
    if (owner != nullptr) owner->timers_.erase(this);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  Implementation* owner;  ///< null: the reactor is gone, the guard outlived it
  std::optional<asio::steady_timer> clock;
  std::function<void()> work;
};

Reactor::Implementation::Implementation()
    : loop_{std::make_unique<Loop>()}, alive_{this, [](const Implementation*) {}} {}

Reactor::Implementation::~Implementation() {
  alive_.reset();
  // Guards that outlive us must not touch us; what their work owns goes now.
  while (!timers_.empty()) {
    auto& timer = **timers_.begin();
    timers_.erase(timers_.begin());
    timer.owner = nullptr;
    timer.clock.reset();
    const auto work = std::exchange(timer.work, nullptr);
  }
  scheduled_.clear();
  // Residents may start and stop things while they go, so they go one by one.
  while (!residents_.empty()) {
    const auto last = std::move(residents_.back());
    residents_.pop_back();
  }
}

asio::io_context& Reactor::Implementation::io() { return loop_->io; }

void Reactor::Implementation::post(std::function<void()> work) {
  asio::post(loop_->io, std::move(work));
}

void Reactor::Implementation::add(std::unique_ptr<Resident> resident) {
  resident->index_ = residents_.size();
  residents_.push_back(std::move(resident));
  arm_sweep();
}

void Reactor::Implementation::schedule(Resident& resident) {
  if (resident.scheduled_) return;
  resident.scheduled_ = true;
  scheduled_.push_back(&resident);
  if (scheduled_.size() == 1) asio::post(loop_->io, [this] { run_turn(); });
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

void Reactor::Implementation::sweep_every(Milliseconds interval) {
  interval = std::max(interval, Milliseconds{10});
  if (interval >= sweep_interval_) return;
  sweep_interval_ = interval;
  sweep_armed_ = false;  // arming anew cancels the longer wait
  arm_sweep();
}

void Reactor::Implementation::arm_sweep() {
  if (sweep_armed_ || residents_.empty()) return;
  sweep_armed_ = true;
  loop_->sweep.expires_after(sweep_interval_);
  loop_->sweep.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    sweep_armed_ = false;
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < residents_.size(); ++i) residents_[i]->sweep(now);
    arm_sweep();
  });
}

std::shared_ptr<void> Reactor::Implementation::start_timer(Milliseconds delay,
                                                           std::function<void()> work) {
  auto timer = std::make_shared<Timer>(*this, std::move(work));
  timer->clock->expires_after(delay);
  timer->clock->async_wait([weak = std::weak_ptr<Timer>{timer}](const boost::system::error_code&) {
    const auto still = weak.lock();
    if (still == nullptr) return;
    // Moved out first: the work may drop the guard, or the reactor.
    const auto work_now = std::exchange(still->work, nullptr);
    if (work_now) work_now();
  });
  return timer;
}

Reactor::Reactor() : implementation_{std::make_unique<Implementation>()} {}
Reactor::~Reactor() = default;

void Reactor::run() {
  auto& io = implementation_->io();
  io.run();
  io.restart();
}

bool Reactor::run_until(const std::function<bool()>& done, Milliseconds timeout) {
  auto& io = implementation_->io();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (io.run_one_until(deadline) == 0) break;
  }
  if (io.stopped()) io.restart();
  return done();
}

void Reactor::stop() { implementation_->io().stop(); }

void Reactor::post(std::function<void()> work) { implementation_->post(std::move(work)); }

std::shared_ptr<void> Reactor::after(Milliseconds delay, std::function<void()> work) {
  return implementation_->start_timer(delay, std::move(work));
}

}  // namespace martlet::net
