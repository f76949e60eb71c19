#include "base/check.h"
#include "store/rocks/mailbox_rows.h"

/// No row crashes its loader, and what loads encodes back to the same bytes. The first byte is how
/// much of the rest is the key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::store;
  if (size == 0) return 0;
  const ByteView rest{data + 1, size - 1};
  const auto key = rest.first(std::min<std::size_t>(data[0], rest.size()));
  const auto row = rest.subspan(key.size());
  if (const auto item = load_item(key, row); item.ok()) {
    const auto& [sequence, value] = item.value();
    CHECK(equal(item_key(value.recipient, sequence), key));
    CHECK(equal(concat({item_header(value), value.sealed}), row));
  }
  if (const auto expiry = load_expiry(key, row); expiry.ok()) {
    const auto& value = expiry.value();
    CHECK(equal(expiry_key(value.expires, value.sequence, value.recipient), key));
    CHECK(equal(expiry_row(value.bytes), row));
  }
  if (const auto sequence = load_index(row); sequence.ok()) {
    CHECK(equal(index_row(sequence.value()), row));
  }
  if (const auto boots = load_boots(row); boots.ok()) CHECK(equal(boots_row(boots.value()), row));
  return 0;
}
