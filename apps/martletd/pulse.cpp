#include "apps/martletd/pulse.h"

namespace martlet::daemon {

std::uint64_t steady_micros() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Pulse::Pulse(std::vector<Post> threads, Milliseconds interval) {
  for (auto& post : threads) {
    beats_.push_back(std::make_shared<Beat>());
    beats_.back()->post = std::move(post);
  }
  thread_ = std::thread{[this, interval] { run(interval); }};
}

Pulse::~Pulse() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Pulse::run(Milliseconds interval) {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      if (changed_.wait_for(lock, interval, [this] { return stopping_; })) return;
    }
    for (const auto& beat : beats_) {
      if (beat->asked != 0) continue;
      beat->asked = steady_micros();
      const bool is_asked = beat->post([beat] {
        const auto lag = steady_micros() - beat->asked;
        beat->lag_us.observe(lag);
        beat->last_us.set(lag);
        beat->asked = 0;
      });
      if (!is_asked) beat->asked = 0;
    }
  }
}

std::uint64_t Pulse::lag_now(std::size_t index) const {
  const auto& beat = *beats_.at(index);
  const auto asked = beat.asked.load();
  const auto now = steady_micros();
  return std::max(beat.last_us.get(), asked == 0 || asked > now ? 0 : now - asked);
}

}  // namespace martlet::daemon
