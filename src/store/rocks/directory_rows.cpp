#include "store/rocks/directory_rows.h"

#include "base/reader.h"
#include "base/writer.h"
#include "store/rocks/row_parts.h"

namespace martlet::store {
namespace {

constexpr std::uint8_t kDirectoryLayout = 1;

Writer row() {
  Writer out;
  out.u8(kDirectoryLayout);
  return out;
}

Result<void> layout(Reader& in) {
  if (TRY(in.u8()) != kDirectoryLayout) return Error{Failure::malformed, "a row of another layout"};
  return {};
}

Result<bool> flag(Reader& in) {
  const auto value = TRY(in.u8());
  if (value > 1) return Error{Failure::malformed, "a flag that is neither set nor clear"};
  return value == 1;
}

Result<AccountStatus> status(Reader& in) {
  const auto value = TRY(in.u8());
  if (value != 1 && value != 2) return Error{Failure::malformed, "an unknown status"};
  return static_cast<AccountStatus>(value);
}

/// `count` items of at least `item_bytes` each; checked before anything is allocated.
Result<std::size_t> count(Reader& in, std::size_t item_bytes) {
  const std::size_t items = TRY(in.u32());
  if (items > in.left() / item_bytes) return Error{Failure::malformed, "cut short"};
  return items;
}

std::uint32_t size_of(std::size_t items) {
  CHECK(items <= 0xffff'ffffU);
  return static_cast<std::uint32_t>(items);
}

Result<DirectoryCounts> parse_counts(ByteView bytes) {
  Reader in{bytes};
  TRY(layout(in));
  DirectoryCounts counts;
  counts.accounts = TRY(in.u64());
  counts.devices = TRY(in.u64());
  counts.handles = TRY(in.u64());
  TRY(in.finish());
  return counts;
}

Result<Invitation> parse_invitation(const TokenHash& token_hash, ByteView bytes) {
  Reader in{bytes};
  TRY(layout(in));
  Invitation invitation;
  invitation.token_hash = token_hash;
  invitation.handle = text_of(TRY(in.prefixed_u8()));
  invitation.admin = TRY(flag(in));
  invitation.uses_left = TRY(in.u32());
  invitation.expires = TRY(time(in));
  const auto users = TRY(count(in, AccountId::kBytes));
  invitation.used_by.reserve(users);
  for (std::size_t i = 0; i < users; ++i) invitation.used_by.push_back(TRY(in.id<AccountId>()));
  TRY(in.finish());
  return invitation;
}

Result<AccountRecord> parse_account(const AccountId& account, ByteView bytes) {
  Reader in{bytes};
  TRY(layout(in));
  AccountRecord record;
  record.account = account;
  record.status = TRY(status(in));
  record.admin = TRY(flag(in));
  record.enrolled = TRY(time(in));
  record.head = TRY(in.id<LinkId>());
  const auto handles = TRY(count(in, 1));
  record.handles.reserve(handles);
  for (std::size_t i = 0; i < handles; ++i) {
    record.handles.emplace_back(text_of(TRY(in.prefixed_u8())));
  }
  const auto devices = TRY(count(in, DeviceId::kBytes));
  record.devices.reserve(devices);
  for (std::size_t i = 0; i < devices; ++i) record.devices.push_back(TRY(in.id<DeviceId>()));
  const auto links = TRY(count(in, 2));
  record.links.reserve(links);
  for (std::size_t i = 0; i < links; ++i) record.links.push_back(copy_of(TRY(in.prefixed_u16())));
  TRY(in.finish());
  return record;
}

Result<AccountId> parse_handle(ByteView bytes) {
  Reader in{bytes};
  TRY(layout(in));
  const auto account = TRY(in.id<AccountId>());
  TRY(in.finish());
  return account;
}

Result<DeviceRecord> parse_device(ByteView bytes) {
  Reader in{bytes};
  TRY(layout(in));
  DeviceRecord device;
  device.account = TRY(in.id<AccountId>());
  device.head = TRY(in.id<LinkId>());
  device.status = TRY(status(in));
  TRY(in.finish());
  return device;
}

}  // namespace

Bytes directory_key(DirectoryTable table, ByteView name) {
  const auto first = static_cast<std::uint8_t>(table);
  return concat({ByteView{&first, 1}, name});
}

Bytes counts_row(const DirectoryCounts& counts) {
  auto out = row();
  out.u64(counts.accounts).u64(counts.devices).u64(counts.handles);
  return std::move(out).take();
}
Result<DirectoryCounts> load_counts(ByteView row) { return stored(parse_counts(row)); }

Bytes invitation_row(const Invitation& invitation) {
  auto out = row();
  out.prefixed_u8(bytes_of(invitation.handle))
      .u8(invitation.admin ? 1 : 0)
      .u32(invitation.uses_left)
      .u64(number_of(invitation.expires))
      .u32(size_of(invitation.used_by.size()));
  for (const auto& account : invitation.used_by) out.bytes(account.view());
  return std::move(out).take();
}
Result<Invitation> load_invitation(const TokenHash& token_hash, ByteView row) {
  return stored(parse_invitation(token_hash, row));
}

Bytes account_row(const AccountRecord& account) {
  auto out = row();
  out.u8(static_cast<std::uint8_t>(account.status))
      .u8(account.admin ? 1 : 0)
      .u64(number_of(account.enrolled))
      .bytes(account.head.view());
  out.u32(size_of(account.handles.size()));
  for (const auto& handle : account.handles) out.prefixed_u8(bytes_of(handle));
  out.u32(size_of(account.devices.size()));
  for (const auto& device : account.devices) out.bytes(device.view());
  out.u32(size_of(account.links.size()));
  for (const auto& link : account.links) out.prefixed_u16(link);
  return std::move(out).take();
}
Result<AccountRecord> load_account(const AccountId& account, ByteView row) {
  return stored(parse_account(account, row));
}

Bytes handle_row(const AccountId& account) {
  auto out = row();
  out.bytes(account.view());
  return std::move(out).take();
}
Result<AccountId> load_handle(ByteView row) { return stored(parse_handle(row)); }

Bytes mark_row() { return row().take(); }

Bytes device_row(const DeviceRecord& device) {
  auto out = row();
  out.bytes(device.account.view())
      .bytes(device.head.view())
      .u8(static_cast<std::uint8_t>(device.status));
  return std::move(out).take();
}
Result<DeviceRecord> load_device(ByteView row) { return stored(parse_device(row)); }

}  // namespace martlet::store
