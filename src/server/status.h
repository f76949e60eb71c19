#pragma once

#include <string>
#include <vector>

#include "store/directory_store.h"
#include "store/mailbox_store.h"

namespace martlet::server {

/// What the office found broken in its stores. It goes on serving all else.
struct OfficeHealth {
  bool disk_refuses = false;  ///< the last sync failed; cleared by the next that works
  std::vector<DeviceId>
      damaged;  ///< mailboxes whose stored bytes are wrong: nothing is deleted there
  bool stores_damaged = false;  ///< the directory, or what is due to expire, cannot be read
  bool scrub_fails = false;     ///< deleted bytes stay on the disk for now
  std::uint64_t notices_dropped =
      0;  ///< senders that could not be told of an expiry: their mailbox was full
  bool is_damaged() const { return stores_damaged || !damaged.empty(); }
  bool ok() const { return !disk_refuses && !is_damaged(); }
};

/// One item as the operator may see it: routing, size, times, and that the rest is sealed.
struct WaitingLine {
  store::Sequence sequence = 0;
  store::ItemKind kind{};
  std::uint64_t bytes = 0;
  UnixMillis accepted{};
  UnixMillis expires{};
  std::string sealed_starts;  ///< at most 16 bytes of `sealed`, in hex
};
struct MailboxLine {
  DeviceId device;
  store::MailboxSummary summary;
  std::vector<WaitingLine> items;  ///< the first kStatusItemsMax
};
inline constexpr std::size_t kStatusItemsMax = 100;
inline constexpr std::size_t kStatusMailboxesMax = 1'000;

struct StatusReport {
  store::DirectoryCounts directory;
  std::uint64_t online = 0;
  store::MailboxSummary waiting;
  std::uint64_t mailboxes_in_use = 0;
  OfficeHealth health;
  std::vector<MailboxLine> mailboxes;  ///< the first kStatusMailboxesMax by device, if asked for
};

/// Blocks on the disk; reads only. Fails with `unavailable` or `corrupt` if the directory does; a
/// damaged mailbox is listed without items.
Result<StatusReport> make_status(store::MailboxStore& mailboxes, store::DirectoryStore& directory,
                                 bool list_mailboxes);

}  // namespace martlet::server
