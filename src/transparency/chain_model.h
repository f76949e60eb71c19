#pragma once

#include <map>
#include <set>

#include "base/random.h"
#include "transparency/chain_world.h"

/// For tests and fuzz targets only: the rules of the account chain once more, over numbered keys
/// and without bytes, to hold AccountChain against.
namespace martlet::transparency {

/// One attempt, legal or not.
struct ChainStep {
  static constexpr unsigned kDevices = 20;
  static constexpr unsigned kStranger =
      19;  ///< never enters by a step of from(): signs what is forged
  static constexpr unsigned kRecoveries = 4;
  enum class Acceptance : std::uint8_t { due, missing, foreign };
  enum class Damage : std::uint8_t { none, seqno, prev, account, signature };

  LinkType type;
  bool by_recovery;
  unsigned signer;  ///< number of a device or recovery key
  unsigned target;  ///< of a revoke or rekey
  unsigned key;     ///< that enters
  Role role;
  Acceptance acceptance;
  Damage damage;

  /// Any eight bytes are a step; most are whole apart from the choice of keys.
  static ChainStep from(std::span<const std::uint8_t, 8> in) {
    const bool of_itself = in[7] % 2 == 0;
    ChainStep step{};
    step.type = LinkType{static_cast<std::uint8_t>(1 + in[0] % 7)};
    step.by_recovery = in[1] % 4 == 0;
    step.signer = in[2] % (step.by_recovery ? kRecoveries : kDevices);
    step.target = in[3] % kDevices;
    if (of_itself && !step.by_recovery) step.target = step.signer;
    step.key = in[4] % (step.type == LinkType::set_recovery ? kRecoveries : kStranger);
    step.role = in[5] % 2 == 0 ? Role::admin : Role::member;
    step.acceptance = Acceptance{static_cast<std::uint8_t>(in[6] < 240 ? 0 : 1 + in[6] % 2)};
    step.damage = Damage{static_cast<std::uint8_t>(in[7] < 240 ? 0 : 1 + in[7] % 4)};
    return step;
  }
};

class ChainModel {
 public:
  struct Device {
    Role role;
    std::uint32_t added_at;
    bool by_recovery;
  };

  explicit ChainModel(std::optional<unsigned> recovery) : recovery_{recovery} {
    devices_[0] = {Role::admin, 0, false};
    used_devices_.insert(0);
    if (recovery) used_recoveries_.insert(*recovery);
  }

  /// The fault of a step, or none.
  std::optional<ChainFault> predict(const ChainStep& step) const {
    using Damage = ChainStep::Damage;
    const bool misplaced = step.damage != Damage::none && step.damage != Damage::signature;
    if (step.type == LinkType::genesis || retired_ || misplaced) return ChainFault::place;
    const bool known = step.by_recovery ? recovery_ == step.signer : devices_.contains(step.signer);
    if (!known) return ChainFault::signer;
    if (step.damage == Damage::signature) return ChainFault::signature;
    if (!has_right(step)) return ChainFault::signer;
    if (breaks_rule(step)) return ChainFault::place;
    const bool whole = needs_acceptance(step) ? step.acceptance == ChainStep::Acceptance::due
                                              : step.acceptance != ChainStep::Acceptance::foreign;
    return whole ? std::nullopt : std::optional{ChainFault::accept};
  }

  /// For a step without a fault.
  void apply(const ChainStep& step) {
    ++seqno_;
    switch (step.type) {
      case LinkType::genesis:
        break;
      case LinkType::add:
        devices_[step.key] = {step.role, seqno_, step.by_recovery};
        used_devices_.insert(step.key);
        break;
      case LinkType::revoke:
        devices_.erase(step.target);
        break;
      case LinkType::set_recovery:
        recovery_ = step.key;
        used_recoveries_.insert(step.key);
        break;
      case LinkType::rekey: {
        const auto device = devices_.at(step.target);
        devices_.erase(step.target);
        devices_[step.key] = device;
        used_devices_.insert(step.key);
        break;
      }
      case LinkType::veto:
        ++vetoes_;
        break;
      case LinkType::retire:
        retired_ = true;
        break;
    }
  }

  bool needs_acceptance(const ChainStep& step) const {
    return step.type == LinkType::add || step.type == LinkType::set_recovery ||
           (step.type == LinkType::rekey && step.key != step.target);
  }

