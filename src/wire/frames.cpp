#include "wire/frames.h"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "frames.pb.h"
#include "wire/fields.h"
#include "wire/handle_fields.h"
#include "wire/hot_frames.h"

namespace martlet::wire {
namespace {

/// protobuf writes to stderr about text that is not UTF-8: whoever can send a frame could fill a
/// server's log. Before main, as it is not thread-safe.
[[maybe_unused]] const bool kProtobufIsQuiet = [] {
  google::protobuf::SetLogHandler(nullptr);
  return true;
}();

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// --- structs to protobuf; each writes itself into the frame ---

void put(pb::Frame&, const Unknown&) { CHECK(false && "an Unknown body is only ever received"); }
void put(pb::Frame& out, const Challenge& in) {
  auto& pb = *out.mutable_challenge();
  pb.set_version(in.version);
  put_bytes(*pb.mutable_nonce(), in.nonce);
  pb.set_server_time_ms(time_field(in.server_time));
  pb.set_domain(in.domain);
  pb.set_frame_bytes_max(in.frame_bytes_max);
  pb.set_sealed_bytes_max(in.sealed_bytes_max);
  pb.set_ping_interval_ms(static_cast<std::uint32_t>(in.ping_interval.count()));
  pb.set_envelope_lifetime_ms(static_cast<std::uint64_t>(in.envelope_lifetime.count()));
}
void put_mark(pb::LoginMark& out, const LoginMark& in) {
  out.set_number(in.number);
  put_bytes(*out.mutable_mark(), in.mark);
}
void put(pb::Frame& out, const Authenticate& in) {
  auto& pb = *out.mutable_authenticate();
  pb.set_version(in.version);
  put_bytes(*pb.mutable_device(), in.device.view());
  put_bytes(*pb.mutable_signature(), in.signature);
  if (in.login.number == 0) return;
  put_mark(*pb.mutable_login(), in.login);
  put_bytes(*pb.mutable_previous_mark(), in.previous_mark);
}
void put(pb::Frame& out, const Welcome& in) {
  auto& pb = *out.mutable_welcome();
  put_bytes(*pb.mutable_account(), in.account.view());
  pb.set_waiting(in.waiting);
  pb.set_server_time_ms(time_field(in.server_time));
  if (!in.head.is_zero()) put_bytes(*pb.mutable_head(), in.head.view());
}
void put(pb::Frame& out, const Enrol& in) {
  auto& pb = *out.mutable_enrol();
  pb.set_token(in.token);
  pb.set_handle(in.handle);
  for (const auto& link : in.links) put_bytes(*pb.add_links(), link);
}
void put(pb::Frame& out, const Enrolled& in) {
  auto& pb = *out.mutable_enrolled();
  pb.set_handle(in.handle);
  put_bytes(*pb.mutable_account(), in.account.view());
  pb.set_admin(in.admin);
}
void put(pb::Frame& out, const Lookup& in) { out.mutable_lookup()->set_handle(in.handle); }
void put(pb::Frame& out, const FetchChain& in) {
  auto& pb = *out.mutable_fetch_chain();
  put_bytes(*pb.mutable_account(), in.account.view());
  pb.set_from_seqno(in.from_seqno);
}
void put(pb::Frame& out, const Account& in) {
  auto& pb = *out.mutable_account();
  put_bytes(*pb.mutable_account(), in.account.view());
  pb.set_first_seqno(in.first_seqno);
  for (const auto& link : in.links) put_bytes(*pb.add_links(), link);
}
void put(pb::Frame& out, const Send& in) {
  auto& pb = *out.mutable_send();
  put_bytes(*pb.mutable_message(), in.message.view());
  for (const auto& head : in.heads) {
    auto& row = *pb.add_heads();
    put_bytes(*row.mutable_account(), head.account.view());
    put_bytes(*row.mutable_head(), head.head.view());
  }
  for (const auto& envelope : in.envelopes) {
    auto& row = *pb.add_envelopes();
    put_bytes(*row.mutable_recipient(), envelope.recipient.view());
    row.set_suite(envelope.suite);
    put_bytes(*row.mutable_sealed(), envelope.sealed);
  }
}
void put(pb::Frame& out, const Accepted& in) {
  put_bytes(*out.mutable_accepted()->mutable_message(), in.message.view());
}
void put(pb::Frame& out, const StaleDevices& in) {
  auto& pb = *out.mutable_stale_devices();
  put_bytes(*pb.mutable_message(), in.message.view());
  for (const auto& account : in.accounts) put_bytes(*pb.add_accounts(), account.view());
}
void put(pb::Frame& out, const Deliver& in) {
  auto& pb = *out.mutable_deliver();
  pb.set_sequence(in.sequence);
  put_bytes(*pb.mutable_sender(), in.sender.view());
  put_bytes(*pb.mutable_sender_account(), in.sender_account.view());
  put_bytes(*pb.mutable_message(), in.message.view());
  pb.set_accepted_ms(time_field(in.accepted));
  pb.set_suite(in.suite);
  put_bytes(*pb.mutable_sealed(), in.sealed);
}
void put(pb::Frame& out, const Undelivered& in) {
  auto& pb = *out.mutable_undelivered();
  pb.set_sequence(in.sequence);
  put_bytes(*pb.mutable_message(), in.message.view());
  put_bytes(*pb.mutable_device(), in.device.view());
  pb.set_expired_ms(time_field(in.expired));
}
void put(pb::Frame& out, const Acknowledge& in) {
  auto& pb = *out.mutable_acknowledge();
  for (const auto sequence : in.sequences) pb.add_sequences(sequence);
}
void put(pb::Frame& out, const Ping&) { out.mutable_ping(); }
void put(pb::Frame& out, const Pong&) { out.mutable_pong(); }
void put(pb::Frame& out, const Refusal& in) {
  auto& pb = *out.mutable_refusal();
  pb.set_code(static_cast<std::uint32_t>(in.code));
  pb.set_retry_after_ms(static_cast<std::uint64_t>(in.retry_after.count()));
  if (!in.message.is_zero()) put_bytes(*pb.mutable_message(), in.message.view());
  if (in.last_login.number != 0) put_mark(*pb.mutable_last_login(), in.last_login);
}

void put(pb::Frame& out, const AppendLink& in) {
  auto& pb = *out.mutable_append_link();
  put_bytes(*pb.mutable_account(), in.account.view());
  put_bytes(*pb.mutable_known_head(), in.known_head.view());
  put_bytes(*pb.mutable_link(), in.link);
}
void put(pb::Frame& out, const Appended& in) {
  auto& pb = *out.mutable_appended();
  put_bytes(*pb.mutable_account(), in.account.view());
  pb.set_seqno(in.seqno);
  put_bytes(*pb.mutable_head(), in.head.view());
}
void put(pb::Frame& out, const ChainChanged& in) {
  auto& pb = *out.mutable_chain_changed();
  put_bytes(*pb.mutable_account(), in.account.view());
  pb.set_seqno(in.seqno);
  put_bytes(*pb.mutable_head(), in.head.view());
}
void put(pb::Frame& out, const OpenRendezvous& in) {
  put_bytes(*out.mutable_open_rendezvous()->mutable_name(), in.name);
}
void put(pb::Frame& out, const RendezvousOpened& in) {
  out.mutable_rendezvous_opened()->set_number(in.number);
}
void put(pb::Frame& out, const JoinRendezvous& in) {
  auto& pb = *out.mutable_join_rendezvous();
  std::visit(Overloaded{[&](const RendezvousName& name) { put_bytes(*pb.mutable_name(), name); },
                        [&](const std::string& number) { pb.set_number(number); }},
             in.meeting);
}
void put(pb::Frame& out, const RendezvousJoined& in) {
  put_bytes(*out.mutable_rendezvous_joined()->mutable_name(), in.name);
}
void put(pb::Frame& out, const Relay& in) {
  put_bytes(*out.mutable_relay()->mutable_content(), in.content);
}
void put(pb::Frame& out, const RendezvousEnded&) { out.mutable_rendezvous_ended(); }

// --- protobuf to structs, every field checked once ---

Result<std::vector<Bytes>> take_links(
    const google::protobuf::RepeatedPtrField<std::string>& links) {
  if (links.empty()) return Error{Failure::malformed, "an account chain without links"};
  if (static_cast<std::size_t>(links.size()) > limits::kLinksMax) {
    return Error{Failure::limit_reached, "an account chain of too many links"};
  }
  std::vector<Bytes> taken;
  taken.reserve(static_cast<std::size_t>(links.size()));
  for (const auto& link : links) {
    if (link.size() > limits::kLinkBytesMax)
      return Error{Failure::limit_reached, "a link too long"};
    taken.push_back(copy_of(bytes_of(link)));
  }
  return taken;
}

Result<Body> take(const pb::Challenge& in) {
  Challenge out;
  out.version = in.version();
  out.nonce = TRY(take_array<kNonceBytes>(in.nonce()));
  out.server_time = TRY(take_time(in.server_time_ms()));
  if (in.domain().size() > limits::kDomainBytesMax)
    return Error{Failure::limit_reached, "a domain too long"};
  out.domain = in.domain();
  out.frame_bytes_max = in.frame_bytes_max();
  out.sealed_bytes_max = in.sealed_bytes_max();
  out.ping_interval = Milliseconds{in.ping_interval_ms()};
  out.envelope_lifetime = TRY(take_duration(in.envelope_lifetime_ms()));
  return Body{std::move(out)};
}
Result<LoginMark> take(const pb::LoginMark& in) {
  if (in.number() == 0) return Error{Failure::malformed, "a login without its number"};
  return LoginMark{in.number(), TRY(take_array<16>(in.mark()))};
}
Result<Body> take(const pb::Authenticate& in) {
  Authenticate out{in.version(), TRY(take_id<DeviceId>(in.device())),
                   TRY(take_array<64>(in.signature()))};
  if (in.has_login()) {
    out.login = TRY(take(in.login()));
    out.previous_mark = TRY(take_array<16>(in.previous_mark()));
  }
  return Body{out};
}
Result<Body> take(const pb::Welcome& in) {
  LinkId head;
  if (!in.head().empty()) head = TRY(take_id<LinkId>(in.head()));
  return Body{Welcome{TRY(take_id<AccountId>(in.account())), in.waiting(),
                      TRY(take_time(in.server_time_ms())), head}};
}
Result<Body> take(const pb::Enrol& in) {
  if (in.token().size() > limits::kHandleBytesMax)
    return Error{Failure::limit_reached, "a token too long"};
  auto handle = TRY(take_handle(in.handle()));
  auto links = TRY(take_links(in.links()));
  return Body{Enrol{in.token(), std::move(handle), std::move(links)}};
}
Result<Body> take(const pb::Enrolled& in) {
  const auto account = TRY(take_id<AccountId>(in.account()));
  return Body{Enrolled{TRY(take_handle(in.handle())), account, in.admin()}};
}
Result<Body> take(const pb::Lookup& in) { return Body{Lookup{TRY(take_handle(in.handle()))}}; }
Result<Body> take(const pb::FetchChain& in) {
  return Body{FetchChain{TRY(take_id<AccountId>(in.account())), in.from_seqno()}};
}
Result<Body> take(const pb::Account& in) {
  return Body{Account{TRY(take_id<AccountId>(in.account())), in.first_seqno(),
                      TRY(take_links(in.links()))}};
}

Result<void> check_distinct(const std::vector<Envelope>& envelopes) {
  std::vector<const DeviceId*> recipients;
  recipients.reserve(envelopes.size());
  for (const auto& envelope : envelopes) recipients.push_back(&envelope.recipient);
  const auto less = [](const DeviceId* a, const DeviceId* b) { return *a < *b; };
  const auto same = [](const DeviceId* a, const DeviceId* b) { return *a == *b; };
  std::sort(recipients.begin(), recipients.end(), less);
  if (std::adjacent_find(recipients.begin(), recipients.end(), same) != recipients.end()) {
    return Error{Failure::malformed, "two envelopes for one device"};
  }
  return {};
}

Result<Body> take(const pb::Send& in) {
  Send out;
  out.message = TRY(take_id<MessageId>(in.message()));
  const auto heads = static_cast<std::size_t>(in.heads_size());
  const auto envelopes = static_cast<std::size_t>(in.envelopes_size());
  if (envelopes == 0) return Error{Failure::malformed, "a Send without envelopes"};
  if (envelopes > limits::kEnvelopesASendMax || heads > limits::kEnvelopesASendMax) {
    return Error{Failure::limit_reached, "a Send of too many envelopes"};
  }
  out.heads.reserve(heads);
  for (const auto& head : in.heads()) {
    out.heads.push_back(
        {TRY(take_id<AccountId>(head.account())), TRY(take_id<LinkId>(head.head()))});
  }
  out.envelopes.reserve(envelopes);
  for (const auto& row : in.envelopes()) {
    auto envelope =
        Envelope{TRY(take_id<DeviceId>(row.recipient())), TRY(take_u8(row.suite())), {}};
    if (row.sealed().empty()) return Error{Failure::malformed, "an empty envelope"};
    if (row.sealed().size() > limits::kSealedBytesMax)
      return Error{Failure::limit_reached, "an envelope too large"};
    envelope.sealed = bytes_of(row.sealed());
    out.envelopes.push_back(std::move(envelope));
  }
  TRY(check_distinct(out.envelopes));
  return Body{std::move(out)};
}
Result<Body> take(const pb::Accepted& in) {
  return Body{Accepted{TRY(take_id<MessageId>(in.message()))}};
}
Result<Body> take(const pb::StaleDevices& in) {
  StaleDevices out{TRY(take_id<MessageId>(in.message())), {}};
  if (static_cast<std::size_t>(in.accounts_size()) > limits::kEnvelopesASendMax) {
    return Error{Failure::limit_reached, "too many accounts"};
  }
  for (const auto& account : in.accounts())
    out.accounts.push_back(TRY(take_id<AccountId>(account)));
  return Body{std::move(out)};
}
Result<Body> take(const pb::Deliver& in) {
  if (in.sealed().size() > limits::kSealedBytesMax)
    return Error{Failure::limit_reached, "an envelope too large"};
  return Body{Deliver{in.sequence(), TRY(take_id<DeviceId>(in.sender())),
                      TRY(take_id<AccountId>(in.sender_account())),
                      TRY(take_id<MessageId>(in.message())), TRY(take_time(in.accepted_ms())),
                      TRY(take_u8(in.suite())), bytes_of(in.sealed())}};
}
Result<Body> take(const pb::Undelivered& in) {
  return Body{Undelivered{in.sequence(), TRY(take_id<MessageId>(in.message())),
                          TRY(take_id<DeviceId>(in.device())), TRY(take_time(in.expired_ms()))}};
}
Result<Body> take(const pb::Acknowledge& in) {
  if (static_cast<std::size_t>(in.sequences_size()) > limits::kAcknowledgementsAFrameMax) {
    return Error{Failure::limit_reached, "too many acknowledgements in a frame"};
  }
  return Body{Acknowledge{{in.sequences().begin(), in.sequences().end()}}};
}
Result<Body> take(const pb::Refusal& in) {
  MessageId message;
  if (!in.message().empty()) message = TRY(take_id<MessageId>(in.message()));
  Refusal out{static_cast<RefusalCode>(in.code()), TRY(take_duration(in.retry_after_ms())),
              message};
  if (in.has_last_login()) out.last_login = TRY(take(in.last_login()));
  return Body{out};
}

Result<Body> take(const pb::AppendLink& in) {
  if (in.link().empty()) return Error{Failure::malformed, "no link to append"};
  if (in.link().size() > limits::kLinkBytesMax)
    return Error{Failure::limit_reached, "a link too long"};
  return Body{AppendLink{TRY(take_id<AccountId>(in.account())),
                         TRY(take_id<LinkId>(in.known_head())), copy_of(bytes_of(in.link()))}};
}
Result<std::string> take_number(const std::string& number) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (number.size() != kRendezvousDigits || !std::ranges::all_of(number, is_digit)) {
    return Error{Failure::malformed, "a meeting's number that is none"};
  }
  return number;
}
Result<Body> take(const pb::JoinRendezvous& in) {
  if (in.name().empty() == in.number().empty()) {
    return Error{Failure::malformed, "a meeting has either a name or a number"};
  }
  if (in.name().empty()) return Body{JoinRendezvous{TRY(take_number(in.number()))}};
  return Body{JoinRendezvous{TRY(take_array<16>(in.name()))}};
}
Result<Body> take(const pb::Relay& in) {
  if (in.content().empty()) return Error{Failure::malformed, "nothing to relay"};
  if (in.content().size() > kRelayBytesMax)
    return Error{Failure::limit_reached, "too much to relay at once"};
  return Body{Relay{copy_of(bytes_of(in.content()))}};
}
/// Account, seqno and head, as Appended and ChainChanged have them.
template <class Grown, class Message>
Result<Body> take_grown(const Message& in) {
  if (in.seqno() >= limits::kLinksMax) return Error{Failure::limit_reached, "too many links"};
  return Body{
      Grown{TRY(take_id<AccountId>(in.account())), in.seqno(), TRY(take_id<LinkId>(in.head()))}};
}

Result<Body> take_body(const pb::Frame& in) {
  switch (in.body_case()) {
    case pb::Frame::kChallenge:
      return take(in.challenge());
    case pb::Frame::kAuthenticate:
      return take(in.authenticate());
    case pb::Frame::kWelcome:
      return take(in.welcome());
    case pb::Frame::kEnrol:
      return take(in.enrol());
    case pb::Frame::kEnrolled:
      return take(in.enrolled());
    case pb::Frame::kLookup:
      return take(in.lookup());
    case pb::Frame::kAccount:
      return take(in.account());
    case pb::Frame::kFetchChain:
      return take(in.fetch_chain());
    case pb::Frame::kSend:
      return take(in.send());
    case pb::Frame::kAccepted:
      return take(in.accepted());
    case pb::Frame::kStaleDevices:
      return take(in.stale_devices());
    case pb::Frame::kDeliver:
      return take(in.deliver());
    case pb::Frame::kUndelivered:
      return take(in.undelivered());
    case pb::Frame::kAcknowledge:
      return take(in.acknowledge());
    case pb::Frame::kPing:
      return Body{Ping{}};
    case pb::Frame::kPong:
      return Body{Pong{}};
    case pb::Frame::kRefusal:
      return take(in.refusal());
    case pb::Frame::kAppendLink:
      return take(in.append_link());
    case pb::Frame::kAppended:
      return take_grown<Appended>(in.appended());
    case pb::Frame::kChainChanged:
      return take_grown<ChainChanged>(in.chain_changed());
    case pb::Frame::kOpenRendezvous:
      return Body{OpenRendezvous{TRY(take_array<16>(in.open_rendezvous().name()))}};
    case pb::Frame::kRendezvousOpened:
      return Body{RendezvousOpened{TRY(take_number(in.rendezvous_opened().number()))}};
    case pb::Frame::kJoinRendezvous:
      return take(in.join_rendezvous());
    case pb::Frame::kRendezvousJoined:
      return Body{RendezvousJoined{TRY(take_array<16>(in.rendezvous_joined().name()))}};
    case pb::Frame::kRelay:
      return take(in.relay());
    case pb::Frame::kRendezvousEnded:
      return Body{RendezvousEnded{}};
    case pb::Frame::kHandleAdd:
      return Body{TRY(take_handle_add(in.handle_add()))};
    case pb::Frame::kHandleAdded:
      return Body{TRY(take_handle_added(in.handle_added()))};
    case pb::Frame::kHandleConfirm:
      return Body{TRY(take_handle_confirm(in.handle_confirm()))};
    case pb::Frame::kHandleRemove:
      return Body{HandleRemove{TRY(take_handle(in.handle_remove().handle()))}};
    case pb::Frame::kHandleDefault:
      return Body{HandleDefault{TRY(take_handle(in.handle_default().handle()))}};
    case pb::Frame::kHandleList:
      return Body{HandleList{}};
    case pb::Frame::kHandles:
      return Body{TRY(take_handles(in.handles()))};
    case pb::Frame::BODY_NOT_SET:
      break;
  }
  return Body{Unknown{}};
}

}  // namespace

