#include "transparency/account_chain.h"

#include <algorithm>
#include <cctype>

#include "base/check.h"
#include "base/limits.h"
#include "crypto/hash.h"

namespace martlet::transparency {

/// The rules of one link against the chain it wants to extend; the checks change nothing.
struct LinkRules {
  using Verdict = Result<void, ChainFault>;
  using SignKey = std::variant<crypto::VerifyingKey, RecoveryKey>;
  struct Signer {
    Digest id;
    SignKey key;
    Role role;  ///< of a device
    bool is_recovery() const { return std::holds_alternative<RecoveryKey>(key); }
    bool is(const DeviceId& device) const { return !is_recovery() && id == device.array(); }
    bool may_approve() const { return is_recovery() || role == Role::admin; }
  };

  static Result<Link, ChainFault> parse(ByteView encoded) {
    auto link = parse_link(encoded);
    if (!link.ok()) return ChainFault::malformed;
    return std::move(link).take();
  }

  static Verdict check_place(const AccountChain* chain, const LinkFields& fields) {
    const bool is_genesis = fields.type() == LinkType::genesis;
    if (chain == nullptr) {
      const bool at_start = fields.seqno == 0 && fields.account.is_zero() && fields.prev.is_zero();
      return is_genesis && at_start ? Verdict{} : Verdict{ChainFault::place};
    }
    const bool follows = !is_genesis && !chain->retired_ && fields.seqno == chain->seqno_ + 1 &&
                         fields.seqno < limits::kLinksMax && fields.prev == chain->head_ &&
                         fields.account == chain->account_;
    return follows ? Verdict{} : Verdict{ChainFault::place};
  }

  static Result<Signer, ChainFault> find_signer(const AccountChain* chain,
                                                const LinkFields& fields) {
    if (chain == nullptr) {
      const auto& device = std::get<GenesisBody>(fields.body).device;
      if (fields.signer != device.id().array()) return ChainFault::signer;
      return Signer{fields.signer, device.sign_key, device.entry.role};
    }
    if (const auto* device = chain->find(DeviceId{fields.signer})) {
      auto key = crypto::VerifyingKey::from_point(device->sign_pk);
      CHECK(key.ok());  // it was on the curve when it entered
      return Signer{fields.signer, std::move(key).take(), device->role};
    }
    if (chain->recovery_ && fields.signer == key_id_of(kAlgEd25519, *chain->recovery_)) {
      return Signer{fields.signer, *chain->recovery_, Role::admin};
    }
    return ChainFault::signer;
  }

  static bool verifies(const SignKey& key, std::string_view context, ByteView tbs,
                       const crypto::Signature& signature) {
    if (const auto* recovery = std::get_if<RecoveryKey>(&key)) {
      return crypto::verify_ed25519(*recovery, context, tbs, signature).ok();
    }
    return std::get<crypto::VerifyingKey>(key).verify(context, tbs, signature).ok();
  }

  static bool was_used(const AccountChain& chain, const Digest& key_id) {
    return std::ranges::binary_search(chain.ever_used_, key_id);
  }

  /// Rights, then rules, of each type.
  struct CheckRights {
    const AccountChain* chain;
    const Signer& signer;

    Verdict operator()(const GenesisBody&) const { return need(signer.may_approve()); }
    Verdict operator()(const AddBody& body) const {
      TRY(need(signer.may_approve()));
      if (chain->devices_.size() >= limits::kDevicesMax) return ChainFault::place;
      return need_fresh(body.device.id().array());
    }
    Verdict operator()(const RevokeBody& body) const {
      TRY(need(signer.may_approve() || signer.is(body.target)));
      return chain->find(body.target) != nullptr ? Verdict{} : Verdict{ChainFault::place};
    }
    Verdict operator()(const SetRecoveryBody& body) const {
      // Once there is a recovery key it outranks every device: only it replaces itself.
      TRY(need(chain->recovery_ ? signer.is_recovery() : signer.role == Role::admin));
      return need_fresh(key_id_of(kAlgEd25519, body.key));
    }
    Verdict operator()(const RekeyBody& body) const {
      TRY(need(signer.is(body.old) && body.device.entry.role == signer.role));
      const auto id = body.device.id();
      return id == body.old ? Verdict{} : need_fresh(id.array());
    }
    Verdict operator()(const VetoBody&) const { return {}; }
    Verdict operator()(const RetireBody&) const { return need(signer.may_approve()); }

