#include "traffic.h"

#include <algorithm>

#include "process.h"
#include "report.h"

namespace martlet::bench {
namespace {

constexpr double kPatienceSeconds = 60;
/// A sender never has more than this unanswered: what is due meanwhile waits, and counts as late.
constexpr std::size_t kUnansweredMax = 64;
constexpr double kBehindPart = 0.97;  ///< fewer of the intended messages: the rate was not kept

class Traffic final : public Tally {
 public:
  Traffic(Courier& courier, const Shape& shape) : courier_{courier}, shape_{shape} {
    unanswered_.resize(shape.pairs);
    for (std::size_t pair = 0; pair < shape.pairs; ++pair) {
      receivers_.push_back(courier.receiver(pair, *this));
      loop_.add(*receivers_.back());
    }
    for (std::size_t pair = 0; pair < shape.pairs; ++pair) {
      senders_.push_back(courier.sender(pair, *this));
      loop_.add(*senders_.back());
    }
  }

  Measured run() {
    sending_ = true;
    start_ = now_ns();
    if (!paced()) {
      for (std::size_t pair = 0; pair < shape_.pairs; ++pair) {
        for (std::size_t i = 0; i < shape_.window; ++i) send(pair, now_ns());
      }
    }
    turns(shape_.warm_up);
    accepted_ms_.clear();
    delivered_ms_.clear();
    const auto began = now_ns();
    const auto cpu_before = courier_.cpu_seconds();
    turns(shape_.seconds);
    const auto cpu = courier_.cpu_seconds() - cpu_before;
    const auto seconds = static_cast<double>(now_ns() - began) / 1e9;
    Measured found = summary(seconds, cpu);
    sending_ = false;
    if (!loop_.run_until([this] { return accepted_ == sent_ && delivered_ == sent_; },
                         kPatienceSeconds)) {
      give_up("messages are missing at " + courier_.name());
    }
    // The last acknowledgements are read before their connections end.
    loop_.run_until([] { return false; }, 0.05);
    return found;
  }

  void accepted(std::size_t pair, std::int64_t due) override {
    ++accepted_;
    --unanswered_[pair];
    accepted_ms_.push_back(static_cast<double>(now_ns() - due) / 1e6);
    if (!paced() && sending_) send(pair, now_ns());
  }
  void delivered(std::size_t, std::int64_t due) override {
    ++delivered_;
    delivered_ms_.push_back(static_cast<double>(now_ns() - due) / 1e6);
  }

 private:
  bool paced() const { return shape_.messages_a_second > 0; }

  void send(std::size_t pair, std::int64_t due) {
    ++sent_;
    ++unanswered_[pair];
    senders_[pair]->send(due);
    loop_.wants_flush(*senders_[pair]);
  }

  void turns(double seconds) {
    loop_.run_until([] { return false; }, seconds, [this] { return send_what_is_due(); });
  }

  /// Of the open loop; gives back how long until the next one is due.
  std::int64_t send_what_is_due() {
    constexpr std::int64_t long_wait = 1'000'000'000;
    if (!paced()) return long_wait;
    const auto gap = 1e9 / shape_.messages_a_second;
    for (std::size_t tried = 0; tried < 4'096; ++tried) {
      const auto due = start_ + static_cast<std::int64_t>(gap * static_cast<double>(next_));
      const auto left = due - now_ns();
      if (left > 0) return left;
      const auto pair = next_ % shape_.pairs;
      if (unanswered_[pair] >= kUnansweredMax) return 100'000;
      send(pair, due);
      ++next_;
    }
    return 0;
  }

  Measured summary(double seconds, double cpu) {
    Measured found;
    found.seconds = seconds;
    found.messages = std::min(accepted_ms_.size(), delivered_ms_.size());
    const auto count = static_cast<double>(found.messages);
    found.cpu_us_a_message = count > 0 ? cpu * 1e6 / count : 0;
    found.accepted_p50_ms = percentile(accepted_ms_, 0.5);
    found.accepted_p99_ms = percentile(accepted_ms_, 0.99);
    found.delivered_p50_ms = percentile(delivered_ms_, 0.5);
    found.delivered_p99_ms = percentile(delivered_ms_, 0.99);
    found.fell_behind = paced() && count < kBehindPart * shape_.messages_a_second * seconds;
    return found;
  }

  Courier& courier_;
  const Shape shape_;
  Loop loop_;
  std::vector<std::unique_ptr<Talker>> receivers_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::size_t> unanswered_;
  std::vector<double> accepted_ms_;
  std::vector<double> delivered_ms_;
  std::uint64_t sent_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t next_ = 0;  ///< message of the open loop
  std::int64_t start_ = 0;
  bool sending_ = false;
};

}  // namespace

Measured measure(Courier& courier, const Shape& shape) { return Traffic{courier, shape}.run(); }

}  // namespace martlet::bench
