#include "traffic.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "process.h"
#include "report.h"

namespace martlet::bench {
namespace {

constexpr double kPatienceSeconds = 60;
/// A sender never has more than this unanswered: what is due meanwhile waits, and counts as late.
constexpr std::size_t kUnansweredMax = 64;

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
    begin_ = now_ns();
    end_ = begin_ + static_cast<std::int64_t>(shape_.seconds * 1e9);
    const auto before = done();
    const auto cpu_before = courier_.cpu_seconds();
    turns(shape_.seconds);
    Measured found;
    const auto cpu = courier_.cpu_seconds() - cpu_before;
    found.seconds = static_cast<double>(now_ns() - begin_) / 1e9;
    found.messages = done() - before;
    sending_ = false;
    finish();
    add_figures(found, cpu);
    return found;
  }

  void accepted(std::size_t pair, std::int64_t due) override {
    ++accepted_;
    --unanswered_[pair];
    note(accepted_ms_, due);
    if (!paced() && sending_) send(pair, now_ns());
  }
  void delivered(std::size_t, std::int64_t due) override {
    ++delivered_;
    note(delivered_ms_, due);
  }

 private:
  bool paced() const { return shape_.messages_a_second > 0; }
  std::uint64_t done() const { return std::min(accepted_, delivered_); }

  /// In the open loop every message counts that was due while we measured, however late it came:
  /// else a stall would take those out of the figures that it held up. In the closed loop those
  /// count that came meanwhile.
  void note(std::vector<double>& values, std::int64_t due) const {
    const auto now = now_ns();
    const auto deciding = paced() ? due : now;
    if (deciding < begin_ || deciding >= end_) return;
    values.push_back(static_cast<double>(now - due) / 1e6);
  }

  /// What was due and could not be sent yet still goes; then all has to arrive.
  void finish() {
    const auto all = [this] {
      return nothing_is_due() && accepted_ == sent_ && delivered_ == sent_;
    };
    if (!loop_.run_until(all, kPatienceSeconds, [this] { return send_what_is_due(); })) {
      give_up("messages are missing at " + courier_.name());
    }
    // The last acknowledgements are read before their connections end.
    loop_.run_until([] { return false; }, 0.05);
  }

  std::int64_t due_of_next() const {
    const auto gap = 1e9 / shape_.messages_a_second;
    return start_ + static_cast<std::int64_t>(gap * static_cast<double>(next_));
  }
  bool nothing_is_due() const { return !paced() || due_of_next() >= end_; }

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
    for (std::size_t tried = 0; tried < 4'096; ++tried) {
      const auto due = due_of_next();
      if (due >= end_) return long_wait;
      const auto left = due - now_ns();
      if (left > 0) return left;
      const auto pair = next_ % shape_.pairs;
      if (unanswered_[pair] >= kUnansweredMax) return 100'000;
      send(pair, due);
      ++next_;
    }
    return 0;
  }

  void add_figures(Measured& found, double cpu) {
    const auto count = static_cast<double>(found.messages);
    found.cpu_us_a_message = count > 0 ? cpu * 1e6 / count : 0;
    found.accepted_p50_ms = percentile(accepted_ms_, 0.5);
    found.accepted_p99_ms = percentile(accepted_ms_, 0.99);
    found.delivered_p50_ms = percentile(delivered_ms_, 0.5);
    found.delivered_p99_ms = percentile(delivered_ms_, 0.99);
    if (paced()) found.rate_kept = count / (shape_.messages_a_second * found.seconds);
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
  std::int64_t begin_ = std::numeric_limits<std::int64_t>::max();  ///< of what is measured
  std::int64_t end_ = std::numeric_limits<std::int64_t>::max();
  bool sending_ = false;
};

}  // namespace

void Sender::send(std::int64_t) { give_up("one who only receives was to send"); }

std::int64_t due_of(ByteView id_or_content) {
  std::int64_t due = 0;
  if (id_or_content.size() < sizeof due) give_up("a message without its time");
  std::memcpy(&due, id_or_content.data(), sizeof due);
  return due;
}

Measured measure(Courier& courier, const Shape& shape) { return Traffic{courier, shape}.run(); }

}  // namespace martlet::bench