    static Verdict need(bool right) { return right ? Verdict{} : Verdict{ChainFault::signer}; }
    Verdict need_fresh(const Digest& key_id) const {
      return was_used(*chain, key_id) ? Verdict{ChainFault::place} : Verdict{};
    }
  };

  /// The key that has to accept, if the type of the link asks for one.
  struct AcceptingKey {
    using Key = std::optional<SignKey>;
    Key operator()(const GenesisBody& body) const {
      return body.recovery ? Key{*body.recovery} : std::nullopt;
    }
    Key operator()(const AddBody& body) const { return body.device.sign_key; }
    Key operator()(const SetRecoveryBody& body) const { return body.key; }
    Key operator()(const RekeyBody& body) const {
      return body.device.id() == body.old ? std::nullopt : Key{body.device.sign_key};
    }
    Key operator()(const RevokeBody&) const { return std::nullopt; }
    Key operator()(const VetoBody&) const { return std::nullopt; }
    Key operator()(const RetireBody&) const { return std::nullopt; }
  };

  static Verdict check_acceptance(const Link& link) {
    const auto key = std::visit(AcceptingKey{}, link.fields.body);
    if (key.has_value() != link.acceptance.has_value()) return ChainFault::accept;
    if (key && !verifies(*key, kAcceptContext, link.tbs, *link.acceptance))
      return ChainFault::accept;
    return {};
  }

  /// Everything after syntax. `chain` is null for a genesis link.
  static Result<Signer, ChainFault> check(const AccountChain* chain, const Link& link) {
    TRY(check_place(chain, link.fields));
    auto signer = TRY(find_signer(chain, link.fields));
    if (!verifies(signer.key, kLinkContext, link.tbs, link.signature)) return ChainFault::signature;
    TRY(std::visit(CheckRights{chain, signer}, link.fields.body));
    TRY(check_acceptance(link));
    return signer;
  }

  /// What a checked link changes.
  struct Apply {
    AccountChain& chain;
    std::uint32_t seqno;
    bool by_recovery;

    void operator()(const GenesisBody& body) {
      chain.previous_ = body.previous;
      enter(body.device, 0, false);
      if (body.recovery) (*this)(SetRecoveryBody{*body.recovery});
    }
    void operator()(const AddBody& body) { enter(body.device, seqno, by_recovery); }
    void operator()(const RevokeBody& body) { leave(body.target); }
    void operator()(const SetRecoveryBody& body) {
      chain.recovery_ = body.key;
      mark_used(key_id_of(kAlgEd25519, body.key));
    }
    void operator()(const RekeyBody& body) {
      const auto* old = chain.find(body.old);
      const auto added_at = old->added_at;
      const bool old_by_recovery = old->by_recovery;
      leave(body.old);
      enter(body.device, added_at, old_by_recovery);
    }
    void operator()(const VetoBody& body) { chain.vetoes_.push_back(body.pending); }
    void operator()(const RetireBody&) { chain.retired_ = true; }

    void enter(const DeviceKey& device, std::uint32_t added_at, bool recovered) {
      const auto& entry = device.entry;
      const auto id = device.id();
      const auto at = std::ranges::lower_bound(chain.devices_, id, {}, &ChainDevice::id);
      chain.devices_.insert(at,
                            ChainDevice{id, entry.role, device.sign_key.compressed(), entry.suites,
                                        entry.meta_commitment, added_at, recovered});
      mark_used(id.array());
    }
    void leave(const DeviceId& id) {
      std::erase_if(chain.devices_, [&](const ChainDevice& device) { return device.id == id; });
    }
    void mark_used(const Digest& id) {
      const auto at = std::ranges::lower_bound(chain.ever_used_, id);
      if (at == chain.ever_used_.end() || *at != id) chain.ever_used_.insert(at, id);
    }
  };

