#pragma once

#include <memory>
#include <optional>

#include "base/random.h"
#include "server/member_limits.h"
#include "server/messages.h"
#include "server/stranger_limits.h"
#include "wire/frame_list.h"

namespace martlet::server {

/// What the server tells everybody about itself. Immutable.
struct ServerInfo {
  std::string domain;  ///< of local names: `alice@domain`
  Milliseconds envelope_lifetime{};
  bool open_registration = false;  ///< newcomers need no invitation
};

/// Where a connection comes from, and how much may be asked: by strangers from there, by the
/// account that logs in.
struct Origin {
  std::string network;               ///< network_of the peer's address; empty: not counted
  StrangerLimits* limits = nullptr;  ///< outlives the session; none: no limits, for tests
  MemberLimits* members = nullptr;   ///< likewise
};

/// What a session wants done, in this order: frames sent, requests posted, the rest.
struct SessionOutput {
  enum class Reading : std::uint8_t { unchanged, pause, resume };
  wire::FrameList frames;
  std::vector<OfficeRequest> requests;
  Reading reading = Reading::unchanged;
  std::optional<std::size_t> frame_bytes_max;
  bool close = false;  ///< after the frames have left

  /// Nothing is wanted any more; memory is kept.
  void clear() {
    frames.clear();
    requests.clear();
    reading = Reading::unchanged;
    frame_bytes_max.reset();
    close = false;
  }
};

/// The server's side of one connection (spec/wire.md): who is it, what may it ask, how much at
/// once. Pure: time, randomness and the TLS exporter are given. Owned by one reactor.
///
/// A stranger may Enrol, Authenticate, Lookup, FetchChain, AppendLink, OpenRendezvous and Ping, at
/// most kStrangerRequestsMax frames within kHandshakeTimeout, and no more than Origin's limits;
/// with an open meeting he has its ten minutes, and what he relays through it and his pings do not
/// count. A device that proved itself may have kSendsInFlightMax requests or kReadPauseBytes of
/// them unanswered; then the session asks to pause reading.
class Session {
 public:
  using Exporter = std::array<std::uint8_t, 32>;

  /// Puts the Challenge into `out`. `info` outlives the session.
  Session(SessionId id, const ServerInfo& info, const Exporter& exporter, Random& random,
          UnixMillis now, SessionOutput& out, const Origin& origin = {});

  void on_frame(ByteView frame, UnixMillis now, SessionOutput& out);
  /// Answers are moved from.
  void on_answer(OfficeAnswer&& answer, UnixMillis now, SessionOutput& out);
  /// Closes who has not logged in within kHandshakeTimeout.
  void on_tick(UnixMillis now, SessionOutput& out);
  /// The connection is gone: gives up the subscription.
  void on_closed(SessionOutput& out);
  /// Says shutting_down, and how long to stay away, and closes.
  void shut_down(SessionOutput& out, Milliseconds retry_after = {});

  const SessionId& id() const { return id_; }
  bool logged_in() const { return state_ == State::member; }

 private:
  enum class State : std::uint8_t { stranger, logging_in, subscribing, member, closing };
  /// Needed until the login only; a parked connection does not carry it.
  struct Handshake {
    std::array<std::uint8_t, wire::kNonceBytes + 32> signed_part;  ///< nonce | exporter
    std::array<std::uint8_t, 64> signature{};
    wire::LoginMark login{};
    std::array<std::uint8_t, 16> previous_mark{};
    UnixMillis deadline{};
    std::uint32_t frames = 0;
    StrangerLimits* limits = nullptr;
  };

  void on_stranger(wire::Frame& frame, std::uint32_t cost, UnixMillis now, SessionOutput& out);
  bool may_enrol(std::uint64_t request, const wire::Enrol& body, UnixMillis now,
                 SessionOutput& out);
  /// Of a stranger: from his address.
  bool may_ask(std::uint64_t request, UnixMillis now, SessionOutput& out);
  void on_member(wire::Frame& frame, std::uint32_t cost, UnixMillis now, SessionOutput& out);
  void on_authenticate(const wire::Frame& frame, const wire::Authenticate& body, std::uint32_t cost,
                       SessionOutput& out);
  void on_login_key(const OfficeAnswer& answer, const LoginKey& key, SessionOutput& out);
  void on_welcome(const OfficeAnswer& answer, const wire::Welcome& welcome, UnixMillis now,
                  SessionOutput& out);
  void on_refusal(const OfficeAnswer& answer, const wire::Refusal& refusal, SessionOutput& out);
  template <class Ask>
  void ask_of_handles(std::uint64_t request, std::uint32_t cost, Ask body, UnixMillis now,
                      SessionOutput& out);
  /// Of a device that has proven itself: from its account's allowance.
  bool may(RateKind kind, std::uint64_t request, UnixMillis now, SessionOutput& out);
  template <class RequestBody>
  void ask(std::uint64_t request, std::uint32_t cost, RequestBody body, SessionOutput& out);
  void settle(std::uint32_t cost, SessionOutput& out);
  void say(std::uint64_t request, wire::Body body, SessionOutput& out);
  void refuse(std::uint64_t request, wire::RefusalCode code, SessionOutput& out,
              Milliseconds retry_after = {});
  void close(SessionOutput& out);

  SessionId id_;
  const ServerInfo& info_;
  std::unique_ptr<Handshake> handshake_;
  DeviceId device_;
  AccountId account_;
  std::string network_;
  MemberLimits* members_;
  std::size_t unanswered_bytes_ = 0;
  std::uint32_t unanswered_ = 0;
  State state_ = State::stranger;
  bool subscribed_ = false;
  bool meets_ = false;  ///< may be in a meeting
  bool paused_ = false;
};

}  // namespace martlet::server
