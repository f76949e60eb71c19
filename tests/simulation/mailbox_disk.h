#pragma once

#include <memory>

#include "store/memory/memory_mailbox_store.h"
#include "store/segments/memory_segment_files.h"

namespace martlet::simulation {

/// The disk that a server's mailboxes are on. The seed decides which engine keeps them there: three
/// of four use segments, whose bytes a power cut tears, the others the engine in memory, so that
/// both are held against the same promises.
class MailboxDisk {
 public:
  /// `fault` is asked at each commit of the engine in memory, and at about every other change that
  /// the segments ask their disk for: a batch takes two. `random` outlives the disk.
  MailboxDisk(Random& random, store::FaultHook fault);

  Result<std::unique_ptr<store::MailboxStore>> open();
  /// Before the store is dropped: the process is gone, so nothing more is written.
  void switch_off() { segments_.switch_off(); }
  /// After it was dropped. Either the power failed: what was not synced is gone, or any sectors of
  /// it are. Or only the process was killed: all that was written is there. True: a power cut.
  bool stop();
  bool on_segments() const { return on_segments_; }

 private:
  Random& random_;
  const store::FaultHook fault_;
  const bool on_segments_;
  store::MemoryMailboxDisk memory_;
  store::MemorySegmentDisk segments_;
};

}  // namespace martlet::simulation
