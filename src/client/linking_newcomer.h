#pragma once

#include "client/linking_pipe.h"
#include "protocol/short_code.h"

namespace martlet::client {

/// What a new device says of itself.
struct NewcomerDevice {
  const crypto::SigningKey& key;  ///< outlives the conversation
  std::vector<transparency::SuiteKey> suites;
  std::string name;  ///< UTF-8, at most kNameBytesMax; so `platform`
  std::string platform;
};

/// The side of the new device in linking (spec/linking.md). It answers both ways: to whoever
/// scanned its code, and to the short code. One object a meeting; pure; owned by one thread.
/// Whatever is wrong ends it with LinkStopped; afterwards every call gives an empty step.
class LinkNewcomer {
 public:
  using Step = LinkStep<NewcomerEvent>;
  /// `server` goes into the code. `random` outlives the object.
  LinkNewcomer(NewcomerDevice device, std::string server, Random& random, UnixMillis now);

  LinkNewcomer(const LinkNewcomer&) = delete;
  LinkNewcomer& operator=(const LinkNewcomer&) = delete;

  /// What to show as a QR code. Secret to all but those who should approve.
  std::string payload() const;
  /// What to call the meeting at the server.
  protocol::RendezvousName rendezvous() const;

  Step on_message(ByteView message, UnixMillis now);
  /// After CompareCode: a person says that the digits are the same.
  Step confirm_code(UnixMillis now);
  /// Ends it: codes_differ, cancelled.
  Step stop(LinkFault why);
  /// Gives up when it has taken too long.
  Step on_time(UnixMillis now);
  bool is_over() const { return state_ == State::over; }
  bool has_begun() const { return state_ != State::first; }

  /// Where our acceptance may have taken effect without our hearing of it.
  struct Accepted {
    AccountId account;
    std::uint32_t known;  ///< seqno of the last link that we have
  };
  /// Set as soon as the acceptance is out, also when linking is over.
  std::optional<Accepted> accepted() const;
  /// After the other side is gone: links of that account, from `first_seqno` on, as the server has
  /// them. Linked if they continue what we know and have let this device in; else nothing changes.
  std::optional<Linked> look(std::uint32_t first_seqno, std::span<const Bytes> links);

 private:
  enum class State : std::uint8_t {
    first,
    reveal,
    mac,
    comparing,
    account,
    links,
    proposal,
    verdict,
    over
  };
  using Handled = Result<Step, LinkFault>;
  Handled handle(const LinkingPipe::Incoming& in);
  Handled on_hello(ByteView body);
  Handled on_commit(ByteView body);
  Handled on_reveal(ByteView body);
  Handled on_mac(ByteView body);
  Handled on_account(ByteView body);
  Handled on_links(ByteView body);
  Handled on_proposal(ByteView body);
  Handled on_moved(ByteView body);
  Handled on_done(ByteView body);
  Step introduce();
  Linked linked(transparency::AccountChain chain, std::vector<Bytes> links);
  Result<void, LinkFault> take_chain();
  bool is_our_entry(ByteView tbs) const;
  Step stopped(LinkFault fault, bool by_peer);

  NewcomerDevice device_;
  std::string server_;
  Random& random_;
  UnixMillis started_;
  crypto::X25519Key key_;
  protocol::LinkSecret secret_;
  std::array<std::uint8_t, 32> opening_;
  Digest commitment_;  ///< of name and platform
  Bytes key_part_;
  Digest key_part_hash_;
  State state_ = State::first;
  LinkingPipe pipe_;
  std::optional<protocol::ShortCodeB> code_;
  std::optional<AccountPart> account_;
  std::optional<transparency::AccountChain> chain_;
  std::vector<Bytes> links_;
  std::size_t links_wanted_ = 0;  ///< in all
  Bytes tbs_;                     ///< what we accepted last
  bool accepted_ = false;
  unsigned moves_ = 0;
};

}  // namespace martlet::client
