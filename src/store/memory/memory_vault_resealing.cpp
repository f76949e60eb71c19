#include <algorithm>

#include "store/memory/memory_vault.h"
#include "store/memory/memory_vault_tables.h"

namespace martlet::store {
namespace {

void erase_kept(MemoryVaultTables& tables, const MessageId& message) {
  const auto place = tables.kept_place.find(message);
  if (!place) return;
  tables.kept.erase(*place);
  tables.kept_place.erase(message);
  auto& rows = tables.kept_targets.rows();
  for (auto it = rows.lower_bound({message, DeviceId{}});
       it != rows.end() && it->first.first == message;
       it = rows.lower_bound({message, DeviceId{}})) {
    const auto key = it->first;
    tables.kept_targets.erase(key);
  }
}

}  // namespace

Result<void> MemoryVault::put_kept(const KeptRecord& kept, std::span<const DeviceId> targets) {
  TRY(writing());
  if (targets.empty()) return {};
  if (!tables_.kept_place.contains(kept.message)) {
    const auto place = next_number(tables_.kept);
    tables_.kept_place.put(kept.message, place);
    tables_.kept.put(place, kept);
  }
  for (const auto& device : targets) {
    if (tables_.kept_targets.contains({kept.message, device})) continue;
    tables_.kept_targets.put({kept.message, device}, 0);
  }
  return {};
}

Result<std::optional<KeptRecord>> MemoryVault::kept(const MessageId& message) {
  const auto place = tables_.kept_place.find(message);
  return place ? tables_.kept.find(*place) : std::nullopt;
}

Result<std::vector<KeptTarget>> MemoryVault::kept_targets(const MessageId& message) {
  std::vector<KeptTarget> found;
  const auto& rows = tables_.kept_targets.rows();
  for (auto it = rows.lower_bound({message, DeviceId{}});
       it != rows.end() && it->first.first == message; ++it) {
    found.push_back({it->first.second, it->second});
  }
  return found;
}

Result<void> MemoryVault::set_kept_requests(const MessageId& message, const DeviceId& device,
                                            std::uint32_t requests) {
  TRY(writing());
  if (!tables_.kept_targets.contains({message, device})) {
    return Error{Failure::not_found, "the content is not kept for this device"};
  }
  tables_.kept_targets.put({message, device}, requests);
  return {};
}

Result<void> MemoryVault::drop_kept(const MessageId& message, const DeviceId& device) {
  TRY(writing());
  if (!tables_.kept_targets.contains({message, device})) return {};
  tables_.kept_targets.erase({message, device});
  const auto& rows = tables_.kept_targets.rows();
  const auto other = rows.lower_bound({message, DeviceId{}});
  if (other == rows.end() || other->first.first != message) erase_kept(tables_, message);
  return {};
}

Result<void> MemoryVault::trim_kept(UnixMillis time, std::size_t unanswered_max) {
  TRY(writing());
  std::vector<MessageId> dropped;
  std::size_t unanswered = 0;
  const auto& rows = tables_.kept.rows();
  for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
    const auto& kept = it->second;
    const bool is_old = kept.since < time;
    const bool is_too_many = !is_old && !kept.answered && ++unanswered > unanswered_max;
    if (is_old || is_too_many) dropped.push_back(kept.message);
  }
  for (const auto& message : dropped) erase_kept(tables_, message);
  return {};
}

Result<std::uint64_t> MemoryVault::kept_size() { return std::uint64_t{tables_.kept.rows().size()}; }

Result<void> MemoryVault::put_unopened(const UnopenedRecord& record) {
  TRY(writing());
  tables_.unopened.put({record.sender, record.message}, record);
  return {};
}

Result<void> MemoryVault::remove_unopened(const DeviceId& sender, const MessageId& message) {
  TRY(writing());
  tables_.unopened.erase({sender, message});
  return {};
}

Result<std::vector<UnopenedRecord>> MemoryVault::unopened() {
  std::vector<UnopenedRecord> all;
  for (const auto& [key, record] : tables_.unopened.rows()) all.push_back(record);
  return all;
}

Result<std::optional<Bytes>> MemoryVault::note(const std::string& name) {
  return tables_.notes.find(name);
}

Result<void> MemoryVault::put_note(const std::string& name, const Bytes& value) {
  TRY(writing());
  tables_.notes.put(name, value);
  return {};
}

}  // namespace martlet::store
