#include "store/segments/segment_mailbox_store.h"

#include "store/mailbox_store_contract.h"
#include "store/segments/memory_segment_files.h"

namespace martlet::store::server_contract {
namespace {

/// Small segments, so that the contract's few items fill several.
class SegmentDisk final : public MailboxDisk {
 public:
  explicit SegmentDisk(std::uint64_t segment_bytes) : segment_bytes_{segment_bytes} {
    disk_.fault = [this] { return plan_.next(); };
  }
  ~SegmentDisk() override {
    disk_.switch_off();
    store_.reset();
  }
  Result<void> open(const MailboxLimits& limits) override {
    disk_.switch_off();
    store_.reset();
    using Unsynced = MemorySegmentDisk::Unsynced;
    disk_.cut_power(keep_unsynced_ ? Unsynced::kept : Unsynced::lost);
    SegmentMailboxOptions options;
    options.limits = limits;
    options.segment_bytes = segment_bytes_;
    store_ = TRY(SegmentMailboxStore::open(disk_.files(), options));
    return {};
  }
  MailboxStore& store() override { return *store_; }
  void fail_write(std::size_t number, WriteFault fault) override {
    plan_.fail_write(number, fault);
    keep_unsynced_ = fault == WriteFault::written;
  }
  bool has_failed() const override { return plan_.has_failed(); }

 private:
  const std::uint64_t segment_bytes_;
  SeededRandom random_{5};
  MemorySegmentDisk disk_{random_};
  FaultPlan plan_;
  bool keep_unsynced_ = false;
  std::unique_ptr<MailboxStore> store_;
};

std::unique_ptr<MailboxDisk> make_disk() { return std::make_unique<SegmentDisk>(16 * 1024 * 1024); }
std::unique_ptr<MailboxDisk> make_small_disk() { return std::make_unique<SegmentDisk>(4'096); }

INSTANTIATE_TEST_SUITE_P(Segments, MailboxStoreContract,
                         ::testing::Values(&make_disk, &make_small_disk));
INSTANTIATE_TEST_SUITE_P(Segments, MailboxStoreLate,
                         ::testing::Values(&make_disk, &make_small_disk));
INSTANTIATE_TEST_SUITE_P(Segments, MailboxStoreModel,
                         ::testing::Values(&make_disk, &make_small_disk));
INSTANTIATE_TEST_SUITE_P(Segments, MailboxStoreFaults,
                         ::testing::Values(&make_disk, &make_small_disk));

}  // namespace
}  // namespace martlet::store::server_contract
