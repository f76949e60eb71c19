#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mailbox_disk.h"
#include "network.h"
#include "server/office.h"
#include "server/session.h"
#include "store/memory/memory_directory_store.h"
#include "store/memory/memory_proof_store.h"

namespace martlet::simulation {

/// A whole server without sockets and threads: sessions, office and stores, on disks that survive
/// its kills. Requests are gathered and processed a little later, as the office's worker does.
class ServerNode {
 public:
  /// `disk_faults` thousandths of the disk's writes fail, half of them after all was written, and
  /// half of the failures kill the server on the spot.
  ServerNode(Schedule& schedule, Random& random, Milliseconds lifetime);

  void start();  ///< tries again until its disks let it
  void kill();
  bool up() const { return office_ != nullptr; }
  void accept(std::shared_ptr<Connection> connection);
  /// Calls the office directly, as the operator's socket does. The server must be up, its disk
  /// kind.
  std::string invite(const std::string& handle);
  /// Gives the office its tick, every simulated second, until the end of time.
  void tick_forever();

  std::uint64_t disk_faults = 0;
  std::uint64_t kills = 0;
  std::uint64_t power_cuts = 0;      ///< of those: what was not synced was lost, or torn
  std::uint64_t spared_commits = 0;  ///< all was acknowledged before it had to be written
  bool on_segments() const { return mail_disk_.on_segments(); }
  /// Envelopes and notices. The server must be up.
  std::uint64_t items_waiting() const { return mailboxes_->total().items; }

 private:
  struct Peer {
    std::shared_ptr<Connection> connection;
    std::unique_ptr<server::Session> session;
    bool paused = false;
    std::vector<Bytes> held;
  };

  store::WriteFault disk_fault();
  void apply(std::uint64_t serial, server::SessionOutput& out);
  void on_frame(std::uint64_t serial, const Bytes& frame);
  void on_closed(std::uint64_t serial);
  void gather(std::vector<server::OfficeRequest> requests);
  void plan_processing();
  void process();
  void plan_commit();
  void commit();
  void finish_commit();
  void hand_out(std::vector<server::OfficeAnswer> answers);
  /// True if a fault said so; then everything in memory is gone.
  bool die_if_doomed();

  Schedule& schedule_;
  Random& random_;
  server::ServerInfo info_;
  MailboxDisk mail_disk_;
  store::MemoryDirectoryDisk directory_disk_;
  store::MemoryProofDisk proof_disk_;
  std::unique_ptr<store::MailboxStore> mailboxes_;
  std::unique_ptr<store::MemoryDirectoryStore> directory_;
  std::unique_ptr<store::MemoryProofStore> proofs_;
  std::unique_ptr<server::Office> office_;
  std::map<std::uint64_t, Peer> peers_;
  std::uint64_t next_serial_ = 1;
  std::uint64_t life_ = 0;  ///< grows with each kill: actions of an earlier life do nothing
  std::vector<server::OfficeRequest> gathered_;
  bool processing_planned_ = false;
  bool commit_planned_ = false;
  std::unique_ptr<store::SyncWork> work_;  ///< of the commit under way
  bool doomed_ = false;
};

}  // namespace martlet::simulation
