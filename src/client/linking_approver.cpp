#include "client/linking_approver.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/writer.h"

namespace martlet::client {
namespace {

/// aid | seqno | head, and zeros where the newest head of the log will be.
Bytes view_of(const transparency::AccountChain& chain) {
  const std::array<std::uint8_t, 8 + 8 + 32> no_log{};
  Writer out;
  out.bytes(chain.account().view()).u32(chain.seqno()).bytes(chain.head().view()).bytes(no_log);
  return std::move(out).take();
}

AccountPart part_of(const ApproverAccount& account) {
  return {account.display_name, account.handles, account.trust_roots,
          static_cast<std::uint32_t>(account.links.size())};
}

bool fits(const ApproverAccount& account) {
  std::size_t size = 256;
  for (const auto& handle : account.handles) size += 1 + handle.size();
  for (const auto& root : account.trust_roots) size += 3 + root.value.size();
  return size + 64 <= kLinkingMessageBytesMax &&
         account.display_name.size() <= limits::kNameBytesMax &&
         account.handles.size() <= kLinkingHandlesMax &&
         account.trust_roots.size() <= kLinkingTrustRootsMax &&
         std::ranges::all_of(account.handles, [](const std::string& handle) {
           return handle.size() <= limits::kHandleBytesMax;
         });
}

}  // namespace

LinkApprover::LinkApprover(ApproverAccount account, transparency::AccountChain chain,
                           UnixMillis now)
    : account_{std::move(account)}, chain_{std::move(chain)}, started_{now} {}

Result<LinkApprover, LinkFault> LinkApprover::create(ApproverAccount account, UnixMillis now) {
  if (!fits(account)) return LinkFault::malformed;
  auto chain = transparency::AccountChain::verify(account.links, {}, {});
  if (!chain.ok()) return LinkFault::chain;
  LinkApprover approver{std::move(account), std::move(chain).take(), now};
  if (!approver.is_admin()) return LinkFault::not_admin;
  return approver;
}

Result<LinkApprover, LinkFault> LinkApprover::by_payload(ApproverAccount account,
                                                         const protocol::LinkPayload& payload,
                                                         Random& random, UnixMillis now) {
  auto approver = TRY(create(std::move(account), now));
  const auto key = crypto::X25519Key::create(random);
  const auto shared = key.agree(payload.newcomer);
  if (!shared.ok()) return LinkFault::weak_key;
  approver.key_part_hash_ = payload.key_part_hash;
  approver.pipe_.open_channel({protocol::LinkingChannel::Side::approver,
                               {payload.secret.reveal(), shared.value(), payload.newcomer,
                                key.public_key(), payload.key_part_hash}});
  approver.state_ = State::introduction;
  approver.first_ = LinkingPipe::clear(LinkMessage::hello, key.public_key());
  return approver;
}

Result<LinkApprover, LinkFault> LinkApprover::by_number(ApproverAccount account, Random& random,
                                                        UnixMillis now) {
  auto approver = TRY(create(std::move(account), now));
  auto key = crypto::X25519Key::create(random);
  protocol::ShortCodeNonce nonce;
  random.fill(nonce);
  approver.code_.emplace(protocol::ShortCodePurpose::linking, std::move(key), nonce,
                         view_of(approver.chain_));
  approver.first_ = LinkingPipe::clear(LinkMessage::commit, approver.code_->commit());
  return approver;
}

bool LinkApprover::is_admin() const {
  const auto* us = chain_.find(transparency::device_id_of(account_.key.verifying_key()));
  return us != nullptr && us->role == transparency::Role::admin && !chain_.retired();
}

LinkApprover::Step LinkApprover::start() {
  Step step;
  if (state_ != State::over && !first_.empty()) step.send.push_back(std::exchange(first_, {}));
  return step;
}

LinkApprover::Step LinkApprover::on_message(ByteView message, UnixMillis now) {
  if (state_ == State::over) return {};
  if (state_ == State::submitting) {
    // The link is at the server, whatever the other side says; but it will get no further one.
    const auto in = pipe_.receive(message);
    if (!in.ok()) return {};
    peer_stopped_ = in.value().type == LinkMessage::stop ? fault_of_stop(in.value().body())
                                                         : LinkFault::out_of_turn;
    return {};
  }
  if (now - started_ > kLinkingLifetime) return stopped(LinkFault::gave_up, false);
  const auto in = pipe_.receive(message);
  if (!in.ok()) return stopped(in.error(), false);
  if (in.value().type == LinkMessage::stop) return stopped(fault_of_stop(in.value().body()), true);
  auto handled = handle(in.value());
  if (!handled.ok()) return stopped(handled.error(), false);
  return std::move(handled).take();
}

LinkApprover::Handled LinkApprover::handle(const LinkingPipe::Incoming& in) {
  const auto due = [&](State state, LinkMessage type) {
    return state_ == state && in.type == type;
  };
  if (due(State::answer, LinkMessage::answer)) return on_answer(in.body());
  if (due(State::mac, LinkMessage::mac)) return on_mac(in.body());
  if (due(State::introduction, LinkMessage::introduce)) return on_introduction(in.body());
  if (due(State::acceptance, LinkMessage::accept)) return on_acceptance(in.body());
  return LinkFault::out_of_turn;
}

LinkApprover::Handled LinkApprover::on_answer(ByteView body) {
  const auto reveal = code_->on_answer(body);
  if (!reveal.ok()) return fault_of_code(reveal.error(), LinkFault::confirmation);
  const auto& hash = code_->inputs().context_b;
  if (hash.size() != key_part_hash_.size()) return LinkFault::malformed;
  std::ranges::copy(hash, key_part_hash_.begin());
  state_ = State::mac;
  return Step{{LinkingPipe::clear(LinkMessage::reveal, reveal.value())}, {}};
}

LinkApprover::Handled LinkApprover::on_mac(ByteView body) {
  const auto mac = code_->on_mac(body);
  if (!mac.ok()) return fault_of_code(mac.error(), LinkFault::confirmation);
  const auto& inputs = code_->inputs();
  pipe_.open_channel({protocol::LinkingChannel::Side::approver,
                      {code_->code().mac_key.reveal(), code_->shared(), inputs.key_b, inputs.key_a,
                       key_part_hash_}});
  state_ = State::introduction;
  return Step{{LinkingPipe::clear(LinkMessage::mac, mac.value())},
              CompareCode{code_->code().digits}};
}

LinkApprover::Handled LinkApprover::on_introduction(ByteView body) {
  const auto introduction = parse_introduction(body);
  if (!introduction.ok()) return LinkFault::malformed;
  const auto& [key_part_bytes, opening, name, platform] = introduction.value();
  if (protocol::key_part_hash(key_part_bytes) != key_part_hash_) return LinkFault::key_part;
  auto key_part = parse_key_part(key_part_bytes);
  const auto commitment = transparency::device_name_commitment(opening, name, platform);
  if (!key_part.ok() || !commitment.ok()) return LinkFault::malformed;
  device_ = transparency::DeviceKey{
      key_part.value().sign_key,
      {transparency::Role::member, std::move(key_part.value().suites), commitment.value()}};
  state_ = State::deciding;
  return Step{{}, ConfirmDevice{device_->id(), name, platform}};
}

LinkApprover::Step LinkApprover::approve(transparency::Role role, UnixMillis now) {
  if (state_ != State::deciding) return {};
  if (now - started_ > kLinkingLifetime) return stopped(LinkFault::gave_up, false);
  device_->entry.role = role;
  Step step;
  step.send.push_back(pipe_.sealed(LinkMessage::account, encode(part_of(account_))));
  for (const auto& body : encode_links(account_.links)) {
    step.send.push_back(pipe_.sealed(LinkMessage::links, body));
  }
  step.send.push_back(propose(now));
  return step;
}

Bytes LinkApprover::propose(UnixMillis now) {
  tbs_ = transparency::create_tbs(transparency::next_place(chain_),
                                  transparency::LinkSigner{account_.key}.key_id(),
                                  transparency::AddBody{*device_}, now);
  state_ = State::acceptance;
  return pipe_.sealed(LinkMessage::proposal, tbs_);
}

LinkApprover::Handled LinkApprover::on_acceptance(ByteView body) {
  if (body.size() != crypto::kSignatureBytes) return LinkFault::malformed;
  const auto acceptance = Reader{body}.array<crypto::kSignatureBytes>().value();
  auto link = transparency::encode_link(tbs_, transparency::LinkSigner{account_.key}.sign(tbs_),
                                        acceptance);
  // As the server and everybody else will judge it: signature, room, a key that is new here.
  auto grown = chain_;
  if (!grown.append(link).ok()) return LinkFault::acceptance;
  link_ = link;
  state_ = State::submitting;
  return Step{{}, SubmitLink{std::move(link)}};
}

LinkApprover::Step LinkApprover::submitted() {
  return state_ == State::submitting ? approved() : Step{};
}

LinkApprover::Step LinkApprover::approved() {
  state_ = State::over;
  const auto head = transparency::parse_link(link_).value().id();
  return {{pipe_.sealed(LinkMessage::done, link_)}, LinkApproved{device_->id(), head}};
}

LinkApprover::Step LinkApprover::moved(std::span<const Bytes> links, UnixMillis now) {
  if (state_ != State::submitting) return {};
  auto handled = take_moved(links, now);
  if (!handled.ok()) return stopped(handled.error(), false);
  return std::move(handled).take();
}

LinkApprover::Handled LinkApprover::take_moved(std::span<const Bytes> links, UnixMillis now) {
  if (std::ranges::find(links, link_) != links.end()) return approved();
  auto grown = chain_;
  if (links.empty()) return LinkFault::chain;
  for (const auto& link : links) {
    if (!grown.append(link).ok()) return LinkFault::chain;
  }
  chain_ = std::move(grown);
  account_.links.insert(account_.links.end(), links.begin(), links.end());
  if (peer_stopped_) return stopped(*peer_stopped_, true);
  if (!is_admin()) return LinkFault::not_admin;
  if (++moves_ > kLinkingMovesMax) return LinkFault::moved_too_often;
  Step step;
  step.send.push_back(pipe_.sealed(LinkMessage::moved,
                                   Writer{}.u32(static_cast<std::uint32_t>(links.size())).view()));
  for (const auto& body : encode_links(links)) {
    step.send.push_back(pipe_.sealed(LinkMessage::links, body));
  }
  step.send.push_back(propose(now));
  return step;
}

LinkApprover::Step LinkApprover::server_refused() {
  return state_ == State::submitting ? stopped(LinkFault::server_refused, false) : Step{};
}

LinkApprover::Step LinkApprover::stop(LinkFault why) {
  if (state_ == State::over || state_ == State::submitting) return {};
  return stopped(why, false);
}

LinkApprover::Step LinkApprover::on_time(UnixMillis now) {
  if (now - started_ <= kLinkingLifetime) return {};
  return stop(LinkFault::gave_up);
}

LinkApprover::Step LinkApprover::stopped(LinkFault fault, bool by_peer) {
  state_ = State::over;
  Step step{{}, LinkStopped{fault, by_peer, false}};
  if (!by_peer) step.send.push_back(pipe_.stop(fault));
  return step;
}

}  // namespace martlet::client
