#include "crowd.h"

#include <algorithm>

namespace martlet::bench {
namespace {

constexpr Milliseconds kPatience = std::chrono::seconds{60};
constexpr std::size_t kAtOnce = 64;                ///< handshakes under way
constexpr std::size_t kEnrolAtOnce = 16;           ///< connections; each has ten seconds
constexpr std::size_t kEnrolmentsAConnection = 7;  ///< a stranger has eight frames
constexpr std::size_t kUsesAnInvitation = 10'000;

/// Enrols some devices one after the other on a connection of its own.
class Newcomers final : public net::FrameHandler {
 public:
  Newcomers(std::span<const server::TestDevice> devices, std::size_t first, std::string token,
            std::size_t& done)
      : devices_{devices}, first_{first}, token_{std::move(token)}, done_{done} {}

  void on_open(net::FrameConnection& connection, const net::Established&) override {
    connection_ = &connection;
    next();
  }
  void on_frame(ByteView bytes) override {
    const auto frame = wire::parse_frame(bytes);
    if (!frame.ok() || std::holds_alternative<wire::Challenge>(frame.value().body)) return;
    if (!std::holds_alternative<wire::Enrolled>(frame.value().body)) give_up("enrolment refused");
    ++enrolled_;
    next();
  }
  void on_closed(net::CloseReason reason) override {
    if (enrolled_ < devices_.size()) {
      give_up(std::string{"a connection ended while enrolling: "} + net::name_of(reason));
    }
    ++done_;
  }

 private:
  void next() {
    if (enrolled_ == devices_.size()) return connection_->close();
    const auto handle = "d" + std::to_string(first_ + enrolled_) + "@localhost";
    connection_->send(wire::encode(
        wire::Frame{1 + enrolled_, wire::Enrol{token_, handle, devices_[enrolled_].links}}));
  }
  std::span<const server::TestDevice> devices_;
  std::size_t first_;
  std::string token_;
  std::size_t& done_;
  std::size_t enrolled_ = 0;
  net::FrameConnection* connection_ = nullptr;
};

}  // namespace

std::vector<server::TestDevice> enrol_crowd(const ServerUnderLoad& server, std::size_t count,
                                            Random& random) {
  std::vector<server::TestDevice> devices;
  for (std::size_t i = 0; i < count; ++i) {
    devices.push_back(server::TestDevice::make(random));
    devices.back().found_account(random, SystemClock{}.now());
  }
  net::Reactor reactor;
  std::size_t started = 0;
  std::size_t done = 0;
  std::string token;
  for (std::size_t at = 0; at < count; at += kEnrolmentsAConnection) {
    if (at / kUsesAnInvitation != (at + kEnrolmentsAConnection) / kUsesAnInvitation || at == 0) {
      token = server.invite(kUsesAnInvitation);
    }
    const auto some = std::min(kEnrolmentsAConnection, count - at);
    net::connect(
        reactor, "127.0.0.1", server.port(), {server.fingerprint()}, kPatience,
        std::make_unique<Newcomers>(std::span{devices}.subspan(at, some), at, token, done));
    ++started;
    if (!reactor.run_until([&] { return started - done < kEnrolAtOnce; }, kPatience)) {
      give_up("enrolling takes too long");
    }
  }
  if (!reactor.run_until([&] { return done == started; }, kPatience)) give_up("enrolling");
  return devices;
}

Member::Member(net::Reactor& reactor, const ServerUnderLoad& server,
               const server::TestDevice& device, OnFrame on_frame)
    : line_{reactor, server, device,
            [this, on_frame = std::move(on_frame)](wire::Frame& frame) {
              const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
              if (refusal == nullptr) return on_frame(*this, frame);
              if (refusal->code == wire::RefusalCode::shutting_down) return;
              give_up(std::string{"refused: "} + wire::name_of(refusal->code));
            },
            [](net::CloseReason reason, bool was_logged_in) {
              if (!was_logged_in) give_up(std::string{"no login: "} + net::name_of(reason));
            }} {}

std::deque<Member> log_in_crowd(net::Reactor& reactor, const ServerUnderLoad& server,
                                const std::vector<server::TestDevice>& devices,
                                const Member::OnFrame& on_frame) {
  std::deque<Member> members;
  std::size_t ready = 0;
  for (const auto& device : devices) {
    members.emplace_back(reactor, server, device, on_frame);
    const auto in_time = reactor.run_until(
        [&] {
          while (ready < members.size() && members[ready].logged_in()) ++ready;
          return members.size() - ready < kAtOnce;
        },
        kPatience);
    if (!in_time) give_up("logging in takes too long");
  }
  const auto all = [&] { return std::ranges::all_of(members, &Member::logged_in); };
  if (!reactor.run_until(all, kPatience)) give_up("not all could log in");
  return members;
}

}  // namespace martlet::bench
