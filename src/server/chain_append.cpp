#include "server/chain_append.h"

#include <algorithm>

#include "transparency/account_chain.h"

namespace martlet::server {
namespace {

using transparency::AccountChain;
using wire::RefusalCode;

std::vector<DeviceId> devices_of(const AccountChain& chain) {
  std::vector<DeviceId> ids;
  for (const auto& device : chain.devices()) ids.push_back(device.id);
  return ids;
}

/// Whether the link at its place is this one.
bool is_there(const std::vector<Bytes>& links, const transparency::Link& link) {
  if (link.fields.seqno >= links.size()) return false;
  const auto stored = transparency::parse_link(links[link.fields.seqno]);
  return stored.ok() && stored.value().id() == link.id();
}

}  // namespace

Result<ChainGrowth, RefusalCode> append_link(store::DirectoryStore& directory,
                                             const wire::AppendLink& request) {
  const auto link = transparency::parse_link(request.link);
  if (!link.ok()) return RefusalCode::chain_refused;
  auto found = directory.account(request.account);
  if (!found.ok()) return RefusalCode::unavailable;
  if (!found.value()) return RefusalCode::unknown_account;
  auto& record = *found.value();
  if (record.status == store::AccountStatus::suspended) return RefusalCode::account_suspended;

  const auto seqno = link.value().fields.seqno;
  const auto id = link.value().id();
  if (is_there(record.links, link.value())) return ChainGrowth{{record.account, seqno, id}, {}, {}};
  if (request.known_head != record.head) return RefusalCode::chain_moved;

  auto chain = AccountChain::verify(record.links, record.account, std::nullopt);
  if (!chain.ok()) return RefusalCode::unavailable;
  const auto before = devices_of(chain.value());
  if (!chain.value().append(request.link).ok()) return RefusalCode::chain_refused;

  record.links.push_back(request.link);
  record.head = chain.value().head();
  record.devices = devices_of(chain.value());
  const auto stored = directory.update(record, request.known_head);
  if (!stored.ok()) {
    // Refused: its new device is another account's.
    return stored.error().failure == Failure::refused ? RefusalCode::chain_refused
                                                      : RefusalCode::unavailable;
  }
  ChainGrowth growth{{record.account, seqno, id}, record.devices, {}};
  std::ranges::set_difference(before, record.devices, std::back_inserter(growth.left));
  return growth;
}

}  // namespace martlet::server
