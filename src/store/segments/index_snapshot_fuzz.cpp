#include "base/check.h"
#include "store/segments/crc32c.h"
#include "store/segments/index_snapshot.h"

/// No bytes crash the loader, and what loads encodes back to the same. The sum is put right first,
/// or nothing would ever load.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::store;
  auto bytes = Bytes(data, data + size);
  const auto sum = crc32c(bytes);
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(sum >> (shift - 8)));
  }
  const auto loaded = load_snapshot(bytes);
  if (!loaded.ok()) return 0;
  const auto& index = loaded.value();
  SnapshotWriter writer{index.fingerprint_key, index.next, index.newest, index.segments.size(),
                        index.mailboxes.size()};
  for (const auto& known : index.segments) {
    Segment segment;
    segment.number = known.number;
    segment.epoch = known.epoch;
    segment.end = known.end;
    segment.dirty = known.dirty;
    segment.removes_from = known.removes_from;
    segment.moved_from = known.moved_from;
    writer.segment(known.slot, segment);
  }
  for (const auto& [recipient, entries] : index.mailboxes) writer.mailbox(recipient, entries);
  CHECK(equal(std::move(writer).take(), bytes));
  return 0;
}
