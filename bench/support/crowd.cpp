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

struct Member::State {
  net::FrameConnection* connection = nullptr;
  std::array<std::uint8_t, 32> exporter{};
  bool logged_in = false;
};

class Member::Handler final : public net::FrameHandler {
 public:
  Handler(Member& member, std::shared_ptr<State> state, OnFrame on_frame)
      : member_{member}, state_{std::move(state)}, on_frame_{std::move(on_frame)} {}
  void on_open(net::FrameConnection& connection, const net::Established& established) override {
    state_->connection = &connection;
    state_->exporter = established.exporter;
  }
  void on_frame(ByteView bytes) override {
    auto frame = wire::parse_frame(bytes);
    if (!frame.ok()) give_up("the server sent what is no frame");
    auto& body = frame.value().body;
    if (const auto* challenge = std::get_if<wire::Challenge>(&body)) {
      member_.say(1, member_.device_.authenticate(challenge->nonce, state_->exporter));
    } else if (std::holds_alternative<wire::Welcome>(body)) {
      state_->logged_in = true;
    } else if (const auto* refusal = std::get_if<wire::Refusal>(&body)) {
      if (refusal->code == wire::RefusalCode::shutting_down) return;
      give_up(std::string{"refused: "} + wire::name_of(refusal->code));
    } else {
      on_frame_(member_, frame.value());
    }
  }
  void on_closed(net::CloseReason reason) override {
    state_->connection = nullptr;
    if (!state_->logged_in) give_up(std::string{"no login: "} + net::name_of(reason));
  }

 private:
  Member& member_;
  std::shared_ptr<State> state_;
  OnFrame on_frame_;
};

Member::Member(net::Reactor& reactor, const ServerUnderLoad& server,
               const server::TestDevice& device, OnFrame on_frame)
    : device_{device}, state_{std::make_shared<State>()} {
  net::connect(reactor, "127.0.0.1", server.port(), {server.fingerprint()}, kPatience,
               std::make_unique<Handler>(*this, state_, std::move(on_frame)));
}

void Member::say(std::uint64_t request, wire::Body body) {
  if (state_->connection == nullptr) return;
  state_->connection->send(wire::encode(wire::Frame{request, std::move(body)}));
}

void Member::close() {
  if (state_->connection != nullptr) state_->connection->close();
}

bool Member::logged_in() const { return state_->logged_in; }

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
