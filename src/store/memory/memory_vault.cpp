#include "store/memory/memory_vault.h"

#include <algorithm>

#include "base/check.h"
#include "store/memory/memory_vault_tables.h"

namespace martlet::store {
namespace {

using Order = MemoryVaultTables::Order;
constexpr Order kOrderMax = std::numeric_limits<Order>::max();

std::optional<Order> order_of(const MemoryVaultTables& tables, const DeviceId& author,
                              const MessageId& id) {
  return tables.by_id.find({id, author});
}

void put_into_indexes(MemoryVaultTables& tables, const MessageRecord& message) {
  tables.by_chat.put({message.chat, message.order}, {});
  if (!message.outgoing && !message.read) tables.unread.put({message.chat, message.order}, {});
}

/// Puts `changed` in the place of the message of the same order.
void replace_message(MemoryVaultTables& tables, const MessageRecord& changed) {
  const MemoryVaultTables::Placed place{tables.messages.rows().at(changed.order).chat,
                                        changed.order};
  tables.by_chat.erase(place);
  tables.unread.erase(place);
  put_into_indexes(tables, changed);
  tables.messages.put(changed.order, changed);
}

/// The rows of `chat` in an index, oldest first, with an order of at most `last`.
auto range_of(const Table<MemoryVaultTables::Placed, MemoryVaultTables::Nothing>& index,
              const ChatId& chat, Order last = kOrderMax) {
  return std::pair{index.rows().lower_bound({chat, 0}), index.rows().upper_bound({chat, last})};
}

}  // namespace

MemoryVaultDisk::MemoryVaultDisk() : tables_{std::make_unique<MemoryVaultTables>()} {}
MemoryVaultDisk::~MemoryVaultDisk() { CHECK(!tables_->open); }

void MemoryVaultDisk::copy_from(const MemoryVaultDisk& other) {
  CHECK(!tables_->open && other.tables_->journal.empty());
  tables_->limbo.clear();
  tables_->copy_rows(*other.tables_);
}

MemoryVault::MemoryVault(MemoryVaultDisk& disk, FaultHook fault)
    : tables_{*disk.tables_}, fault_{std::move(fault)} {
  CHECK(!tables_.open);
  tables_.open = true;
  tables_.limbo.redo();
  tables_.limbo.clear();
}

MemoryVault::~MemoryVault() { tables_.open = false; }

Result<void> MemoryVault::transact(const std::function<Result<void>()>& work) {
  if (in_transaction_) return Error{Failure::refused, "transactions do not nest"};
  in_transaction_ = true;
  const auto done = work();
  in_transaction_ = false;
  auto& journal = tables_.journal;
  if (!done.ok()) {
    journal.undo();
    journal.clear();
    return done;
  }
  if (journal.empty()) return {};
  const auto fault = fault_ ? fault_() : WriteFault::none;
  if (fault == WriteFault::none) {
    journal.clear();
    tables_.limbo.clear();
    return {};
  }
  journal.undo();
  if (fault == WriteFault::written) tables_.limbo = std::move(journal);
  journal.clear();
  return Error{Failure::unavailable, "the disk did not take it"};
}

Result<void> MemoryVault::writing() const {
  if (!in_transaction_) return Error{Failure::refused, "written outside a transaction"};
  return {};
}

Result<std::optional<ProfileRecord>> MemoryVault::profile() { return tables_.profile.find(0); }

Result<void> MemoryVault::put_profile(const ProfileRecord& profile) {
  TRY(writing());
  tables_.profile.put(0, profile);
  return {};
}

Result<std::optional<ChainRecord>> MemoryVault::chain(const AccountId& account) {
  return tables_.chains.find(account);
}

Result<void> MemoryVault::put_chain(const ChainRecord& chain) {
  TRY(writing());
  tables_.chains.put(chain.account, chain);
  return {};
}

Result<std::optional<HandleRecord>> MemoryVault::handle(const std::string& handle) {
  return tables_.handles.find(handle);
}

Result<void> MemoryVault::put_handle(const HandleRecord& record) {
  TRY(writing());
  tables_.handles.put(record.handle, record);
  return {};
}

Result<std::vector<HandleRecord>> MemoryVault::handles_of(const AccountId& account) {
  std::vector<HandleRecord> found;
  for (const auto& [handle, record] : tables_.handles.rows()) {
    if (record.account == account) found.push_back(record);
  }
  return found;
}

Result<void> MemoryVault::put_device_name(const DeviceNameRecord& name) {
  TRY(writing());
  tables_.device_names.put(name.device, name);
  return {};
}

Result<std::vector<DeviceNameRecord>> MemoryVault::device_names() {
  std::vector<DeviceNameRecord> all;
  for (const auto& [device, name] : tables_.device_names.rows()) all.push_back(name);
  return all;
}

Result<void> MemoryVault::put_contact(const ContactRecord& contact) {
  TRY(writing());
  tables_.contacts.put(contact.handle, contact);
  return {};
}

Result<std::vector<ContactRecord>> MemoryVault::contacts() {
  std::vector<ContactRecord> all;
  for (const auto& [handle, contact] : tables_.contacts.rows()) all.push_back(contact);
  std::ranges::stable_sort(all, {}, &ContactRecord::name);
  return all;
}

Result<std::optional<ContactRecord>> MemoryVault::contact_of_handle(const std::string& handle) {
  return tables_.contacts.find(handle);
}

Result<bool> MemoryVault::add_message(const MessageRecord& message) {
  TRY(writing());
  if (order_of(tables_, message.author, message.id)) return false;
  auto added = message;
  added.order = next_number(tables_.messages);
  tables_.by_id.put({added.id, added.author}, added.order);
  put_into_indexes(tables_, added);
  const auto order = added.order;
  tables_.messages.put(order, std::move(added));
  return true;
}

Result<std::optional<MessageRecord>> MemoryVault::message(const DeviceId& author,
                                                          const MessageId& id) {
  const auto order = order_of(tables_, author, id);
  return order ? tables_.messages.find(*order) : std::nullopt;
}

Result<std::optional<MessageRecord>> MemoryVault::find_message(const MessageId& id) {
  Order newest = 0;
  const auto& rows = tables_.by_id.rows();
  for (auto it = rows.lower_bound({id, DeviceId{}}); it != rows.end() && it->first.first == id;
       ++it) {
    newest = std::max(newest, it->second);
  }
  return tables_.messages.find(newest);
}

Result<void> MemoryVault::set_message_state(const DeviceId& author, const MessageId& id,
                                            MessageState state, FailureReason reason) {
  TRY(writing());
  auto changed = TRY(message(author, id));
  if (!changed) return Error{Failure::not_found, "no such message"};
  changed->state = state;
  changed->reason = reason;
  tables_.messages.put(changed->order, *changed);
  return {};
}

Result<void> MemoryVault::place_message(const DeviceId& author, const MessageId& id,
                                        const ChatId& chat, const AccountId& peer) {
  TRY(writing());
  auto changed = TRY(message(author, id));
  if (!changed) return Error{Failure::not_found, "no such message"};
  changed->chat = chat;
  changed->peer = peer;
  replace_message(tables_, *changed);
  return {};
}

Result<std::vector<MessageRecord>> MemoryVault::history(const ChatId& chat, std::uint64_t before,
                                                        std::size_t limit) {
  const auto [first, behind] =
      range_of(tables_.by_chat, chat, before == 0 ? kOrderMax : before - 1);
  std::vector<MessageRecord> page;
  for (auto it = behind; it != first && page.size() < limit;) {
    --it;
    page.push_back(tables_.messages.rows().at(it->first.second));
  }
  std::ranges::reverse(page);
  return page;
}

ChatRecord MemoryVault::chat_of(const ChatId& chat) const {
  const auto [unread_first, unread_behind] = range_of(tables_.unread, chat);
  const auto [first, behind] = range_of(tables_.by_chat, chat);
  ChatRecord record;
  record.chat = chat;
  record.unread = static_cast<std::uint64_t>(std::distance(unread_first, unread_behind));
  record.last = tables_.messages.rows().at(std::prev(behind)->first.second);
  record.peer = record.last.peer;
  const MessageRecord* own = nullptr;
  const MessageRecord* incoming = nullptr;
  for (auto it = behind; it != first && (own == nullptr || incoming == nullptr);) {
    --it;
    const auto& message = tables_.messages.rows().at(it->first.second);
    auto& newest = message.outgoing ? own : incoming;
    if (newest == nullptr) newest = &message;
  }
  if (incoming != nullptr) record.peer_name = incoming->sender_name;
  record.peer_handle = own != nullptr ? own->peer_handle : incoming->peer_handle;
  return record;
}

Result<std::vector<ChatRecord>> MemoryVault::chats() {
  std::vector<ChatRecord> all;
  const auto& rows = tables_.by_chat.rows();
  auto it = rows.upper_bound({ChatId{}, kOrderMax});  // messages that have only a handle yet
  while (it != rows.end()) {
    const auto chat = it->first.first;
    all.push_back(chat_of(chat));
    it = rows.upper_bound({chat, kOrderMax});
  }
  std::ranges::sort(all, std::greater{}, [](const auto& chat) { return chat.last.order; });
  return all;
}

Result<std::vector<MessageRecord>> MemoryVault::unread(const ChatId& chat) {
  const auto [first, behind] = range_of(tables_.unread, chat);
  std::vector<MessageRecord> found;
  for (auto it = first; it != behind; ++it) {
    found.push_back(tables_.messages.rows().at(it->first.second));
  }
  return found;
}

Result<void> MemoryVault::mark_read(const ChatId& chat, std::uint64_t up_to_order) {
  TRY(writing());
  const auto [first, behind] = range_of(tables_.unread, chat, up_to_order);
  std::vector<Order> orders;
  for (auto it = first; it != behind; ++it) orders.push_back(it->first.second);
  for (const auto order : orders) {
    auto changed = tables_.messages.rows().at(order);
    changed.read = true;
    replace_message(tables_, changed);
  }
  return {};
}

Result<void> MemoryVault::put_outbox(const OutboxRecord& item) {
  TRY(writing());
  const auto known = tables_.outbox_place.find(item.message);
  const auto place = known ? *known : next_number(tables_.outbox);
  if (!known) tables_.outbox_place.put(item.message, place);
  tables_.outbox.put(place, item);
  return {};
}

Result<void> MemoryVault::remove_outbox(const MessageId& message) {
  TRY(writing());
  const auto place = tables_.outbox_place.find(message);
  if (!place) return {};
  tables_.outbox.erase(*place);
  tables_.outbox_place.erase(message);
  return {};
}

Result<std::vector<OutboxRecord>> MemoryVault::outbox() {
  std::vector<OutboxRecord> all;
  for (const auto& [place, item] : tables_.outbox.rows()) all.push_back(item);
  return all;
}

Result<std::uint64_t> MemoryVault::outbox_size() {
  return std::uint64_t{tables_.outbox.rows().size()};
}

Result<void> MemoryVault::put_delivery(const DeliveryRecord& delivery) {
  TRY(writing());
  tables_.deliveries.put({delivery.message, delivery.device}, delivery);
  return {};
}

Result<std::vector<DeliveryRecord>> MemoryVault::deliveries(const MessageId& message) {
  std::vector<DeliveryRecord> found;
  const auto& rows = tables_.deliveries.rows();
  for (auto it = rows.lower_bound({message, DeviceId{}});
       it != rows.end() && it->first.first == message; ++it) {
    found.push_back(it->second);
  }
  return found;
}

Result<bool> MemoryVault::mark_seen(const DeviceId& author, const MessageId& id, UnixMillis now) {
  TRY(writing());
  if (tables_.seen.contains({author, id})) return false;
  tables_.seen.put({author, id}, now);
  tables_.by_seen.put({now, {author, id}}, {});
  return true;
}

Result<bool> MemoryVault::is_seen(const DeviceId& author, const MessageId& id) {
  return tables_.seen.contains({author, id});
}

Result<void> MemoryVault::forget_seen(UnixMillis time) {
  TRY(writing());
  const auto& rows = tables_.by_seen.rows();
  while (!rows.empty() && rows.begin()->first.first < time) {
    const auto oldest = rows.begin()->first;
    tables_.seen.erase(oldest.second);
    tables_.by_seen.erase(oldest);
  }
  return {};
}

Result<Cursor> MemoryVault::add_event(const EventRecord& event) {
  TRY(writing());
  auto added = event;
  added.cursor = next_number(tables_.events);
  tables_.events.put(added.cursor, added);
  return added.cursor;
}

Result<std::vector<EventRecord>> MemoryVault::events(Cursor after, std::size_t limit) {
  std::vector<EventRecord> page;
  const auto& rows = tables_.events.rows();
  for (auto it = rows.upper_bound(after); it != rows.end() && page.size() < limit; ++it) {
    page.push_back(it->second);
  }
  return page;
}

Result<Cursor> MemoryVault::consumed(const std::string& consumer) {
  return tables_.consumed.find(consumer).value_or(0);
}

Result<void> MemoryVault::set_consumed(const std::string& consumer, Cursor cursor) {
  TRY(writing());
  tables_.consumed.put(consumer, cursor);
  return {};
}

}  // namespace martlet::store
