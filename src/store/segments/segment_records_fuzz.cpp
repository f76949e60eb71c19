#include "base/check.h"
#include "store/segments/segment_records.h"
#include "store/segments/segment_scan.h"

namespace martlet::store {
namespace {

/// A segment file of these bytes, which nobody changes.
class GivenFile final : public SegmentFile {
 public:
  explicit GivenFile(ByteView bytes) : bytes_{bytes} {}
  Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const auto part = bytes_.subspan(offset);
    const auto size = std::min(part.size(), into.size());
    std::copy_n(part.begin(), size, into.begin());
    return size;
  }
  std::uint64_t size() const override { return bytes_.size(); }

  Result<void> write(std::uint64_t, ByteView) override { return refusal(); }
  Result<void> sync() override { return refusal(); }
  Result<bool> read_both(std::uint64_t, std::span<std::uint8_t>,
                         std::span<std::uint8_t>) const override {
    return refusal();
  }
  Result<void> allocate(std::uint64_t) override { return refusal(); }
  Result<void> truncate(std::uint64_t) override { return refusal(); }
  Result<void> zero(std::uint64_t, std::uint64_t) override { return refusal(); }

 private:
  static Error refusal() { return {Failure::unavailable, "only for reading"}; }
  ByteView bytes_;
};

void check_parts(ByteView bytes) {
  if (const auto removals = load_removals(bytes); removals.ok()) {
    CHECK(equal(encode_removals(removals.value()), bytes));
  }
  const auto head = bytes.first(std::min(bytes.size(), kSegmentHeaderBytes));
  if (const auto header = load_segment_header(head); header.ok()) {
    CHECK(equal(encode_segment_header(header.value()), head));
  }
  const auto header = peek_record(bytes);
  if (!header || bytes.size() < kRecordHeaderBytes + header->meta_bytes) return;
  const auto meta = bytes.subspan(kRecordHeaderBytes, header->meta_bytes);
  const auto loaded = load_item_meta(*header, meta);
  if (!loaded.ok()) return;
  // What loads is written again as the same bytes.
  const auto& [sequence, item, sender_at, moved_from] = loaded.value();
  Bytes out(kRecordHeaderBytes + kMetaBytesMax + kRecordUnit);
  RecordWriter writer{out.data(), {0, 0}, header->batch};
  writer.item(sequence, item, sender_at, moved_from, header->last);
  CHECK(equal(ByteView{out}.subspan(kRecordHeaderBytes, meta.size()), meta));
}

}  // namespace
}  // namespace martlet::store

/// No bytes crash what reads records; what a scan visits lies in the file, one behind the other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::store;
  const ByteView bytes{data, size};
  check_parts(bytes);
  const GivenFile file{bytes};
  // With this epoch the sums of seeds of the corpus are right.
  SegmentScan scan{file, 0};
  const auto end = scan.find_end({});
  CHECK(end.ok());
  std::uint64_t last = 0;
  const auto damaged = scan.visit(kSegmentHeaderBytes, size, [&](const ScannedRecord& record) {
    CHECK(record.offset >= last && record.offset + record.header.total() <= size);
    last = record.offset + record.header.total();
    return Result<void>{};
  });
  CHECK(damaged.ok());
  return 0;
}
