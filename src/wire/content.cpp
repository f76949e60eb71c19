#include "wire/content.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "content.pb.h"
#include "wire/fields.h"

namespace martlet::wire {
namespace {

void put(pb::Content&, const UnknownKind&) {
  CHECK(false && "an unknown kind is only ever received");
}
void put(pb::Content& out, const Text& in) {
  auto& pb = *out.mutable_text();
  pb.set_text(in.text);
  if (in.reply_to) put_bytes(*pb.mutable_reply_to(), in.reply_to->view());
}
void put(pb::Content& out, const Receipt& in) {
  auto& pb = *out.mutable_receipt();
  pb.set_state(static_cast<std::uint32_t>(in.state));
  for (const auto& message : in.messages) put_bytes(*pb.add_messages(), message.view());
}
void put(pb::Content& out, const DevicesChanged& in) {
  auto& pb = *out.mutable_devices_changed();
  pb.set_seqno(in.seqno);
  put_bytes(*pb.mutable_head(), in.head.view());
}

void put(pb::Content& out, const ReSeal& in) {
  put_bytes(*out.mutable_re_seal()->mutable_message(), in.message.view());
}

void put(pb::Content& out, const DeviceName& in) {
  put_bytes(*out.mutable_device_name()->mutable_device(), in.device.view());
  out.mutable_device_name()->set_name(in.name);
  out.mutable_device_name()->set_platform(in.platform);
}

Result<DeviceName> take(const pb::DeviceName& in) {
  if (in.name().size() > limits::kNameBytesMax || in.platform().size() > limits::kNameBytesMax) {
    return Error{Failure::limit_reached, "a device's name too long"};
  }
  if (!is_utf8(in.name()) || !is_utf8(in.platform())) {
    return Error{Failure::malformed, "a device's name that is not UTF-8"};
  }
  return DeviceName{TRY(take_id<DeviceId>(in.device())), in.name(), in.platform()};
}

Result<ReSeal> take(const pb::ReSeal& in) { return ReSeal{TRY(take_id<MessageId>(in.message()))}; }

Result<DevicesChanged> take(const pb::DevicesChanged& in) {
  if (in.seqno() >= limits::kLinksMax) return Error{Failure::limit_reached, "too many links"};
  return DevicesChanged{in.seqno(), TRY(take_id<LinkId>(in.head()))};
}

Result<Text> take(const pb::Text& in) {
  if (in.text().size() > limits::kTextBytesMax)
    return Error{Failure::limit_reached, "a text too long"};
  if (in.text().empty() || !is_utf8(in.text()))
    return Error{Failure::malformed, "a text that is none"};
  Text out{in.text(), std::nullopt};
  if (!in.reply_to().empty()) out.reply_to = TRY(take_id<MessageId>(in.reply_to()));
  return out;
}

Result<Receipt> take(const pb::Receipt& in) {
  if (in.state() < 1 || in.state() > 2) return Error{Failure::malformed, "an unknown receipt"};
  if (in.messages().empty()) return Error{Failure::malformed, "a receipt for nothing"};
  if (static_cast<std::size_t>(in.messages_size()) > limits::kReceiptMessagesMax) {
    return Error{Failure::limit_reached, "a receipt for too many messages"};
  }
  Receipt out{static_cast<ReceiptState>(in.state()), {}};
  for (const auto& message : in.messages())
    out.messages.push_back(TRY(take_id<MessageId>(message)));
  return out;
}

}  // namespace

Bytes encode(const Content& content) {
  pb::Content out;
  put_bytes(*out.mutable_message(), content.message.view());
  out.set_sent_ms(time_field(content.sent));
  put_bytes(*out.mutable_sender_account(), content.sender_account.view());
  put_bytes(*out.mutable_recipient_account(), content.recipient_account.view());
  out.set_sender_handle(content.sender_handle);
  out.set_sender_name(content.sender_name);
  if (!content.recipient_handle.empty()) out.set_recipient_handle(content.recipient_handle);
  std::visit([&out](const auto& kind) { put(out, kind); }, content.kind);
  return serialized(out);
}

Result<Content> parse_content(ByteView encoded) {
  if (encoded.size() > limits::kSealedBytesMax)
    return Error{Failure::limit_reached, "a content too long"};
  pb::Content in;
  if (!in.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return Error{Failure::malformed, "not a content"};
  }
  Content out;
  out.message = TRY(take_id<MessageId>(in.message()));
  out.sent = TRY(take_time(in.sent_ms()));
  out.sender_account = TRY(take_id<AccountId>(in.sender_account()));
  out.recipient_account = TRY(take_id<AccountId>(in.recipient_account()));
  if (in.sender_handle().size() > limits::kHandleBytesMax ||
      in.recipient_handle().size() > limits::kHandleBytesMax ||
      in.sender_name().size() > limits::kNameBytesMax) {
    return Error{Failure::limit_reached, "a name too long"};
  }
  if (!is_utf8(in.sender_handle()) || !is_utf8(in.sender_name()) ||
      !is_utf8(in.recipient_handle())) {
    return Error{Failure::malformed, "a name that is not UTF-8"};
  }
  out.sender_handle = in.sender_handle();
  out.sender_name = in.sender_name();
  out.recipient_handle = in.recipient_handle();
  if (in.has_text()) out.kind = TRY(take(in.text()));
  if (in.has_receipt()) out.kind = TRY(take(in.receipt()));
  if (in.has_re_seal()) out.kind = TRY(take(in.re_seal()));
  if (in.has_device_name()) out.kind = TRY(take(in.device_name()));
  if (in.has_devices_changed()) out.kind = TRY(take(in.devices_changed()));
  return out;
}

}  // namespace martlet::wire
