#pragma once

#include <functional>

#include "base/limits.h"
#include "client/person_test.h"

namespace martlet::client {

/// A server as far as a client can see, for tests: honest unless the test scripts an answer.
class FakeServer {
 public:
  static constexpr std::array<std::uint8_t, 32> kExporter{7, 7, 7};

  /// What the script says about one request: leave it to the honest server, answer nothing, or
  /// answer this.
  struct Honest {};
  struct Silent {};
  using Reply = std::variant<Honest, Silent, wire::Body>;
  std::function<Reply(const wire::Frame&)> script;

  std::map<std::string, const Person*> handles;
  std::map<AccountId, std::vector<Bytes>> chains;
  std::string own_handle = "alice@example.org";  ///< what Enrolled says
  std::uint64_t waiting = 0;                     ///< what Welcome says
  Milliseconds ping_interval = limits::kPingInterval;

  std::vector<wire::Frame> asked;  ///< all that came
  std::vector<wire::Send> accepted;
  std::vector<wire::Sequence> acknowledged;

  void list(const Person& person) {
    handles[person.handle] = &person;
    chains[person.account] = person.links;
  }

  wire::Frame challenge() {
    wire::Challenge challenge;
    challenge.nonce[0] = ++logins_;
    challenge.server_time = unix_millis(1'000);
    challenge.domain = "example.org";
    challenge.ping_interval = ping_interval;
    challenge.envelope_lifetime = limits::kEnvelopeLifetime;
    challenge.frame_bytes_max = limits::kFrameBytesMax;
    challenge.sealed_bytes_max = limits::kSealedBytesMax;
    return {0, challenge};
  }

  /// The answer to one frame, if there is one.
  std::optional<wire::Frame> on_frame(ByteView bytes) {
    auto frame = wire::parse_frame(bytes);
    CHECK(frame.ok());
    asked.push_back(frame.value());
    auto reply = script ? script(frame.value()) : Reply{Honest{}};
    if (std::holds_alternative<Silent>(reply)) return std::nullopt;
    if (auto* body = std::get_if<wire::Body>(&reply)) {
      return wire::Frame{frame.value().request, std::move(*body)};
    }
    return honest(frame.value());
  }

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const auto& frame : asked) {
      if (const auto* body = std::get_if<Kind>(&frame.body)) found.push_back(*body);
    }
    return found;
  }

 private:
  std::optional<wire::Frame> honest(const wire::Frame& frame) {
    const auto answer = [&](wire::Body body) {
      return wire::Frame{frame.request, std::move(body)};
    };
    if (const auto* login = std::get_if<wire::Authenticate>(&frame.body))
      return log_in(frame, *login);
    if (const auto* enrol = std::get_if<wire::Enrol>(&frame.body)) {
      const auto chain =
          transparency::AccountChain::verify(enrol->links, std::nullopt, std::nullopt).take();
      chains[chain.account()] = enrol->links;
      return answer(wire::Enrolled{own_handle, chain.account(), true});
    }
    if (const auto* lookup = std::get_if<wire::Lookup>(&frame.body)) {
      const auto it = handles.find(lookup->handle);
      if (it == handles.end()) return answer(refusal(wire::RefusalCode::unknown_handle));
      return answer(wire::Account{it->second->account, 0, chains.at(it->second->account)});
    }
    if (const auto* fetch = std::get_if<wire::FetchChain>(&frame.body)) {
      const auto it = chains.find(fetch->account);
      if (it == chains.end()) return answer(refusal(wire::RefusalCode::unknown_account));
      return answer(wire::Account{fetch->account, 0, it->second});
    }
    if (const auto* append = std::get_if<wire::AppendLink>(&frame.body)) {
      return answer(take(*append));
    }
    if (const auto* send = std::get_if<wire::Send>(&frame.body)) return answer(take(*send));
    if (const auto* ack = std::get_if<wire::Acknowledge>(&frame.body)) {
      acknowledged.insert(acknowledged.end(), ack->sequences.begin(), ack->sequences.end());
    }
    if (std::holds_alternative<wire::Ping>(frame.body)) return answer(wire::Pong{});
    if (std::holds_alternative<wire::HandleList>(frame.body)) {
      wire::HandleRow row;
      row.handle = own_handle;
      row.state = wire::HandleState::confirmed;
      return answer(wire::Handles{{row}});
    }
    return std::nullopt;
  }

  wire::Body take(const wire::AppendLink& append) {
    auto& links = chains.at(append.account);
    auto chain = transparency::AccountChain::verify(links, append.account, std::nullopt).take();
    const auto last = transparency::parse_link(links.back()).take();
    if (last.id() != append.known_head) return refusal(wire::RefusalCode::chain_moved);
    if (!chain.append(append.link).ok()) return refusal(wire::RefusalCode::chain_refused);
    links.push_back(append.link);
    return wire::Appended{append.account, chain.seqno(), chain.head()};
  }

  wire::Body take(const wire::Send& send) {
    wire::StaleDevices stale{send.message, {}};
    for (const auto& head : send.heads) {
      const auto chain =
          transparency::AccountChain::verify(chains.at(head.account), std::nullopt, std::nullopt);
      if (chain.value().head() != head.head) stale.accounts.push_back(head.account);
    }
    if (!stale.accounts.empty()) return stale;
    accepted.push_back(send);
    return wire::Accepted{send.message};
  }

  std::optional<wire::Frame> log_in(const wire::Frame& frame, const wire::Authenticate& login) {
    for (const auto& [account, links] : chains) {
      const auto chain = transparency::AccountChain::verify(links, account, std::nullopt).take();
      const auto* device = chain.find(login.device);
      if (device == nullptr) continue;
      std::array<std::uint8_t, wire::kNonceBytes> nonce{};
      nonce[0] = logins_;
      const auto key = crypto::VerifyingKey::from_point(device->sign_pk).take();
      const auto signed_bytes = concat({nonce, kExporter});
      if (!key.verify(wire::kLoginContext, signed_bytes, login.signature).ok()) break;
      return wire::Frame{frame.request,
                         wire::Welcome{account, waiting, unix_millis(1'000), chain.head()}};
    }
    return wire::Frame{frame.request, refusal(wire::RefusalCode::not_authenticated)};
  }

 public:
  static wire::Refusal refusal(wire::RefusalCode code, Milliseconds retry_after = {}) {
    return {code, retry_after, {}};
  }

 private:
  std::uint8_t logins_ = 0;
};

}  // namespace martlet::client
