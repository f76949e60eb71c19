#include "base/check.h"
#include "store/rocks/directory_rows.h"

/// No row crashes its loader, and what loads encodes back to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::store;
  const ByteView row{data, size};
  if (const auto it = load_counts(row); it.ok()) CHECK(equal(counts_row(it.value()), row));
  if (const auto it = load_invitation({}, row); it.ok()) {
    CHECK(equal(invitation_row(it.value()), row));
  }
  if (const auto it = load_account({}, row); it.ok()) CHECK(equal(account_row(it.value()), row));
  if (const auto it = load_handle(row); it.ok()) CHECK(equal(handle_row(it.value()), row));
  if (const auto it = load_device(row); it.ok()) CHECK(equal(device_row(it.value()), row));
  return 0;
}
