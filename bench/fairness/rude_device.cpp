#include "rude_device.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/seeded_random.h"

namespace martlet::bench {

RudeDevices::~RudeDevices() { stop(); }

void RudeDevices::start(std::function<void()> begin) {
  accepted_ = refused_ = delivered_ = 0;
  stopping_ = false;
  reactor_ = std::make_unique<net::Reactor>();
  thread_ = std::thread{[this, begin = std::move(begin)] {
    // The load is not what is measured: the core that it shares with the measuring thread is that
    // one's first.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 15);
    begin();
    reactor_->run_until([this] { return stopping_.load(); }, std::chrono::hours{24});
  }};
}

void RudeDevices::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  reactor_->post([] {});
  thread_.join();
  lines_.clear();
  reactor_.reset();
}

void RudeDevices::flood(const ServerUnderLoad& server, const server::TestDevice& from,
                        const server::TestDevice& to, std::size_t bytes, std::size_t unanswered) {
  next_send_ = [&to, sealed = Bytes(bytes, 0x5a), random = SeededRandom{17}]() mutable {
    return wire::Send{random.id<MessageId>(), {{to.account, to.head}}, {{to.id, 1, sealed}}};
  };
  start([this, &server, &from, unanswered] {
    lines_.emplace_back(*reactor_, server, from, [this](wire::Frame& frame) {
      const bool is_accepted = std::holds_alternative<wire::Accepted>(frame.body);
      const bool is_refused = std::holds_alternative<wire::Refusal>(frame.body);
      if (!is_accepted && !is_refused) return;
      ++(is_accepted ? accepted_ : refused_);
      send();
    });
    reactor_->run_until([this] { return lines_.front().logged_in(); }, std::chrono::seconds{60});
    for (std::size_t i = 0; i < unanswered; ++i) send();
  });
}

void RudeDevices::send() { lines_.front().say(++request_, next_send_()); }

void RudeDevices::go_deaf(const ServerUnderLoad& server,
                          std::span<const server::TestDevice> devices) {
  start([this, &server, devices] {
    for (const auto& device : devices) {
      const auto index = lines_.size();
      lines_.emplace_back(*reactor_, server, device, [this, index](wire::Frame& frame) {
        if (!std::holds_alternative<wire::Deliver>(frame.body)) return;
        ++delivered_;
        lines_[index].pause_reading();
      });
    }
  });
}

void RudeDevices::drain(const ServerUnderLoad& server, const server::TestDevice& device) {
  to_acknowledge_ = {};
  start([this, &server, &device] {
    lines_.emplace_back(*reactor_, server, device, [this](wire::Frame& frame) {
      const auto* deliver = std::get_if<wire::Deliver>(&frame.body);
      if (deliver == nullptr) return;
      ++delivered_;
      if (to_acknowledge_.sequences.empty()) reactor_->post([this] { acknowledge(); });
      to_acknowledge_.sequences.push_back(deliver->sequence);
    });
  });
}

void RudeDevices::acknowledge() { lines_.front().say(0, std::exchange(to_acknowledge_, {})); }

}  // namespace martlet::bench
