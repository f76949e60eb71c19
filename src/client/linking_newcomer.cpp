#include "client/linking_newcomer.h"

#include "base/limits.h"
#include "base/reader.h"
#include "transparency/link_builder.h"

namespace martlet::client {
namespace {

protocol::LinkSecret create_secret(Random& random) {
  return protocol::LinkSecret{[&](std::span<std::uint8_t, 16> out) { random.fill(out); }};
}

std::array<std::uint8_t, 32> create_bytes(Random& random) {
  std::array<std::uint8_t, 32> bytes;
  random.fill(bytes);
  return bytes;
}

/// What the approving device said of the account in the short code: aid[32] | seqno | head[32] | ..
struct Announced {
  AccountId account;
  transparency::ChainPin pin;
};
Result<Announced> parse_view(ByteView view) {
  Reader in{view};
  const auto account = TRY(in.id<AccountId>());
  const auto seqno = TRY(in.u32());
  const auto head = TRY(in.id<LinkId>());
  TRY(in.take(8 + 8 + 32));  // the log, which has its own checks
  TRY(in.finish());
  return Announced{account, {seqno, head}};
}

}  // namespace

LinkNewcomer::LinkNewcomer(NewcomerDevice device, std::string server, Random& random,
                           UnixMillis now)
    : device_{std::move(device)},
      server_{std::move(server)},
      random_{random},
      started_{now},
      key_{crypto::X25519Key::create(random)},
      secret_{create_secret(random)},
      opening_{create_bytes(random)},
      commitment_{
          transparency::device_name_commitment(opening_, device_.name, device_.platform).take()},
      key_part_{encode_key_part({device_.key.verifying_key(), device_.suites})},
      key_part_hash_{protocol::key_part_hash(key_part_)} {
  CHECK(device_.name.size() <= limits::kNameBytesMax);
  CHECK(device_.platform.size() <= limits::kNameBytesMax);
}

std::string LinkNewcomer::payload() const {
  return protocol::encode_link_payload({key_part_hash_, key_.public_key(),
                                        protocol::LinkSecret{[&](std::span<std::uint8_t, 16> out) {
                                          std::ranges::copy(secret_.reveal(), out.begin());
                                        }},
                                        server_});
}

protocol::RendezvousName LinkNewcomer::rendezvous() const {
  return protocol::rendezvous_name(secret_);
}

LinkNewcomer::Step LinkNewcomer::on_message(ByteView message, UnixMillis now) {
  if (state_ == State::over) return {};
  if (now - started_ > kLinkingLifetime) return stopped(LinkFault::gave_up, false);
  const auto in = pipe_.receive(message);
  if (!in.ok()) return stopped(in.error(), false);
  if (in.value().type == LinkMessage::stop) return stopped(fault_of_stop(in.value().body()), true);
  auto handled = handle(in.value());
  if (!handled.ok()) return stopped(handled.error(), false);
  return std::move(handled).take();
}

LinkNewcomer::Handled LinkNewcomer::handle(const LinkingPipe::Incoming& in) {
  const auto due = [&](State state, LinkMessage type) {
    return state_ == state && in.type == type;
  };
  if (due(State::first, LinkMessage::hello)) return on_hello(in.body());
  if (due(State::first, LinkMessage::commit)) return on_commit(in.body());
  if (due(State::reveal, LinkMessage::reveal)) return on_reveal(in.body());
  if (due(State::mac, LinkMessage::mac)) return on_mac(in.body());
  if (due(State::account, LinkMessage::account)) return on_account(in.body());
  if (due(State::links, LinkMessage::links)) return on_links(in.body());
  if (due(State::proposal, LinkMessage::proposal)) return on_proposal(in.body());
  if (due(State::verdict, LinkMessage::moved)) return on_moved(in.body());
  if (due(State::verdict, LinkMessage::done)) return on_done(in.body());
  return LinkFault::out_of_turn;
}

LinkNewcomer::Handled LinkNewcomer::on_hello(ByteView body) {
  const auto approver = Reader{body}.array<crypto::kX25519Bytes>();
  const auto shared = key_.agree(body);
  if (!shared.ok()) return fault_of_code(shared.error(), LinkFault::weak_key);
  pipe_.open_channel(
      {protocol::LinkingChannel::Side::newcomer,
       {secret_.reveal(), shared.value(), key_.public_key(), approver.value(), key_part_hash_}});
  return introduce();
}

LinkNewcomer::Handled LinkNewcomer::on_commit(ByteView body) {
  code_.emplace(protocol::ShortCodePurpose::linking, key_, create_bytes(random_),
                copy_of(key_part_hash_));
  const auto answer = code_->on_commit(body);
  if (!answer.ok() || !parse_view(code_->inputs().context_a).ok()) return LinkFault::malformed;
  state_ = State::reveal;
  return Step{{LinkingPipe::clear(LinkMessage::answer, answer.value())}, {}};
}

LinkNewcomer::Handled LinkNewcomer::on_reveal(ByteView body) {
  const auto mac = code_->on_reveal(body);
  if (!mac.ok()) return fault_of_code(mac.error(), LinkFault::commitment);
  state_ = State::mac;
  return Step{{LinkingPipe::clear(LinkMessage::mac, mac.value())}, {}};
}

LinkNewcomer::Handled LinkNewcomer::on_mac(ByteView body) {
  const auto verified = code_->on_mac(body);
  if (!verified.ok()) return fault_of_code(verified.error(), LinkFault::confirmation);
  pipe_.open_channel({protocol::LinkingChannel::Side::newcomer,
                      {code_->code().mac_key.reveal(), code_->shared(), key_.public_key(),
                       code_->inputs().key_a, key_part_hash_}});
  state_ = State::comparing;
  return Step{{}, CompareCode{code_->code().digits}};
}

LinkNewcomer::Step LinkNewcomer::confirm_code(UnixMillis now) {
  if (state_ != State::comparing) return {};
  if (now - started_ > kLinkingLifetime) return stopped(LinkFault::gave_up, false);
  return introduce();
}

LinkNewcomer::Step LinkNewcomer::introduce() {
  state_ = State::account;
  const Introduction us{key_part_, opening_, device_.name, device_.platform};
  return {{pipe_.sealed(LinkMessage::introduce, encode(us))}, {}};
}

LinkNewcomer::Handled LinkNewcomer::on_account(ByteView body) {
  auto account = parse_account_part(body);
  if (!account.ok()) return LinkFault::malformed;
  account_ = std::move(account).take();
  links_wanted_ = account_->links;
  state_ = State::links;
  return Step{};
}

LinkNewcomer::Handled LinkNewcomer::on_links(ByteView body) {
  const auto links = parse_links(body);
  if (!links.ok()) return LinkFault::malformed;
  if (links_.size() + links.value().size() > links_wanted_) return LinkFault::malformed;
  links_.insert(links_.end(), links.value().begin(), links.value().end());
  if (links_.size() < links_wanted_) return Step{};
  const auto taken = take_chain();
  if (!taken.ok()) return taken.error();
  state_ = State::proposal;
  return Step{};
}

Result<void, LinkFault> LinkNewcomer::take_chain() {
  if (chain_) {
    auto grown = *chain_;
    for (std::size_t i = grown.seqno() + 1; i < links_.size(); ++i) {
      if (!grown.append(links_[i]).ok()) return LinkFault::chain;
    }
    chain_ = std::move(grown);
    return {};
  }
  std::optional<AccountId> account;
  std::optional<transparency::ChainPin> pin;
  if (code_) {
    const auto announced = parse_view(code_->inputs().context_a);
    account = announced.value().account;
    pin = announced.value().pin;
  }
  auto chain = transparency::AccountChain::verify(links_, account, pin);
  if (!chain.ok()) return LinkFault::chain;
  chain_ = std::move(chain).take();
  return {};
}

bool LinkNewcomer::is_our_entry(ByteView tbs) const {
  // Only to parse it: this signature is nobody's.
  const crypto::Signature nobody{};
  const auto link = transparency::parse_link(transparency::encode_link(tbs, nobody, nobody));
  if (!link.ok()) return false;
  const auto& fields = link.value().fields;
  const auto place = transparency::next_place(*chain_);
  const auto* add = std::get_if<transparency::AddBody>(&fields.body);
  const auto* signer = chain_->find(DeviceId{fields.signer});
  return add != nullptr && signer != nullptr && signer->role == transparency::Role::admin &&
         !chain_->retired() && fields.account == place.account && fields.seqno == place.seqno &&
         fields.prev == place.prev &&
         add->device.sign_key.compressed() == device_.key.verifying_key().compressed() &&
         add->device.entry.suites == device_.suites &&
         add->device.entry.meta_commitment == commitment_;
}

LinkNewcomer::Handled LinkNewcomer::on_proposal(ByteView body) {
  if (!is_our_entry(body)) return LinkFault::wrong_link;
  tbs_ = copy_of(body);
  accepted_ = true;
  state_ = State::verdict;
  const auto acceptance = transparency::LinkSigner{device_.key}.accept(tbs_);
  return Step{{pipe_.sealed(LinkMessage::accept, acceptance)}, {}};
}

LinkNewcomer::Handled LinkNewcomer::on_moved(ByteView body) {
  const auto more = parse_link_count(body);
  if (!more.ok()) return LinkFault::malformed;
  if (++moves_ > kLinkingMovesMax) return LinkFault::moved_too_often;
  links_wanted_ += more.value();
  state_ = State::links;
  return Step{};
}

LinkNewcomer::Handled LinkNewcomer::on_done(ByteView body) {
  const auto link = transparency::parse_link(body);
  if (!link.ok()) return LinkFault::malformed;
  if (!equal(link.value().tbs, tbs_)) return LinkFault::wrong_link;
  auto chain = *chain_;
  if (!chain.append(body).ok()) return LinkFault::chain;
  links_.push_back(copy_of(body));
  return Step{{}, linked(std::move(chain), std::move(links_))};
}

Linked LinkNewcomer::linked(transparency::AccountChain chain, std::vector<Bytes> links) {
  state_ = State::over;
  return {std::move(chain),
          std::move(links),
          std::move(account_->display_name),
          std::move(account_->handles),
          std::move(account_->trust_roots),
          opening_};
}

std::optional<LinkNewcomer::Accepted> LinkNewcomer::accepted() const {
  if (!accepted_) return std::nullopt;
  return Accepted{chain_->account(), chain_->seqno()};
}

std::optional<Linked> LinkNewcomer::look(std::uint32_t first_seqno, std::span<const Bytes> links) {
  if (!accepted_) return std::nullopt;
  auto chain = *chain_;
  const auto known = std::span{links_}.first(chain.seqno() + 1);
  std::vector<Bytes> all{known.begin(), known.end()};
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (first_seqno + i <= chain_->seqno()) continue;
    if (first_seqno + i != all.size() || !chain.append(links[i]).ok()) return std::nullopt;
    all.push_back(links[i]);
  }
  const auto us = transparency::device_id_of(device_.key.verifying_key());
  if (chain.find(us) == nullptr) return std::nullopt;
  return linked(std::move(chain), std::move(all));
}

LinkNewcomer::Step LinkNewcomer::stop(LinkFault why) {
  return state_ == State::over ? Step{} : stopped(why, false);
}

LinkNewcomer::Step LinkNewcomer::on_time(UnixMillis now) {
  if (state_ == State::over || now - started_ <= kLinkingLifetime) return {};
  return stopped(LinkFault::gave_up, false);
}

LinkNewcomer::Step LinkNewcomer::stopped(LinkFault fault, bool by_peer) {
  state_ = State::over;
  Step step{{}, LinkStopped{fault, by_peer, accepted_}};
  if (!by_peer) step.send.push_back(pipe_.stop(fault));
  return step;
}

}  // namespace martlet::client
