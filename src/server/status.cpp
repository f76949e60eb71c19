#include "server/status.h"

#include <algorithm>

#include "base/limits.h"

namespace martlet::server {
namespace {

constexpr std::size_t kPreviewBytes = 16;

MailboxLine line_of(store::MailboxStore& mailboxes, const DeviceId& device,
                    const store::MailboxSummary& summary) {
  MailboxLine line{device, summary, {}};
  // A portion at a time: a hundred of the largest items are megabytes.
  for (store::Sequence after = 0; line.items.size() < kStatusItemsMax;) {
    const auto items = mailboxes.read(device, after, kStatusItemsMax - line.items.size(),
                                      limits::kDeliveryWindowBytes);
    if (!items.ok() || items.value().empty()) break;
    for (const auto& [sequence, item] : items.value()) {
      const auto preview = ByteView{item.sealed}.first(std::min(kPreviewBytes, item.sealed.size()));
      line.items.push_back(
          {sequence, item.kind, item.sealed.size(), item.accepted, item.expires, to_hex(preview)});
      after = sequence;
    }
  }
  return line;
}

}  // namespace

Result<StatusReport> make_status(store::MailboxStore& mailboxes, store::DirectoryStore& directory,
                                 bool list_mailboxes) {
  StatusReport report;
  report.directory = TRY(directory.counts());
  report.waiting = mailboxes.total();
  auto all = mailboxes.mailboxes();
  report.mailboxes_in_use = all.size();
  if (!list_mailboxes) return report;
  std::ranges::sort(all, {}, [](const auto& entry) { return entry.first; });
  all.resize(std::min(all.size(), kStatusMailboxesMax));
  for (const auto& [device, summary] : all) {
    report.mailboxes.push_back(line_of(mailboxes, device, summary));
  }
  return report;
}

}  // namespace martlet::server
