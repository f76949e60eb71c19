#include "mailbox_disk.h"

#include "store/segments/segment_mailbox_store.h"

namespace martlet::simulation {
namespace {

/// So small that a storm fills several, and rewrites those that have become sparse.
constexpr std::uint64_t kSegmentBytes = 32 * 1024;

}  // namespace

MailboxDisk::MailboxDisk(Random& random, store::FaultHook fault)
    : random_{random},
      fault_{std::move(fault)},
      on_segments_{random.below(4) > 0},
      segments_{random} {
  segments_.fault = [this] { return random_.below(2) == 0 ? fault_() : store::WriteFault::none; };
}

Result<std::unique_ptr<store::MailboxStore>> MailboxDisk::open() {
  if (!on_segments_) {
    return std::unique_ptr<store::MailboxStore>{
        TRY(store::MemoryMailboxStore::open(memory_, fault_))};
  }
  store::SegmentMailboxOptions options;
  options.segment_bytes = kSegmentBytes;
  return std::unique_ptr<store::MailboxStore>{
      TRY(store::SegmentMailboxStore::open(segments_.files(), options))};
}

bool MailboxDisk::stop() {
  using Unsynced = store::MemorySegmentDisk::Unsynced;
  constexpr Unsynced kFates[] = {Unsynced::lost, Unsynced::some, Unsynced::kept};
  const auto fate = kFates[random_.below(std::size(kFates))];
  segments_.cut_power(fate);
  return on_segments_ && fate != Unsynced::kept;
}

}  // namespace martlet::simulation
