#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "world.h"

namespace martlet::simulation {

/// Accounts of several devices each, on one seed: linked and revoked mid-flight, offline for long,
/// killed, on clocks a year apart; envelopes damaged on their way; profiles copied to a second
/// machine or restored from an old copy. Envelopes live for days, so that nothing expires.
class DevicesWorld {
 public:
  static constexpr std::size_t kKeys = 24;  ///< that `pool` must have
  DevicesWorld(std::uint64_t seed, const KeyPool& pool);

  void storm();
  /// The weather clears, everybody comes back; runs until nothing moves any more, or a month.
  void calm();
  /// The promises that were broken, in words; empty is good.
  std::vector<std::string> broken_promises();

  struct Totals {
    std::uint64_t devices = 0;
    std::uint64_t promised = 0;
    std::uint64_t shown = 0;    ///< on a device other than the author's
    std::uint64_t garbled = 0;  ///< envelopes damaged on their way
    std::uint64_t linked_late = 0;
    std::uint64_t revoked = 0;
    std::uint64_t copies = 0;    ///< profiles that ran twice
    std::uint64_t restored = 0;  ///< old profiles that were restored
    std::uint64_t told = 0;      ///< of those two, who was told so
    std::uint64_t kills = 0;
    std::uint64_t spared = 0;       ///< syncs: all was acknowledged before
    std::uint64_t on_segments = 0;  ///< worlds whose mailboxes are kept by that engine
    std::uint64_t power_cuts = 0;   ///< of the server's kills
  };
  const Totals& totals() const { return totals_; }

 private:
  /// What besides the weather goes wrong in this world.
  enum class Trouble { garbled, copy, restore };
  struct Member {
    std::size_t account = 0;
    std::size_t key = 0;  ///< in the pool
    DeviceId id;
    std::unique_ptr<ClientNode> node;  ///< null until it is in
    UnixMillis in_since = UnixMillis::max();
    UnixMillis left = UnixMillis::max();  ///< revoked, as its account's first device knows
    bool is_coming = false;               ///< its link is on the way
    bool is_leaving = false;
    std::unique_ptr<ClientNode> copy;             ///< the same profile on another machine
    std::unique_ptr<store::MemoryVaultDisk> old;  ///< a copy of its disk, to be restored
    UnixMillis copied = UnixMillis::max();
    UnixMillis restored = UnixMillis::max();
    /// What the disk showed that is gone now, of copy or profile.
    std::set<std::pair<DeviceId, MessageId>> shown_elsewhere;
    std::vector<Wish> copy_sent;  ///< what the copy was sure to have sent
    bool is_told = false;         ///< the copy was
  };

  ClientNode& first_of(std::size_t account) { return *members_[account].node; }
  std::unique_ptr<ClientNode> make_node(const Member& member);
  void enrol_all();
  void run_until(const std::function<bool()>& done);
  bool is_in(const Member& member);
  void link(Member& member);
  void await_link(std::size_t index, UnixMillis end);
  void let_in(Member& member);
  void plan_late_link(std::size_t index, UnixMillis end);
  void plan_user(std::size_t index, bool is_copy, UnixMillis end);
  void plan_accidents(UnixMillis end);
  void plan_revocation(UnixMillis end);
  void await_revocation(std::size_t index, UnixMillis end);
  void plan_copy(UnixMillis end);
  void end_copy(std::size_t index);
  void plan_restore(UnixMillis end);
  void restore(std::size_t index);
  void note_shown(Member& member, ClientNode& node);
  bool has_left(const DeviceId& device) const;
  std::vector<ClientNode*> nodes();
  bool quiet();

  void check_settled(const Member& member, std::vector<std::string>& broken);
  void check_wish(const Member& author, const Wish& wish, std::vector<std::string>& broken);
  void check_order(const Member& author, const Member& reader, std::vector<std::string>& broken);
  static bool is_told(ClientNode& node);
  std::uint64_t times_told(ClientNode& node, const DeviceId& author, const MessageId& id);
  std::string name_of(const Member& member) const;

  SeededRandom random_;
  Schedule schedule_;
  Weather weather_;
  const KeyPool& pool_;
  Trouble trouble_{};
  std::size_t accounts_ = 0;
  std::unique_ptr<ServerNode> server_;
  std::vector<Member> members_;  ///< the first of each account in front
  std::set<MessageId> garbled_;
  std::set<std::size_t> touched_;  ///< copied or restored: leave them alone otherwise
  std::map<const ClientNode*, std::map<std::pair<DeviceId, MessageId>, std::uint64_t>> told_;
  Totals totals_;
};

}  // namespace martlet::simulation
