#pragma once

#include <deque>

#include "client/linking_newcomer.h"
#include "client/stranger.h"
#include "protocol/sealing.h"

namespace martlet::client {

/// Show the code, and the number for those who cannot scan it. The number may change when the
/// connection had to be made anew; the code stays.
struct LinkShown {
  std::string payload;
  std::string number;  ///< eight digits
};
using DeviceLinkEvent = std::variant<LinkShown, CompareCode, Linked, LinkStopped>;

/// How often a new device that heard no end asks whether the account has let it in.
inline constexpr unsigned kLinkLooksMax = 6;

/// A device that wants into an account: opens a meeting at the server and holds the conversation
/// of spec/linking.md there. One object a try; afterwards, Engine::adopt.
///
/// A connection that breaks while nobody has come yet is made anew, with the same code. One that
/// breaks later ends the meeting; but once our acceptance is out we ask the server for the
/// account's chain until it has this device, or for about two minutes.
class DeviceLink final : public Stranger {
 public:
  /// `keys` and `random` outlive the object. `device_name` and `platform`: at most kNameBytesMax.
  DeviceLink(store::ServerAddress server, const protocol::DevicePrivateKeys& keys,
             std::string device_name, std::string platform, Random& random, UnixMillis now);

  /// What has happened, oldest first.
  std::optional<DeviceLinkEvent> take_event();
  /// The person's answer to CompareCode.
  void confirm_code(bool same, UnixMillis now);
  void cancel(UnixMillis now);
  bool is_over() const { return over_; }

 private:
  void on_ready(UnixMillis now) override;
  void on_answer(const wire::Frame& frame, UnixMillis now) override;
  void on_push(const wire::Body& body, UnixMillis now) override;
  void on_lost(UnixMillis now) override;
  void on_time(UnixMillis now) override;
  UnixMillis due_at() const override;
  void take(LinkNewcomer::Step step, UnixMillis now);
  void on_ended(UnixMillis now);
  void begin_to_look(UnixMillis now);
  void look(UnixMillis now);
  void end(DeviceLinkEvent event);

  LinkNewcomer newcomer_;
  UnixMillis lifetime_end_;
  std::deque<DeviceLinkEvent> events_;
  std::uint64_t open_request_ = 0;
  std::uint64_t look_request_ = 0;
  bool looking_ = false;
  unsigned looks_ = 0;
  UnixMillis look_at_{};
  LinkFault fault_ = LinkFault::gave_up;  ///< why there was a need to look
  bool by_peer_ = false;
  bool over_ = false;
};

}  // namespace martlet::client
