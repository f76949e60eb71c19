// Whoever carries the messages of linking, and either side that lies.

#include <set>

#include "base/reader.h"
#include "client/linking_world_test.h"

namespace martlet::client {
namespace {

std::size_t messages_of(const Way& way) {
  Meeting meeting;
  meeting.run(way);
  EXPECT_TRUE(meeting.linked);
  return meeting.messages;
}

/// Nobody is in but when the last message, `done`, was touched; and somebody says why.
void expect_stopped(const Meeting& meeting, std::size_t touched, std::size_t messages,
                    const std::set<LinkFault>& faults) {
  EXPECT_FALSE(meeting.linked);
  EXPECT_EQ(meeting.approved.has_value(), touched == messages - 1);
  const auto& stopped = meeting.newcomer_stopped && !meeting.newcomer_stopped->by_peer
                            ? meeting.newcomer_stopped
                            : meeting.approver_stopped;
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(faults.contains(stopped->fault)) << name_of(stopped->fault);
}

TEST(LinkingAttacks, ChangedMessages) {
  for (const auto& way : kWays) {
    const auto messages = messages_of(way);
    for (std::size_t touched = 0; touched < messages; ++touched) {
      std::size_t size = 1;
      for (std::size_t at = 0; at < size; at += at < 8 ? 1 : 97) {
        SCOPED_TRACE(std::string{way.name} + " " + std::to_string(touched) + " " +
                     std::to_string(at));
        Meeting meeting;
        meeting.relay = [&](std::size_t number, Bytes message) {
          if (number == touched) {
            size = message.size();
            message[at] ^= 0x20;
          }
          return std::vector<Bytes>{message};
        };
        meeting.run(way);
        expect_stopped(meeting, touched, messages,
                       {LinkFault::malformed, LinkFault::out_of_turn, LinkFault::tag,
                        LinkFault::gap, LinkFault::commitment, LinkFault::confirmation});
      }
    }
  }
}

TEST(LinkingAttacks, CutMessages) {
  for (const auto& way : kWays) {
    const auto messages = messages_of(way);
    for (std::size_t touched = 0; touched < messages; ++touched) {
      std::size_t size = 1;
      for (std::size_t kept = 0; kept < size; kept += kept < 40 ? 1 : 97) {
        SCOPED_TRACE(std::string{way.name} + " " + std::to_string(touched) + " " +
                     std::to_string(kept));
        Meeting meeting;
        meeting.relay = [&](std::size_t number, Bytes message) {
          if (number == touched) {
            size = message.size();
            message.resize(kept);
          }
          return std::vector<Bytes>{message};
        };
        meeting.run(way);
        expect_stopped(meeting, touched, messages, {LinkFault::malformed, LinkFault::tag});
      }
    }
  }
}

TEST(LinkingAttacks, RepeatedMessages) {
  for (const auto& way : kWays) {
    const auto messages = messages_of(way);
    for (std::size_t touched = 0; touched + 3 < messages; ++touched) {
      SCOPED_TRACE(std::string{way.name} + " " + std::to_string(touched));
      Meeting meeting;
      meeting.relay = [&](std::size_t number, const Bytes& message) {
        return std::vector<Bytes>(number == touched ? 2 : 1, message);
      };
      meeting.run(way);
      expect_stopped(meeting, touched, messages, {LinkFault::replay, LinkFault::out_of_turn});
    }
    // The acceptance went out before the proposal came again: the device may be in, and knows it.
    Meeting late;
    late.relay = [&](std::size_t number, const Bytes& message) {
      return std::vector<Bytes>(number == messages - 3 ? 2 : 1, message);
    };
    late.run(way);
    EXPECT_EQ(late.newcomer_stopped->fault, LinkFault::replay);
    EXPECT_TRUE(late.newcomer_stopped->may_be_in && late.approved && !late.linked);
    // The acceptance is with the server already, and nothing follows the last message.
    for (const auto touched : {messages - 2, messages - 1}) {
      Meeting meeting;
      meeting.relay = [&](std::size_t number, const Bytes& message) {
        return std::vector<Bytes>(number == touched ? 2 : 1, message);
      };
      meeting.run(way);
      EXPECT_TRUE(meeting.linked && meeting.approved);
    }
  }
}

TEST(LinkingAttacks, SwappedAndReflectedMessages) {
  Meeting swapped;
  Bytes held;
  swapped.relay = [&](std::size_t number, const Bytes& message) -> std::vector<Bytes> {
    if (number == 2) {
      held = message;
      return {};
    }
    return number == 3 ? std::vector<Bytes>{message, held} : std::vector<Bytes>{message};
  };
  swapped.run(kWays[0]);
  EXPECT_EQ(swapped.newcomer_stopped->fault, LinkFault::gap);

  Meeting reflected;
  reflected.relay = [&](std::size_t number, const Bytes& message) -> std::vector<Bytes> {
    if (number == 1) held = message;
    return {number == 2 ? held : message};
  };
  reflected.run(kWays[0]);
  EXPECT_EQ(reflected.newcomer_stopped->fault, LinkFault::tag);
}

TEST(LinkingAttacks, WhoSawNoCodeOpensNothing) {
  // The server knows the newcomer's key and guesses the secret.
  Meeting meeting;
  auto payload = protocol::parse_link_payload(meeting.newcomer->payload()).take();
  payload.secret = protocol::LinkSecret{[](std::span<std::uint8_t, 16>) {}};
  auto mallory =
      LinkApprover::by_payload(meeting.account(), payload, meeting.random, kStart).take();
  const auto hello = mallory.start().send.at(0);
  const auto introduction = meeting.newcomer->on_message(hello, kStart).send.at(0);
  const auto step = mallory.on_message(introduction, kStart);
  EXPECT_EQ(std::get<LinkStopped>(*step.event).fault, LinkFault::tag);
  // And with another key in the place of the approver's.
  Meeting other;
  SeededRandom random{99};
  const auto key = crypto::X25519Key::create(random);
  other.relay = [&](std::size_t number, const Bytes& message) -> std::vector<Bytes> {
    return {number == 0 ? LinkingPipe::clear(LinkMessage::hello, key.public_key()) : message};
  };
  other.run(kWays[0]);
  EXPECT_EQ(other.approver_stopped->fault, LinkFault::tag);
  EXPECT_FALSE(other.asked);
}

TEST(LinkingAttacks, WhoSitsBetweenShowsOtherDigits) {
  Meeting left;   // the true approver and a false newcomer
  Meeting right;  // a false approver and the true newcomer
  right.random = SeededRandom{12};
  left.newcomer_confirms = right.newcomer_confirms = false;
  left.run(kWays[1]);
  right.run(kWays[1]);
  ASSERT_EQ(left.digits.size(), 2U);
  ASSERT_EQ(right.digits.size(), 2U);
  EXPECT_NE(left.digits[0], right.digits[1]);
  EXPECT_FALSE(left.asked || right.asked);
}

TEST(LinkingAttacks, ANewcomerWithOtherKeysThanItsCode) {
  Meeting meeting;
  SeededRandom random{5};
  const auto key = crypto::X25519Key::create(random);
  const auto key_part = [&](unsigned device) {
    const auto entering = meeting.world.keys.entering(device);
    return encode_key_part({entering.sign_key, entering.entry.suites});
  };
  const auto hash = protocol::key_part_hash(key_part(8));
  const protocol::LinkPayload payload{
      hash, key.public_key(), protocol::LinkSecret{[](std::span<std::uint8_t, 16>) {}}, "s"};
  for (const unsigned device : {8U, 9U}) {
    auto approver =
        LinkApprover::by_payload(meeting.account(), payload, meeting.random, kStart).take();
    const auto hello = approver.start().send.at(0);
    const auto theirs = Reader{ByteView{hello}.subspan(2)}.array<32>().value();
    const auto shared = key.agree(theirs).take();
    LinkingPipe pipe;
    pipe.open_channel({protocol::LinkingChannel::Side::newcomer,
                       {payload.secret.reveal(), shared, key.public_key(), theirs, hash}});
    const auto step = approver.on_message(
        pipe.sealed(LinkMessage::introduce, encode(Introduction{key_part(device), {}, "", ""})),
        kStart);
    if (device == 8) {
      EXPECT_TRUE(std::holds_alternative<ConfirmDevice>(*step.event));
      // An acceptance by another key.
      const auto proposal = approver.approve(transparency::Role::member, kStart);
      EXPECT_EQ(proposal.send.size(), 3U);
      const auto end =
          approver.on_message(pipe.sealed(LinkMessage::accept, crypto::Signature{}), kStart);
      EXPECT_EQ(std::get<LinkStopped>(*end.event).fault, LinkFault::acceptance);
    } else {
      EXPECT_EQ(std::get<LinkStopped>(*step.event).fault, LinkFault::key_part);
    }
  }
}

/// An approver that knows the code, and lies within the channel.
struct Liar {
  Meeting meeting{transparency::grown_world()};
  LinkingPipe pipe;
  std::optional<Introduction> introduction;
  LinkNewcomer::Step last;

