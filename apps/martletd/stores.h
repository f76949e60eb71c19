#pragma once

#include <memory>

#include "apps/martletd/data_folder.h"
#include "apps/martletd/store_settings.h"
#include "store/directory_store.h"
#include "store/mailbox_store.h"
#include "store/proof_store.h"

namespace martlet::daemon {

/// The stores of a data folder.
struct Stores {
  std::unique_ptr<store::MailboxStore> mailboxes;
  std::unique_ptr<store::DirectoryStore> directory;
  std::unique_ptr<store::ProofStore> proofs;
  /// A file of the mailboxes that is damaged, and was accepted so; else empty.
  std::filesystem::path damaged;

  /// Recovers from a crash by itself. When stored bytes are damaged it names the file and opens
  /// nothing: to go on could lose more. Mailboxes that another engine kept are moved over.
  static Outcome<Stores> open(const DataFolder& folder, const StoreSettings& settings);
};

/// Appends everything that waits in `from` to `to`, durably. What is there already is left alone,
/// so it may be done again after a kill.
Result<void> copy_mailboxes(store::MailboxStore& from, store::MailboxStore& to);

}  // namespace martlet::daemon
