#pragma once

#include "store/mailbox_store.h"

/// The rows of the mailbox database, spec/mailbox-rocks.md. Integers are big-endian, so that rows
/// sort by place and by time.
namespace martlet::store {

/// First byte of every key: which table it belongs to.
enum class MailboxTable : std::uint8_t { meta = 1, items = 2, index = 3, expiry = 4 };

using ItemKey = std::array<std::uint8_t, 1 + 32 + 8>;
using IndexKey = std::array<std::uint8_t, 1 + 32 + 1 + 32 + 16>;
using ExpiryKey = std::array<std::uint8_t, 1 + 8 + 8 + 32>;
using ItemHeader = std::array<std::uint8_t, 99>;

/// items: recipient | sequence -> header | sealed
ItemKey item_key(const DeviceId& recipient, Sequence sequence);
ItemHeader item_header(const MailboxItem& item);
/// Fails with `corrupt`.
Result<WaitingItem> load_item(ByteView key, ByteView row);

/// index: recipient | kind | sender | message -> sequence
IndexKey index_key(const DeviceId& recipient, ItemKind kind, const DeviceId& sender,
                   const MessageId& message);
std::array<std::uint8_t, 8> index_row(Sequence sequence);
Result<Sequence> load_index(ByteView row);

/// expiry: expires | sequence | recipient -> size of sealed
struct ExpiryRow {
  UnixMillis expires{};
  Sequence sequence = 0;
  DeviceId recipient;
  std::uint32_t bytes = 0;
};
ExpiryKey expiry_key(UnixMillis expires, Sequence sequence, const DeviceId& recipient);
std::array<std::uint8_t, 4> expiry_row(std::size_t bytes);
Result<ExpiryRow> load_expiry(ByteView key, ByteView row);

/// meta: (nothing) -> layout version | boots. Fails with `corrupt`, also for a version that is not
/// ours.
std::array<std::uint8_t, 9> boots_row(std::uint64_t boots);
Result<std::uint64_t> load_boots(ByteView row);

}  // namespace martlet::store
