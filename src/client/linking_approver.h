#pragma once

#include "client/linking_pipe.h"
#include "protocol/short_code.h"
#include "transparency/link_builder.h"

namespace martlet::client {

/// The account that a new device is to enter, and the device that approves.
struct ApproverAccount {
  const crypto::SigningKey& key;  ///< of this device; outlives the conversation
  std::vector<Bytes> links;       ///< the whole chain as we know it
  std::string display_name;       ///< UTF-8, at most kNameBytesMax
  std::vector<std::string> handles;
  std::vector<TrustRoot> trust_roots;
};

/// The side of the approving device in linking (spec/linking.md). One object a meeting; pure; owned
/// by one thread. Whatever is wrong ends it with LinkStopped; afterwards every call gives an empty
/// step.
class LinkApprover {
 public:
  using Step = LinkStep<ApproverEvent>;
  /// After scanning a code. Fails with `chain` or `malformed` for an account that is none, with
  /// `not_admin`, or with `weak_key`.
  static Result<LinkApprover, LinkFault> by_payload(ApproverAccount account,
                                                    const protocol::LinkPayload& payload,
                                                    Random& random, UnixMillis now);
  /// After typing the meeting's number: people compare a short code. Fails in the same ways.
  static Result<LinkApprover, LinkFault> by_number(ApproverAccount account, Random& random,
                                                   UnixMillis now);

  /// What to send first.
  Step start();
  Step on_message(ByteView message, UnixMillis now);
  /// After ConfirmDevice: the person lets it in (and, by number, saw the same digits).
  Step approve(transparency::Role role, UnixMillis now);
  // After SubmitLink, one of:
  Step submitted();  ///< the server took it
  /// The chain had grown: `links` follow those that we knew. Ours may be among them, when only the
  /// server's answer was lost.
  Step moved(std::span<const Bytes> links, UnixMillis now);
  Step server_refused();
  /// Ends it: refused, codes_differ, cancelled. Not while a link is submitted: see there.
  Step stop(LinkFault why);
  /// Gives up when it has taken too long. Never while a link is submitted.
  Step on_time(UnixMillis now);
  bool is_over() const { return state_ == State::over; }

 private:
  enum class State : std::uint8_t {
    answer,
    mac,
    introduction,
    deciding,
    acceptance,
    submitting,
    over
  };
  using Handled = Result<Step, LinkFault>;
  LinkApprover(ApproverAccount account, transparency::AccountChain chain, UnixMillis now);
  static Result<LinkApprover, LinkFault> create(ApproverAccount account, UnixMillis now);
  bool is_admin() const;
  Handled handle(const LinkingPipe::Incoming& in);
  Handled on_answer(ByteView body);
  Handled on_mac(ByteView body);
  Handled on_introduction(ByteView body);
  Handled on_acceptance(ByteView body);
  Handled take_moved(std::span<const Bytes> links, UnixMillis now);
  Bytes propose(UnixMillis now);
  Step approved();
  Step stopped(LinkFault fault, bool by_peer);

  ApproverAccount account_;
  transparency::AccountChain chain_;
  UnixMillis started_;
  State state_ = State::answer;
  Bytes first_;  ///< what start() sends
  LinkingPipe pipe_;
  std::optional<protocol::ShortCodeA> code_;
  Digest key_part_hash_{};  ///< that the device must show
  std::optional<transparency::DeviceKey> device_;
  Bytes tbs_;
  Bytes link_;  ///< submitted
  unsigned moves_ = 0;
  std::optional<LinkFault> peer_stopped_;  ///< while a link is submitted
};

}  // namespace martlet::client
