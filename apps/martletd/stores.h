#pragma once

#include <memory>

#include "apps/martletd/data_folder.h"
#include "store/directory_store.h"
#include "store/mailbox_store.h"
#include "store/proof_store.h"

namespace martlet::daemon {

/// The stores of a data folder.
struct Stores {
  std::unique_ptr<store::MailboxStore> mailboxes;
  std::unique_ptr<store::DirectoryStore> directory;
  std::unique_ptr<store::ProofStore> proofs;

  /// Recovers from a crash by itself. When stored bytes are damaged it names the file and opens
  /// nothing: to go on could lose more.
  static Outcome<Stores> open(const DataFolder& folder);
};

}  // namespace martlet::daemon
