#include "wire/frames.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "frames.pb.h"

namespace martlet::wire {
namespace {

template <class IdType>
IdType id_of(std::uint8_t byte) {
  std::array<std::uint8_t, IdType::kBytes> bytes;
  bytes.fill(byte);
  return IdType{bytes};
}

Send example_send() {
  Send send;
  send.message = id_of<MessageId>(1);
  send.heads.push_back({id_of<AccountId>(2), id_of<LinkId>(3)});
  send.envelopes.push_back({id_of<DeviceId>(4), 1, Bytes(300, 0xaa)});
  send.envelopes.push_back({id_of<DeviceId>(5), 1, Bytes(301, 0xbb)});
  return send;
}

HandleRow example_row() {
  return {"alice@example.org", HandleState::retrying, HandleMethod::sms_code,
          unix_millis(7),      unix_millis(8),        5};
}

/// One of each kind, every field set.
std::vector<Body> examples() {
  Challenge challenge;
  challenge.nonce.fill(9);
  challenge.server_time = unix_millis(1'700'000'000'123);
  challenge.domain = "chat.example.org";
  challenge.frame_bytes_max = 1000;
  challenge.sealed_bytes_max = 500;
  challenge.ping_interval = Milliseconds{60'000};
  challenge.envelope_lifetime = std::chrono::days{7};
  Authenticate authenticate;
  authenticate.device = id_of<DeviceId>(1);
  authenticate.signature.fill(2);
  authenticate.login = {7, {1, 2}};
  authenticate.previous_mark.fill(3);
  Refusal refusal{RefusalCode::limit_reached, Milliseconds{1500}, id_of<MessageId>(3)};
  refusal.last_login = {8, {4}};
  return {challenge,
          authenticate,
          Welcome{id_of<AccountId>(1), 17, unix_millis(5), id_of<LinkId>(6)},
          Enrol{"dG9rZW4", "bob@example.org", {Bytes{1, 2}, Bytes{3}}},
          Enrolled{"bob@example.org", id_of<AccountId>(7), true},
          Lookup{"alice@example.org"},
          Account{id_of<AccountId>(8), 3, {Bytes{4}}},
          FetchChain{id_of<AccountId>(8), 3},
          example_send(),
          Accepted{id_of<MessageId>(1)},
          StaleDevices{id_of<MessageId>(1), {id_of<AccountId>(2)}},
          Deliver{1ULL << 41U, id_of<DeviceId>(1), id_of<AccountId>(2), id_of<MessageId>(3),
                  unix_millis(4), 1, Bytes(300, 7)},
          Undelivered{3, id_of<MessageId>(3), id_of<DeviceId>(4), unix_millis(5)},
          Acknowledge{{1, 2, 3}},
          Ping{},
          Pong{},
          refusal,
          AppendLink{id_of<AccountId>(1), id_of<LinkId>(2), Bytes{1, 2, 3}},
          Appended{id_of<AccountId>(1), 7, id_of<LinkId>(3)},
          ChainChanged{id_of<AccountId>(1), 8, id_of<LinkId>(4)},
          OpenRendezvous{RendezvousName{1, 2}},
          RendezvousOpened{"01234567"},
          JoinRendezvous{RendezvousName{1, 2}},
          RendezvousJoined{RendezvousName{1, 2}},
          Relay{Bytes(kRelayBytesMax, 7)},
          RendezvousEnded{},
          HandleAdd{"alice@example.org", HandleMethod::mail_link},
          HandleAdded{example_row(), "M-7K2Q", "+15550100"},
          HandleConfirm{"+15550123", "123456"},
          HandleRemove{"+15550123"},
          HandleDefault{"alice@example.org"},
          HandleList{},
          Handles{{example_row(), {}}}};
}

TEST(Frames, AMeetingIsJoinedByNumberToo) {
  const auto encoded = encode(Frame{1, JoinRendezvous{std::string{"01234567"}}});
  const auto parsed = parse_frame(encoded);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(std::get<std::string>(std::get<JoinRendezvous>(parsed.value().body).meeting),
            "01234567");
}

TEST(Frames, EveryKindSurvivesTheWire) {
  const auto bodies = examples();
  EXPECT_EQ(bodies.size() + 1, std::variant_size_v<Body>) << "an example of each kind but Unknown";
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(bodies[i].index(), i + 1);
    const auto encoded = encode(Frame{42 + i, bodies[i]});
    const auto parsed = parse_frame(encoded);
    ASSERT_TRUE(parsed.ok()) << parsed.error().reason.text;
    EXPECT_EQ(parsed.value().request, 42 + i);
    EXPECT_EQ(parsed.value().body.index(), bodies[i].index());
    EXPECT_EQ(encode(parsed.value()), encoded);
  }
}

TEST(Frames, FieldsArriveAsSent) {
  const auto parsed = parse_frame(encode(Frame{0, example_send()}));
  const auto& send = std::get<Send>(parsed.value().body);
  EXPECT_EQ(send.message, id_of<MessageId>(1));
  EXPECT_EQ(send.heads[0].head, id_of<LinkId>(3));
  EXPECT_EQ(send.envelopes[1].recipient, id_of<DeviceId>(5));
  EXPECT_EQ(send.envelopes[1].sealed, Bytes(301, 0xbb));
}

TEST(Frames, AKindFromTheFutureIsSkipped) {
  EXPECT_TRUE(std::holds_alternative<Unknown>(parse_frame({}).value().body));
  // Field 99, length 2: unknown to this version.
  const Bytes future{0x08, 0x05, 0x9a, 0x06, 0x02, 0x01, 0x02};
  const auto parsed = parse_frame(future);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().request, 5U);
  EXPECT_TRUE(std::holds_alternative<Unknown>(parsed.value().body));
}

struct FrameDamage {
  const char* name;
  std::function<void(pb::Frame&)> apply;
  Failure expected;
};

pb::AppendLink& good_append(pb::Frame& frame) {
  auto& append = *frame.mutable_append_link();
  append.set_account(std::string(32, 'a'));
  append.set_known_head(std::string(32, 'b'));
  append.set_link("link");
  return append;
}

const FrameDamage kFrameDamages[] = {
    {"message id of 15 bytes",
     [](pb::Frame& f) { f.mutable_send()->set_message(std::string(15, 'a')); }, Failure::malformed},
    {"no message id", [](pb::Frame& f) { f.mutable_send()->clear_message(); }, Failure::malformed},
    {"no envelopes", [](pb::Frame& f) { f.mutable_send()->clear_envelopes(); }, Failure::malformed},
    {"an empty envelope",
     [](pb::Frame& f) { f.mutable_send()->mutable_envelopes(0)->clear_sealed(); },
     Failure::malformed},
    {"recipient of 31 bytes",
     [](pb::Frame& f) {
       f.mutable_send()->mutable_envelopes(0)->set_recipient(std::string(31, 'a'));
     },
     Failure::malformed},
    {"one recipient twice",
     [](pb::Frame& f) {
       f.mutable_send()->mutable_envelopes(1)->set_recipient(f.send().envelopes(0).recipient());
     },
     Failure::malformed},
    {"suite 256", [](pb::Frame& f) { f.mutable_send()->mutable_envelopes(0)->set_suite(256); },
     Failure::malformed},
    {"head of 33 bytes",
     [](pb::Frame& f) { f.mutable_send()->mutable_heads(0)->set_head(std::string(33, 'a')); },
     Failure::malformed},
    {"sealed one byte too long",
     [](pb::Frame& f) {
       f.mutable_send()->mutable_envelopes(0)->set_sealed(
           std::string(limits::kSealedBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"too many envelopes",
     [](pb::Frame& f) {
       const auto row = f.send().envelopes(0);
       for (std::size_t i = 0; i < limits::kEnvelopesASendMax; ++i)
         *f.mutable_send()->add_envelopes() = row;
     },
     Failure::limit_reached},
    {"signature of 63 bytes",
     [](pb::Frame& f) { f.mutable_authenticate()->set_signature(std::string(63, 'a')); },
     Failure::malformed},
    {"enrolment without links", [](pb::Frame& f) { f.mutable_enrol()->set_token("t"); },
     Failure::malformed},
    {"a link too long",
     [](pb::Frame& f) {
       f.mutable_enrol()->add_links(std::string(limits::kLinkBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"too many links",
     [](pb::Frame& f) {
       for (std::size_t i = 0; i <= limits::kLinksMax; ++i) f.mutable_enrol()->add_links("a");
     },
     Failure::limit_reached},
    {"a handle too long",
     [](pb::Frame& f) {
       f.mutable_lookup()->set_handle(std::string(limits::kHandleBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"a link too long behind a good token and handle, which the heap holds",
     [](pb::Frame& f) {
       f.mutable_enrol()->set_token(std::string(40, 'a'));
       f.mutable_enrol()->set_handle(std::string(40, 'a'));
       f.mutable_enrol()->add_links(std::string(limits::kLinkBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"enrolled without an account, behind a good handle",
     [](pb::Frame& f) { f.mutable_enrolled()->set_handle(std::string(40, 'a')); },
     Failure::malformed},
    {"too many acknowledgements",
     [](pb::Frame& f) {
       for (std::size_t i = 0; i <= limits::kAcknowledgementsAFrameMax; ++i)
         f.mutable_acknowledge()->add_sequences(i);
     },
     Failure::limit_reached},
    {"a time past the year 9999",
     [](pb::Frame& f) {
       auto& deliver = *f.mutable_deliver();
       deliver.set_sender(std::string(32, 'a'));
       deliver.set_sender_account(std::string(32, 'a'));
       deliver.set_message(std::string(16, 'a'));
       deliver.set_accepted_ms(UINT64_MAX);
     },
     Failure::malformed},
    {"a Welcome's head of 31 bytes",
     [](pb::Frame& f) {
       f.mutable_welcome()->set_account(std::string(32, 'a'));
       f.mutable_welcome()->set_head(std::string(31, 'a'));
     },
     Failure::malformed},
    {"a login's mark of 15 bytes",
     [](pb::Frame& f) {
       auto& login = *f.mutable_authenticate();
       login.set_device(std::string(32, 'a'));
       login.set_signature(std::string(64, 'a'));
       login.set_previous_mark(std::string(16, 'a'));
       login.mutable_login()->set_number(1);
       login.mutable_login()->set_mark(std::string(15, 'a'));
     },
     Failure::malformed},
    {"a login's mark without the one before",
     [](pb::Frame& f) {
       auto& login = *f.mutable_authenticate();
       login.set_device(std::string(32, 'a'));
       login.set_signature(std::string(64, 'a'));
       login.mutable_login()->set_number(1);
       login.mutable_login()->set_mark(std::string(16, 'a'));
     },
     Failure::malformed},
    {"a last login without its number",
     [](pb::Frame& f) {
       f.mutable_refusal()->set_code(17);
       f.mutable_refusal()->mutable_last_login()->set_mark(std::string(16, 'a'));
     },
     Failure::malformed},
    {"a meeting of no name", [](pb::Frame& f) { f.mutable_open_rendezvous(); }, Failure::malformed},
    {"a meeting's name of 15 bytes",
     [](pb::Frame& f) { f.mutable_open_rendezvous()->set_name(std::string(15, 'a')); },
     Failure::malformed},
    {"a number of seven digits",
     [](pb::Frame& f) { f.mutable_join_rendezvous()->set_number("1234567"); }, Failure::malformed},
    {"a number with a letter",
     [](pb::Frame& f) { f.mutable_rendezvous_opened()->set_number("1234567x"); },
     Failure::malformed},
    {"neither name nor number", [](pb::Frame& f) { f.mutable_join_rendezvous(); },
     Failure::malformed},
    {"both name and number",
     [](pb::Frame& f) {
       f.mutable_join_rendezvous()->set_number("12345678");
       f.mutable_join_rendezvous()->set_name(std::string(16, 'a'));
     },
     Failure::malformed},
    {"nothing to relay", [](pb::Frame& f) { f.mutable_relay(); }, Failure::malformed},
    {"one byte too much to relay",
     [](pb::Frame& f) { f.mutable_relay()->set_content(std::string(kRelayBytesMax + 1, 'a')); },
     Failure::limit_reached},
    {"no link to append", [](pb::Frame& f) { good_append(f).clear_link(); }, Failure::malformed},
    {"a link to append one byte too long",
     [](pb::Frame& f) { good_append(f).set_link(std::string(limits::kLinkBytesMax + 1, 'a')); },
     Failure::limit_reached},
    {"a link to append to no account", [](pb::Frame& f) { good_append(f).clear_account(); },
     Failure::malformed},
    {"a link that builds on no head", [](pb::Frame& f) { good_append(f).clear_known_head(); },
     Failure::malformed},
    {"appended at a place that no chain has",
     [](pb::Frame& f) {
       f.mutable_appended()->set_account(std::string(32, 'a'));
       f.mutable_appended()->set_head(std::string(32, 'a'));
       f.mutable_appended()->set_seqno(limits::kLinksMax);
     },
     Failure::limit_reached},
    {"a chain changed to no head",
     [](pb::Frame& f) { f.mutable_chain_changed()->set_account(std::string(32, 'a')); },
     Failure::malformed},
    {"a handle to add, too long",
     [](pb::Frame& f) {
       f.mutable_handle_add()->set_handle(std::string(limits::kHandleBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"a handle to remove, too long",
     [](pb::Frame& f) {
       f.mutable_handle_remove()->set_handle(std::string(limits::kHandleBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"a default handle too long",
     [](pb::Frame& f) {
       f.mutable_handle_default()->set_handle(std::string(limits::kHandleBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"a code too long, behind a good handle that the heap holds",
     [](pb::Frame& f) {
       f.mutable_handle_confirm()->set_handle(std::string(40, 'a'));
       f.mutable_handle_confirm()->set_code(std::string(kProofCodeBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"an inbound text too long",
     [](pb::Frame& f) {
       f.mutable_handle_added()->set_text(std::string(kProofCodeBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"an inbound number too long",
     [](pb::Frame& f) {
       f.mutable_handle_added()->set_number(std::string(kProofCodeBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"too many handles",
     [](pb::Frame& f) {
       for (std::size_t i = 0; i <= kHandleRowsMax; ++i) f.mutable_handles()->add_rows();
     },
     Failure::limit_reached},
    {"a handle that expires past the year 9999",
     [](pb::Frame& f) { f.mutable_handles()->add_rows()->set_expires_ms(UINT64_MAX); },
     Failure::malformed},
    {"a handle tried again past the year 9999",
     [](pb::Frame& f) { f.mutable_handles()->add_rows()->set_retry_at_ms(UINT64_MAX); },
     Failure::malformed},
    {"nonce of 31 bytes",
     [](pb::Frame& f) { f.mutable_challenge()->set_nonce(std::string(31, 'a')); },
     Failure::malformed},
};

TEST(Frames, RefusesEveryDamage) {
  for (const auto& damage : kFrameDamages) {
    SCOPED_TRACE(damage.name);
    pb::Frame frame;
    const auto good = encode(Frame{1, example_send()});
    ASSERT_TRUE(frame.ParseFromArray(good.data(), static_cast<int>(good.size())));
    damage.apply(frame);
    Bytes encoded(frame.ByteSizeLong());
    ASSERT_TRUE(frame.SerializeToArray(encoded.data(), static_cast<int>(encoded.size())));
    const auto parsed = parse_frame(encoded);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().failure, damage.expected);
  }
}

TEST(Frames, RefusesWhatIsNoFrame) {
  EXPECT_FALSE(parse_frame(Bytes{0xff}).ok());
  EXPECT_EQ(parse_frame(Bytes(limits::kFrameBytesMax + 1, 0)).error().failure,
            Failure::limit_reached);
  const auto encoded = encode(Frame{1, example_send()});
  for (std::size_t size = 1; size < encoded.size(); ++size) {
    // Cut anywhere but between two top-level fields (behind the request id): refused.
    const auto parsed = parse_frame(ByteView{encoded}.first(size));
    EXPECT_EQ(parsed.ok(), size == 2) << size;
  }
}

TEST(Frames, TextThatIsNoUtf8IsRefusedAndNothingIsWrittenAboutIt) {
  const auto encoded = encode(Frame{1, Lookup{"a\xff@example.org"}});
  testing::internal::CaptureStderr();
  const auto parsed = parse_frame(encoded);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(parsed.ok());
}

TEST(Frames, TheLargestSendFits) {
  Send send;
  for (std::size_t i = 0; i < 60; ++i) {
    send.envelopes.push_back(
        {id_of<DeviceId>(static_cast<std::uint8_t>(i)), 1, Bytes(limits::kSealedBytesMax, 1)});
  }
  const auto encoded = encode(Frame{1, send});
  EXPECT_LE(encoded.size(), limits::kFrameBytesMax);
  EXPECT_TRUE(parse_frame(encoded).ok());
}

TEST(Refusals, HaveNamesAndActions) {
  for (std::uint32_t code = 1; code <= 27; ++code) {
    EXPECT_STRNE(name_of(static_cast<RefusalCode>(code)), "unknown_code") << code;
  }
  EXPECT_EQ(action_for(RefusalCode::unknown_handle), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::unknown_device), Action::look_up_again);
  EXPECT_EQ(action_for(RefusalCode::chain_moved), Action::look_up_again);
  EXPECT_EQ(action_for(RefusalCode::device_revoked), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::rendezvous_unknown), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::account_suspended), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::account_erased), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::peer_suspended), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::invitation_needed), Action::give_up);
  EXPECT_EQ(action_for(RefusalCode::not_authenticated), Action::enrol_again);
  EXPECT_EQ(action_for(RefusalCode::unavailable), Action::retry_later);
  EXPECT_EQ(action_for(static_cast<RefusalCode>(999)), Action::retry_later);
}

}  // namespace
}  // namespace martlet::wire
