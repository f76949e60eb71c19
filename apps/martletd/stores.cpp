#include "apps/martletd/stores.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/rocks/rocks_directory_store.h"
#include "store/rocks/rocks_mailbox_store.h"
#include "store/rocks/rocks_proof_store.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;
using Engine = StoreSettings::Engine;
using Mailboxes = std::unique_ptr<store::MailboxStore>;

constexpr std::size_t kCopyItems = 1'024;
constexpr std::size_t kCopyBytes = 8 * 1024 * 1024;

Complaint explain(const Error& error, const fs::path& path, const std::string& file,
                  const char* hint) {
  switch (error.failure) {
    case Failure::in_use:
      return {Exit::data_folder, "another process is using " + path.string(), ""};
    case Failure::corrupt:
      return {Exit::data_folder,
              "damaged: " + (file.empty() ? path : path / file).string() + ": " + error.reason.text,
              hint};
    default:
      return {Exit::data_folder, "cannot open " + path.string() + ": " + error.reason.text,
              "is the disk full, or the folder another user's?"};
  }
}
constexpr const char* kDamageHint =
    "the server does not start, so that nothing more is lost; copy the folder, then check the disk "
    "and restore a backup";
constexpr const char* kMailboxDamageHint =
    "the server does not start, so that nothing more is lost; copy the folder and check the disk; "
    "then set `store.accept_damage` to serve what can be read";

fs::path path_of(const DataFolder& folder, Engine engine) {
  return engine == Engine::rocks ? folder.rocks_mailboxes() : folder.segment_mailboxes();
}

Outcome<Mailboxes> open_mailboxes(const DataFolder& folder, Engine engine,
                                  const StoreSettings& settings, std::string& damaged) {
  const auto path = path_of(folder, engine);
  if (engine == Engine::rocks) {
    auto opened = store::RocksMailboxStore::open(path.string(), {}, &damaged);
    if (!opened.ok()) return explain(opened.error(), path, damaged, kDamageHint);
    return Mailboxes{std::move(opened).take()};
  }
  store::SegmentMailboxOptions options;
  options.disk_bytes_max = settings.disk_bytes_max;
  options.accept_damage = settings.accept_damage;
  auto opened = store::SegmentMailboxStore::open(path.string(), options, &damaged);
  if (!opened.ok()) return explain(opened.error(), path, damaged, kMailboxDamageHint);
  return Mailboxes{std::move(opened).take()};
}

/// The folder is out of the way at once, and gone soon: also if a kill comes in between.
Outcome<void> remove_folder(const DataFolder& folder, const fs::path& path) {
  const fs::path leaving = path.string() + ".moved";
  std::error_code error;
  fs::remove_all(leaving, error);
  if (!error && fs::exists(path)) fs::rename(path, leaving, error);
  if (!error) {
    const Descriptor parent{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!parent || ::fsync(parent.get()) != 0) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::remove_all(leaving, error);
  if (!error) return {};
  return Complaint{Exit::data_folder, "cannot remove " + path.string() + ": " + error.message()};
}

Outcome<void> move_mailboxes(const DataFolder& folder, Engine from, Engine to) {
  const auto old = path_of(folder, from);
  std::error_code error;
  if (fs::exists(old, error)) {
    std::string damaged;
    const StoreSettings unlimited;
    auto source = TRY(open_mailboxes(folder, from, unlimited, damaged));
    auto target = TRY(open_mailboxes(folder, to, unlimited, damaged));
    const auto copied = copy_mailboxes(*source, *target);
    if (!copied.ok()) {
      return Complaint{
          Exit::data_folder,
          "cannot move what waits in " + old.string() + ": " + copied.error().reason.text,
          "nothing is lost: it is still there, and is tried again at the next start"};
    }
  }
  return remove_folder(folder, old);
}

}  // namespace

Result<void> copy_mailboxes(store::MailboxStore& from, store::MailboxStore& to) {
  for (const auto& [device, summary] : from.mailboxes()) {
    store::Sequence after = 0;
    for (;;) {
      const auto items = TRY(from.read(device, after, kCopyItems, kCopyBytes));
      if (items.empty()) break;
      for (const auto& waiting : items) TRY(to.append(waiting.item));
      TRY(to.sync());
      after = items.back().sequence;
    }
  }
  return {};
}

Outcome<Stores> Stores::open(const DataFolder& folder, const StoreSettings& settings) {
  const auto other = settings.mailboxes == Engine::rocks ? Engine::segments : Engine::rocks;
  TRY(move_mailboxes(folder, other, settings.mailboxes));
  std::string damaged;
  auto mailboxes = TRY(open_mailboxes(folder, settings.mailboxes, settings, damaged));
  fs::path accepted;
  if (!damaged.empty()) accepted = path_of(folder, settings.mailboxes) / damaged;
  damaged.clear();
  auto directory = store::RocksDirectoryStore::open(folder.directory().string(), {}, &damaged);
  if (!directory.ok()) return explain(directory.error(), folder.directory(), damaged, kDamageHint);
  auto proofs = store::RocksProofStore::open(folder.proofs().string(), nullptr, &damaged);
  if (!proofs.ok()) return explain(proofs.error(), folder.proofs(), damaged, kDamageHint);
  return Stores{std::move(mailboxes), std::move(directory).take(), std::move(proofs).take(),
                std::move(accepted)};
}

}  // namespace martlet::daemon
