#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/seeded_random.h"
#include "client_node.h"

namespace martlet::simulation {

/// The devices' keys, the same in every run: what is drawn from them (ids, and so orders) must
/// repeat with the seed.
class KeyPool {
 public:
  explicit KeyPool(std::size_t devices);
  protocol::DevicePrivateKeys keys(std::size_t device) const;

 private:
  struct Made {
    std::array<std::uint8_t, 32> scalar;
    Bytes classic_der;
  };
  std::vector<Made> made_;
};

/// One server and some clients, everything about them drawn from one seed.
class World {
 public:
  World(std::uint64_t seed, const KeyPool& pool);

  /// Everybody writes, reads, leaves and comes back, while network and disks misbehave.
  void storm();
  /// The weather clears, everybody comes back; runs until nothing moves any more, or a simulated
  /// month.
  void calm();
  /// The promises that were broken, in words; empty is good.
  std::vector<std::string> broken_promises();

  struct Totals {
    std::uint64_t promised = 0;
    std::uint64_t shown = 0;
    std::uint64_t expired = 0;
    std::uint64_t kills = 0;
    std::uint64_t spared = 0;       ///< syncs: all was acknowledged before
    std::uint64_t on_segments = 0;  ///< worlds whose mailboxes are kept by that engine
    std::uint64_t power_cuts = 0;   ///< of the server's kills
    std::uint64_t linked = 0;
    std::uint64_t revoked = 0;
    std::uint64_t synced = 0;  ///< messages that another device of the account shows
  };
  const Totals& totals() const { return totals_; }

 private:
  void enrol_all(const KeyPool& pool);
  void plan_user(std::size_t index, UnixMillis end);
  void plan_accidents(UnixMillis end);
  void check_pair(std::size_t from, std::size_t to, std::vector<std::string>& broken);
  void check_outgoing(std::size_t from, std::vector<std::string>& broken);
  bool quiet();

  // --- a second device of the first account (phone.cpp) ---
  void plan_phone(UnixMillis end);
  void link_phone(UnixMillis end);
  void await_phone(UnixMillis end);
  void plan_phone_user(UnixMillis end);
  void revoke_phone(UnixMillis end);
  bool phone_is_in() const;
  void check_phone(std::vector<std::string>& broken);
  void check_synced(ClientNode& author, std::size_t first_wish, ClientNode& reader,
                    const std::string& what, std::vector<std::string>& broken);

  SeededRandom random_;
  Schedule schedule_;
  Weather weather_;
  Milliseconds lifetime_;
  std::unique_ptr<ServerNode> server_;
  std::vector<std::unique_ptr<ClientNode>> clients_;
  std::vector<AccountId> accounts_;
  std::vector<DeviceId> devices_;
  Totals totals_;
  const KeyPool& pool_;
  std::unique_ptr<ClientNode> phone_;  ///< null until the first device has let it in
  bool phone_is_revoked_ = false;
  std::vector<std::size_t> wishes_before_phone_;  ///< of each client
};

}  // namespace martlet::simulation