Bytes encode(const Frame& frame) {
  pb::Frame out;
  out.set_request(frame.request);
  std::visit([&out](const auto& body) { put(out, body); }, frame.body);
  return serialized(out);
}

Result<Frame> parse_frame(ByteView encoded) {
  if (encoded.size() > limits::kFrameBytesMax)
    return Error{Failure::limit_reached, "a frame too large"};
  if (auto hot = parse_hot_frame(encoded)) return *std::move(hot);
  pb::Frame in;
  if (!in.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return Error{Failure::malformed, "not a frame"};
  }
  return Frame{in.request(), TRY(take_body(in))};
}

Action action_for(RefusalCode code) {
  switch (code) {
    case RefusalCode::not_authenticated:
      return Action::enrol_again;
    case RefusalCode::unknown_account:
    case RefusalCode::unknown_device:
    case RefusalCode::chain_moved:
      return Action::look_up_again;
    case RefusalCode::malformed:
    case RefusalCode::wrong_version:
    case RefusalCode::invitation_unknown:
    case RefusalCode::invitation_used:
    case RefusalCode::invitation_expired:
    case RefusalCode::handle_taken:
    case RefusalCode::handle_refused:
    case RefusalCode::chain_refused:
    case RefusalCode::unknown_handle:
    case RefusalCode::too_large:
    case RefusalCode::device_revoked:
    case RefusalCode::rendezvous_unknown:
    case RefusalCode::handle_local:
    case RefusalCode::handle_unsupported:
    case RefusalCode::handle_last:
    case RefusalCode::handles_full:
    case RefusalCode::code_wrong:
    case RefusalCode::proof_over:
    case RefusalCode::account_suspended:
    case RefusalCode::account_erased:
    case RefusalCode::peer_suspended:
    case RefusalCode::invitation_needed:
      return Action::give_up;
    case RefusalCode::mailbox_full:
    case RefusalCode::limit_reached:
    case RefusalCode::unavailable:
    case RefusalCode::device_elsewhere:
    case RefusalCode::shutting_down:
      break;
  }
  return Action::retry_later;
}