  static void apply(AccountChain& chain, const Link& link, const Signer& signer) {
    chain.seqno_ = link.fields.seqno;
    chain.head_ = link.id();
    std::visit(Apply{chain, link.fields.seqno, signer.is_recovery()}, link.fields.body);
  }

  static Result<AccountChain, ChainFault> start(ByteView encoded) {
    const auto link = TRY(parse(encoded));
    const auto signer = TRY(check(nullptr, link));
    AccountChain chain;
    apply(chain, link, signer);
    chain.account_ = AccountId{chain.head_.array()};
    return chain;
  }

  static Verdict extend(AccountChain& chain, ByteView encoded) {
    const auto link = TRY(parse(encoded));
    const auto signer = TRY(check(&chain, link));
    apply(chain, link, signer);
    return {};
  }
};

const char* name_of(ChainFault fault) {
  switch (fault) {
    case ChainFault::malformed:
      return "malformed";
    case ChainFault::place:
      return "place";
    case ChainFault::signer:
      return "signer";
    case ChainFault::signature:
      return "signature";
    case ChainFault::accept:
      return "accept";
    case ChainFault::account:
      return "head";
    case ChainFault::rollback:
      return "rollback";
    case ChainFault::fork:
      return "fork";
    case ChainFault::head:
      return "head";
  }
  return "unknown";
}

Result<AccountChain, ChainFault> AccountChain::from_genesis(ByteView link) {
  return LinkRules::start(link);
}

Result<void, ChainFault> AccountChain::append(ByteView link) {
  return LinkRules::extend(*this, link);
}

Result<AccountChain, ChainFault> AccountChain::verify(std::span<const Bytes> links,
                                                      std::optional<AccountId> expected,
                                                      std::optional<ChainPin> pin) {
  if (links.empty()) return ChainFault::malformed;
  auto chain = TRY(from_genesis(links.front()));
  std::optional<LinkId> at_pin;
  if (pin && pin->seqno == 0) at_pin = chain.head();
  for (const auto& link : links.subspan(1)) {
    TRY(chain.append(link));
    if (pin && pin->seqno == chain.seqno()) at_pin = chain.head();
  }
  if (expected && *expected != chain.account()) return ChainFault::account;
  if (pin && !at_pin) return ChainFault::rollback;
  if (pin && *at_pin != pin->head) return ChainFault::fork;
  return chain;
}

Result<void, ChainFault> AccountChain::check_end(const ChainPin& proven,
                                                 bool proven_retired) const {
  const bool same = pin() == proven && retired_ == proven_retired;
  return same ? Result<void, ChainFault>{} : Result<void, ChainFault>{ChainFault::head};
}

const ChainDevice* AccountChain::find(const DeviceId& device) const {
  const auto at = std::ranges::lower_bound(devices_, device, {}, &ChainDevice::id);
  return at != devices_.end() && at->id == device ? &*at : nullptr;
}

std::string AccountChain::public_code() const {
  constexpr std::size_t kGroup = 4;
  const auto part = account_.view().first(20);
  const auto check = crypto::sha256({bytes_of("kt-code-v1\n"), part});
  // 20 bytes are 32 letters without rest; 20 bits more are 4 letters, the first of 3 bytes' five.
  const auto letters = to_base32(part) + to_base32(ByteView{check}.first(3)).substr(0, kGroup);
  std::string code;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i != 0 && i % kGroup == 0) code.push_back('-');
    code.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(letters[i]))));
  }
  return code;
}

}  // namespace martlet::transparency
