#include "apps/martletd/stores.h"

#include "store/rocks/rocks_directory_store.h"
#include "store/rocks/rocks_mailbox_store.h"
#include "store/rocks/rocks_proof_store.h"

namespace martlet::daemon {
namespace {

Complaint explain(const Error& error, const std::filesystem::path& path, const std::string& file) {
  switch (error.failure) {
    case Failure::in_use:
      return {Exit::data_folder, "another process is using " + path.string(), ""};
    case Failure::corrupt:
      return {
          Exit::data_folder,
          "damaged: " + (file.empty() ? path : path / file).string() + ": " + error.reason.text,
          "the server does not start, so that nothing more is lost; copy the folder, then check "
          "the disk and restore a backup"};
    default:
      return {Exit::data_folder, "cannot open " + path.string() + ": " + error.reason.text,
              "is the disk full, or the folder another user's?"};
  }
}

}  // namespace

Outcome<Stores> Stores::open(const DataFolder& folder) {
  std::string damaged;
  auto mailboxes = store::RocksMailboxStore::open(folder.mailboxes().string(), {}, &damaged);
  if (!mailboxes.ok()) return explain(mailboxes.error(), folder.mailboxes(), damaged);
  auto directory = store::RocksDirectoryStore::open(folder.directory().string(), {}, &damaged);
  if (!directory.ok()) return explain(directory.error(), folder.directory(), damaged);
  auto proofs = store::RocksProofStore::open(folder.proofs().string(), nullptr, &damaged);
  if (!proofs.ok()) return explain(proofs.error(), folder.proofs(), damaged);
  return Stores{std::move(mailboxes).take(), std::move(directory).take(), std::move(proofs).take()};
}

}  // namespace martlet::daemon
