#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "client/engine.h"
#include "network.h"
#include "protocol/sealing.h"
#include "server_node.h"
#include "store/memory/memory_vault.h"

namespace martlet::simulation {

inline DeviceId id_of(const protocol::DevicePrivateKeys& keys) {
  return transparency::device_id_of(keys.signing.verifying_key());
}

/// What a user asked for, and what the engine said.
struct Wish {
  std::size_t to;
  std::string text;
  MessageId id;   ///< zero if the engine said no
  bool promised;  ///< the engine said it is queued
  UnixMillis at;  ///< true time
};

/// One engine with a vault that survives its kills, a clock of its own, and a user.
class ClientNode {
 public:
  ClientNode(Schedule& schedule, Random& random, ServerNode& server, const Weather& weather,
             std::size_t index);

  /// Writes the enrolment into the vault; the disk must be kind meanwhile.
  void prepare(const std::string& url, protocol::DevicePrivateKeys keys);
  /// Another device of the account that `approver` is in, which has let it in already.
  void adopt(client::Engine& approver, protocol::DevicePrivateKeys keys);
  void start();
  void kill();
  /// For good.
  void switch_off();
  bool is_off() const { return off_; }
  /// As if it were a copy of `other`'s machine; before the first start.
  void copy_disk(const ClientNode& other) { disk_.copy_from(other.disk_); }
  std::unique_ptr<store::MemoryVaultDisk> disk_copy() const;
  /// Kills it, and it comes back with this disk.
  void restore_disk(const store::MemoryVaultDisk& old);
  bool up() const { return engine_ != nullptr; }
  /// Gives the engine its turn: frames out, connection if wished, next wake-up.
  void turn();
  void send_text(std::size_t to, const std::string& handle, const std::string& text);
  void read(const std::string& handle);

  std::string handle() const { return "user" + std::to_string(index_) + "@sim.example"; }
  client::Engine& engine() { return *engine_; }
  store::Vault& vault() { return *vault_; }
  /// Where it stands, for a failing seed's report.
  std::string state() const;
  const std::vector<Wish>& wishes() const { return wishes_; }
  /// What it could not open, or still waits for. It must be up.
  std::uint64_t undecryptable() const {
    const auto health = engine_->health();
    CHECK(health.ok());
    return health.value().undecryptable_total + health.value().waiting_to_open;
  }

  std::uint64_t disk_faults = 0;
  Milliseconds clock_skew{0};
  bool wants_network = true;  ///< false: offline by its user's wish
  std::uint64_t kills = 0;
  std::set<MessageId> garbled;  ///< of envelopes that were damaged on their way to it

 private:
  UnixMillis now() const { return schedule_.now() + clock_skew; }
  store::WriteFault disk_fault();
  void connect();
  void on_frame(Bytes frame);
  bool die_if_doomed();

  Schedule& schedule_;
  Random& random_;
  ServerNode& server_;
  const Weather& weather_;
  std::size_t index_;
  store::MemoryVaultDisk disk_;
  std::unique_ptr<store::MemoryVault> vault_;
  std::unique_ptr<client::Engine> engine_;
  std::shared_ptr<Connection> connection_;
  bool connecting_ = false;
  bool off_ = false;
  std::uint64_t life_ = 0;
  std::uint64_t tick_plan_ = 0;
  bool doomed_ = false;
  std::vector<Wish> wishes_;
};

}  // namespace martlet::simulation
