#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

/// What people say to each other, before sealing and after opening (spec/content.md).
namespace martlet::wire {

struct Text {
  std::string text;  ///< UTF-8, 1 to kTextBytesMax bytes
  std::optional<MessageId> reply_to;
};
enum class ReceiptState : std::uint8_t { delivered = 1, read = 2 };
struct Receipt {
  ReceiptState state = ReceiptState::delivered;
  std::vector<MessageId> messages;  ///< 1 to 1,024
};
/// The author's account chain has grown: look it up before the next message.
struct DevicesChanged {
  std::uint32_t seqno = 0;
  LinkId head;
};
/// The author could not open this message of the device that he writes to: seal it again for him.
struct ReSeal {
  MessageId message;
};
/// What a device of the sender's account is called; for the own other devices alone.
struct DeviceName {
  DeviceId device;
  std::string name;      ///< UTF-8, at most kNameBytesMax; so `platform`
  std::string platform;  ///< such as "linux"
};
/// A kind that a newer version knows. Shown as "needs a newer version".
struct UnknownKind {};

struct Content {
  MessageId message;
  UnixMillis sent{};
  AccountId sender_account;
  AccountId recipient_account;
  std::string sender_handle;
  std::string sender_name;  ///< at most kNameBytesMax, may be empty
  std::variant<UnknownKind, Text, Receipt, DevicesChanged, ReSeal, DeviceName> kind;
  /// How the author calls the recipient, so that his other devices can name the chat.
  std::string recipient_handle{};
};

/// The caller wipes the result: it is plaintext (crypto::wipe).
Bytes encode(const Content& content);
/// Fails with `malformed` (not protobuf, ids of the wrong length, not UTF-8) or `limit_reached`.
Result<Content> parse_content(ByteView encoded);

}  // namespace martlet::wire