  /// Nothing but what the model says is in the chain.
  bool agrees_with(const AccountChain& chain, const Keyring& keys) const {
    if (chain.seqno() != seqno_ || chain.retired() != retired_ ||
        chain.vetoes().size() != vetoes_ || chain.devices().size() != devices_.size() ||
        chain.recovery() != (recovery_ ? std::optional{keys.recovery(*recovery_)} : std::nullopt) ||
        !std::ranges::is_sorted(chain.devices(), {}, &ChainDevice::id)) {
      return false;
    }
    return std::ranges::all_of(devices_, [&](const auto& entry) {
      const auto* device = chain.find(keys.id(entry.first));
      return device != nullptr && device->role == entry.second.role &&
             device->added_at == entry.second.added_at &&
             device->by_recovery == entry.second.by_recovery &&
             device->sign_pk == keys.devices[entry.first].verifying_key().compressed();
    });
  }

 private:
  bool has_right(const ChainStep& step) const {
    const bool approves = step.by_recovery || devices_.at(step.signer).role == Role::admin;
    const bool is_target = !step.by_recovery && step.signer == step.target;
    switch (step.type) {
      case LinkType::genesis:
        return false;
      case LinkType::add:
      case LinkType::retire:
        return approves;
      case LinkType::revoke:
        return approves || is_target;
      case LinkType::set_recovery:
        return recovery_ ? step.by_recovery : approves;
      case LinkType::rekey:
        return is_target && devices_.at(step.signer).role == step.role;
      case LinkType::veto:
        return true;
    }
    return false;
  }
  bool breaks_rule(const ChainStep& step) const {
    switch (step.type) {
      case LinkType::add:
        return devices_.size() >= 16 || used_devices_.contains(step.key);
      case LinkType::revoke:
        return !devices_.contains(step.target);
      case LinkType::set_recovery:
        return used_recoveries_.contains(step.key);
      case LinkType::rekey:
        return step.key != step.target && used_devices_.contains(step.key);
      default:
        return false;
    }
  }

  std::map<unsigned, Device> devices_;
  std::optional<unsigned> recovery_;
  std::set<unsigned> used_devices_;
  std::set<unsigned> used_recoveries_;
  std::uint32_t seqno_ = 0;
  std::size_t vetoes_ = 0;
  bool retired_ = false;
};

inline LinkBody body_of(const ChainStep& step, const Keyring& keys) {
  switch (step.type) {
    case LinkType::genesis:
      return GenesisBody{keys.entering(step.key, step.role), std::nullopt, {}, {}};
    case LinkType::add:
      return AddBody{keys.entering(step.key, step.role)};
    case LinkType::revoke:
      return RevokeBody{keys.id(step.target), RevokeReason::replaced};
    case LinkType::set_recovery:
      return SetRecoveryBody{keys.recovery(step.key)};
    case LinkType::rekey:
      return RekeyBody{keys.id(step.target), keys.entering(step.key, step.role)};
    case LinkType::veto:
      return VetoBody{AccountId{numbered("pending", step.target)}};
    case LinkType::retire:
      break;
  }
  return RetireBody{};
}

/// The link of a step, behind the world's present head.
inline Bytes build(const ChainStep& step, const ChainModel& model, const ChainWorld& world) {
  using Damage = ChainStep::Damage;
  auto place = next_place(world.chain);
  if (step.damage == Damage::seqno) ++place.seqno;
  if (step.damage == Damage::prev) place.prev = LinkId{numbered("head", 0)};
  if (step.damage == Damage::account) place.account = AccountId{numbered("account", 0)};
  const auto stranger = world.device(ChainStep::kStranger);
  const auto signer = step.by_recovery ? world.recovery(step.signer) : world.device(step.signer);
  const auto entering =
      step.type == LinkType::set_recovery ? world.recovery(step.key) : world.device(step.key);

  const auto tbs = create_tbs(place, signer.key_id(), body_of(step, world.keys), unix_millis(5));
  std::optional<crypto::Signature> acceptance;
  if (step.acceptance == ChainStep::Acceptance::foreign) acceptance = stranger.accept(tbs);
  if (step.acceptance == ChainStep::Acceptance::due && model.needs_acceptance(step)) {
    acceptance = entering.accept(tbs);
  }
  const auto& signing = step.damage == Damage::signature ? stranger : signer;
  return encode_link(tbs, signing.sign(tbs), acceptance);
}

}  // namespace martlet::transparency