const char* name_of(RefusalCode code) {
  switch (code) {
    case RefusalCode::malformed:
      return "malformed";
    case RefusalCode::wrong_version:
      return "wrong_version";
    case RefusalCode::not_authenticated:
      return "not_authenticated";
    case RefusalCode::invitation_unknown:
      return "invitation_unknown";
    case RefusalCode::invitation_used:
      return "invitation_used";
    case RefusalCode::invitation_expired:
      return "invitation_expired";
    case RefusalCode::handle_taken:
      return "handle_taken";
    case RefusalCode::handle_refused:
      return "handle_refused";
    case RefusalCode::chain_refused:
      return "chain_refused";
    case RefusalCode::unknown_handle:
      return "unknown_handle";
    case RefusalCode::unknown_account:
      return "unknown_account";
    case RefusalCode::unknown_device:
      return "unknown_device";
    case RefusalCode::too_large:
      return "too_large";
    case RefusalCode::mailbox_full:
      return "mailbox_full";
    case RefusalCode::limit_reached:
      return "limit_reached";
    case RefusalCode::unavailable:
      return "unavailable";
    case RefusalCode::device_elsewhere:
      return "device_elsewhere";
    case RefusalCode::shutting_down:
      return "shutting_down";
    case RefusalCode::chain_moved:
      return "chain_moved";
    case RefusalCode::device_revoked:
      return "device_revoked";
    case RefusalCode::rendezvous_unknown:
      return "rendezvous_unknown";
    case RefusalCode::handle_local:
      return "handle_local";
    case RefusalCode::handle_unsupported:
      return "handle_unsupported";
    case RefusalCode::handle_last:
      return "handle_last";
    case RefusalCode::handles_full:
      return "handles_full";
    case RefusalCode::code_wrong:
      return "code_wrong";
    case RefusalCode::proof_over:
      return "proof_over";
    case RefusalCode::account_suspended:
      return "account_suspended";
    case RefusalCode::account_erased:
      return "account_erased";
    case RefusalCode::peer_suspended:
      return "peer_suspended";
    case RefusalCode::invitation_needed:
      return "invitation_needed";
  }
  return "unknown_code";
}

}  // namespace martlet::wire