  Liar() {
    const auto payload = protocol::parse_link_payload(meeting.newcomer->payload()).take();
    const auto key = crypto::X25519Key::create(meeting.random);
    const auto shared = key.agree(payload.newcomer).take();
    pipe.open_channel({protocol::LinkingChannel::Side::approver,
                       {payload.secret.reveal(), shared, payload.newcomer, key.public_key(),
                        payload.key_part_hash}});
    const auto step = meeting.newcomer->on_message(
        LinkingPipe::clear(LinkMessage::hello, key.public_key()), kStart);
    introduction = parse_introduction(pipe.receive(step.send.at(0)).value().body()).take();
  }
  void send(LinkMessage type, ByteView body) {
    last = meeting.newcomer->on_message(pipe.sealed(type, body), kStart);
  }
  void send_chain(const std::vector<Bytes>& links) {
    send(LinkMessage::account,
         encode(AccountPart{"A", {}, {}, static_cast<std::uint32_t>(links.size())}));
    for (const auto& body : encode_links(links)) send(LinkMessage::links, body);
  }
  transparency::LinkFields honest() const {
    auto device = meeting.world.keys.entering(kNewDevice);
    device.entry.meta_commitment =
        transparency::device_name_commitment(introduction->name_opening, "Laptop", "linux").value();
    const auto place = transparency::next_place(meeting.world.chain);
    return {place.seqno,
            place.account,
            place.prev,
            kStart,
            meeting.world.device(0).key_id(),
            transparency::AddBody{device}};
  }
  std::optional<LinkFault> fault() const {
    if (!last.event) return {};
    const auto* stopped = std::get_if<LinkStopped>(&*last.event);
    return stopped != nullptr ? std::optional{stopped->fault} : std::nullopt;
  }
};

struct ProposalCase {
  const char* name;
  void (*change)(transparency::LinkFields&, const Liar&);
};
using transparency::AddBody;
const ProposalCase kProposals[] = {
    {"another device",
     [](auto& f, const Liar& l) { f.body = AddBody{l.meeting.world.keys.entering(8)}; }},
    {"another suite key",
     [](auto& f, const Liar&) {
       std::get<AddBody>(f.body).device.entry.suites[0].key = transparency::numbered_classic_key(9);
     }},
    {"one suite more",
     [](auto& f, const Liar&) {
       std::get<AddBody>(f.body).device.entry.suites.push_back({9, Bytes{1}});
     }},
    {"another name",
     [](auto& f, const Liar&) { std::get<AddBody>(f.body).device.entry.meta_commitment[0] ^= 1; }},
    {"another account", [](auto& f, const Liar&) { f.account = AccountId{Digest{1}}; }},
    {"another place", [](auto& f, const Liar&) { ++f.seqno; }},
    {"another head", [](auto& f, const Liar&) { f.prev = LinkId{Digest{1}}; }},
    {"signed by a member",
     [](auto& f, const Liar& l) { f.signer = l.meeting.world.device(2).key_id(); }},
    {"signed by a revoked device",
     [](auto& f, const Liar& l) { f.signer = l.meeting.world.device(3).key_id(); }},
    {"another type", [](auto& f, const Liar&) { f.body = transparency::RetireBody{}; }},
    {"a rekey to this device",
     [](auto& f, const Liar& l) {
       f.body =
           transparency::RekeyBody{l.meeting.world.keys.id(0), std::get<AddBody>(f.body).device};
     }},
};

TEST(LinkingAttacks, TheNewcomerAcceptsNothingButItsOwnEntry) {
  for (const auto& test : kProposals) {
    SCOPED_TRACE(test.name);
    Liar liar;
    liar.send_chain(liar.meeting.world.links);
    ASSERT_FALSE(liar.fault());
    auto fields = liar.honest();
    test.change(fields, liar);
    liar.send(LinkMessage::proposal, transparency::encode_tbs(fields));
    EXPECT_EQ(liar.fault(), LinkFault::wrong_link);
    EXPECT_FALSE(std::get<LinkStopped>(*liar.last.event).may_be_in);
  }
  Liar honest;
  honest.send_chain(honest.meeting.world.links);
  honest.send(LinkMessage::proposal, transparency::encode_tbs(honest.honest()));
  EXPECT_EQ(honest.last.send.size(), 1U);
  // Then another link than the one accepted, and one that nobody signed.
  honest.send(LinkMessage::done, honest.meeting.world.links.back());
  EXPECT_EQ(honest.fault(), LinkFault::wrong_link);
  Liar unsigned_link;
  unsigned_link.send_chain(unsigned_link.meeting.world.links);
  const auto tbs = transparency::encode_tbs(unsigned_link.honest());
  unsigned_link.send(LinkMessage::proposal, tbs);
  const crypto::Signature nobody{};
  unsigned_link.send(LinkMessage::done, transparency::encode_link(tbs, nobody, nobody));
  EXPECT_EQ(unsigned_link.fault(), LinkFault::chain);
}

TEST(LinkingAttacks, AForgedChain) {
  struct Case {
    const char* name;
    LinkFault fault;
    void (*change)(std::vector<Bytes>&);
  };
  for (const auto& [name, fault, change] : {
           Case{"a bit of a signature", LinkFault::chain,
                [](std::vector<Bytes>& links) { links[1][links[1].size() - 2] ^= 1; }},
           Case{"one left out", LinkFault::chain,
                [](std::vector<Bytes>& links) { links.erase(links.begin() + 2); }},
           Case{"two swapped", LinkFault::chain,
                [](std::vector<Bytes>& links) { std::swap(links[1], links[2]); }},
           Case{"no genesis", LinkFault::chain,
                [](std::vector<Bytes>& links) { links.erase(links.begin()); }},
           Case{"an empty link", LinkFault::chain,
                [](std::vector<Bytes>& links) { links[3].clear(); }},
       }) {
    SCOPED_TRACE(name);
    Liar liar;
    auto links = liar.meeting.world.links;
    change(links);
    liar.send_chain(links);
    EXPECT_EQ(liar.fault(), fault);
  }
  Liar more;
  more.send(LinkMessage::account, encode(AccountPart{"A", {}, {}, 2}));
  more.send(LinkMessage::links, encode_links(more.meeting.world.links).at(0));
  EXPECT_EQ(more.fault(), LinkFault::malformed) << "more links than announced";
}

}  // namespace
}  // namespace martlet::client
