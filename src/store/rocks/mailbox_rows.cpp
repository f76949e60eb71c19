#include "store/rocks/mailbox_rows.h"

#include "base/check.h"
#include "base/reader.h"
#include "store/rocks/row_parts.h"

namespace martlet::store {
namespace {

constexpr std::uint8_t kMailboxLayout = 1;
constexpr std::uint64_t kSignBit = 1ULL << 63U;  // flipped, so that times before 1970 sort first

/// Fills an array of known size from its front.
template <std::size_t N>
class Fill {
 public:
  Fill& u8(std::uint8_t value) {
    out_[at_++] = value;
    return *this;
  }
  Fill& u64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) u8(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  Fill& time(UnixMillis value) {
    return u64(static_cast<std::uint64_t>(count_of(value)) ^ kSignBit);
  }
  Fill& bytes(ByteView part) {
    CHECK(part.size() <= N - at_);
    std::ranges::copy(part, out_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += part.size();
    return *this;
  }
  std::array<std::uint8_t, N> done() const {
    CHECK(at_ == N);
    return out_;
  }

 private:
  std::array<std::uint8_t, N> out_;
  std::size_t at_ = 0;
};

Result<UnixMillis> sorted_time(Reader& in) {
  return unix_millis(static_cast<std::int64_t>(TRY(in.u64()) ^ kSignBit));
}

Result<void> table(Reader& key, MailboxTable expected) {
  if (TRY(key.u8()) != static_cast<std::uint8_t>(expected)) {
    return Error{Failure::malformed, "a row of another table"};
  }
  return {};
}

Result<WaitingItem> parse_item(ByteView key, ByteView row) {
  Reader where{key};
  TRY(table(where, MailboxTable::items));
  WaitingItem out;
  out.item.recipient = TRY(where.id<DeviceId>());
  out.sequence = TRY(where.u64());
  TRY(where.finish());

  Reader in{row};
  if (TRY(in.u8()) != kMailboxLayout) return Error{Failure::malformed, "an item of another layout"};
  const auto kind = TRY(in.u8());
  if (kind != 1 && kind != 2) return Error{Failure::malformed, "an item of another kind"};
  out.item.kind = static_cast<ItemKind>(kind);
  out.item.suite = TRY(in.u8());
  out.item.sender = TRY(in.id<DeviceId>());
  out.item.sender_account = TRY(in.id<AccountId>());
  out.item.message = TRY(in.id<MessageId>());
  out.item.accepted = TRY(sorted_time(in));
  out.item.expires = TRY(sorted_time(in));
  out.item.sealed = in.rest();
  return out;
}

Result<ExpiryRow> parse_expiry(ByteView key, ByteView row) {
  Reader where{key};
  TRY(table(where, MailboxTable::expiry));
  ExpiryRow out;
  out.expires = TRY(sorted_time(where));
  out.sequence = TRY(where.u64());
  out.recipient = TRY(where.id<DeviceId>());
  TRY(where.finish());
  Reader in{row};
  out.bytes = TRY(in.u32());
  TRY(in.finish());
  return out;
}

Result<std::uint64_t> parse_boots(ByteView row) {
  Reader in{row};
  if (TRY(in.u8()) != kMailboxLayout)
    return Error{Failure::malformed, "mailboxes of another layout"};
  const auto boots = TRY(in.u64());
  TRY(in.finish());
  return boots;
}

}  // namespace

ItemKey item_key(const DeviceId& recipient, Sequence sequence) {
  return Fill<sizeof(ItemKey)>{}
      .u8(static_cast<std::uint8_t>(MailboxTable::items))
      .bytes(recipient.view())
      .u64(sequence)
      .done();
}

ItemHeader item_header(const MailboxItem& item) {
  return Fill<sizeof(ItemHeader)>{}
      .u8(kMailboxLayout)
      .u8(static_cast<std::uint8_t>(item.kind))
      .u8(item.suite)
      .bytes(item.sender.view())
      .bytes(item.sender_account.view())
      .bytes(item.message.view())
      .time(item.accepted)
      .time(item.expires)
      .done();
}

Result<WaitingItem> load_item(ByteView key, ByteView row) { return stored(parse_item(key, row)); }

IndexKey index_key(const DeviceId& recipient, ItemKind kind, const DeviceId& sender,
                   const MessageId& message) {
  return Fill<sizeof(IndexKey)>{}
      .u8(static_cast<std::uint8_t>(MailboxTable::index))
      .bytes(recipient.view())
      .u8(static_cast<std::uint8_t>(kind))
      .bytes(sender.view())
      .bytes(message.view())
      .done();
}

std::array<std::uint8_t, 8> index_row(Sequence sequence) { return Fill<8>{}.u64(sequence).done(); }

Result<Sequence> load_index(ByteView row) {
  Reader in{row};
  const auto sequence = TRY(stored(in.u64()));
  if (in.left() > 0) return Error{Failure::corrupt, "an index row of the wrong length"};
  return sequence;
}

ExpiryKey expiry_key(UnixMillis expires, Sequence sequence, const DeviceId& recipient) {
  return Fill<sizeof(ExpiryKey)>{}
      .u8(static_cast<std::uint8_t>(MailboxTable::expiry))
      .time(expires)
      .u64(sequence)
      .bytes(recipient.view())
      .done();
}

std::array<std::uint8_t, 4> expiry_row(std::size_t bytes) {
  CHECK(bytes <= 0xffff'ffffU);
  Fill<4> row;
  for (int shift = 24; shift >= 0; shift -= 8) row.u8(static_cast<std::uint8_t>(bytes >> shift));
  return row.done();
}

Result<ExpiryRow> load_expiry(ByteView key, ByteView row) { return stored(parse_expiry(key, row)); }

std::array<std::uint8_t, 9> boots_row(std::uint64_t boots) {
  return Fill<9>{}.u8(kMailboxLayout).u64(boots).done();
}

Result<std::uint64_t> load_boots(ByteView row) { return stored(parse_boots(row)); }

}  // namespace martlet::store
