// What the own other devices send: copies of messages, read marks, receipts for copies.
#include "client/inbox.h"

namespace martlet::client {

Result<bool> Inbox::handle_own(Held& held, UnixMillis now) {
  const auto* receipt = std::get_if<wire::Receipt>(&held.content->kind);
  if (const auto* change = std::get_if<wire::DevicesChanged>(&held.content->kind)) {
    own_.on_announced(change->head);
  } else if (const auto* name = std::get_if<wire::DeviceName>(&held.content->kind)) {
    TRY(keep_name(held, *name, now));
  } else if (receipt == nullptr) {
    TRY(keep_copy(held, now));
  } else if (held.content->recipient_account != self_.profile.account) {
    TRY(keep_read_mark(held, *receipt, now));
  } else {
    TRY(keep_receipt(held, *receipt, now));
  }
  return true;
}

/// The newest name stands, whichever device of ours gave it.
Result<void> Inbox::keep_name(const Held& held, const wire::DeviceName& name, UnixMillis now) {
  const auto& at = held.content->sent;
  return vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.mark_seen(held.deliver.sender, held.deliver.message, now))) return {};
    if (!was_own_device(self_, name.device)) return {};
    for (const auto& known : TRY(vault_.device_names())) {
      if (known.device == name.device && known.at > at) return {};
    }
    return vault_.put_device_name({name.device, name.name, name.platform, at});
  });
}

/// Shown as sent here: outgoing, in the chat of its recipient.
Result<void> Inbox::keep_copy(const Held& held, UnixMillis now) {
  const auto& content = *held.content;
  store::MessageRecord message;
  message.id = content.message;
  message.author = held.deliver.sender;
  message.author_account = content.sender_account;
  message.outgoing = true;
  message.chat = chat_of(content.recipient_account);
  message.peer = content.recipient_account;
  message.peer_handle = content.recipient_handle;
  message.sender_name = content.sender_name;
  message.sent = content.sent;
  message.stored = now;
  message.read = true;
  message.state = store::MessageState::sent;
  if (const auto* text = std::get_if<wire::Text>(&content.kind)) {
    message.text = text->text;
    message.reply_to = text->reply_to;
  } else {
    message.needs_newer = true;
  }
  const auto peer = TRY(peers_.by_account(message.peer, true, now)).peer;

  std::optional<store::OutboxRecord> receipt;
  TRY(vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.mark_seen(message.author, message.id, now))) return {};
    if (peer != nullptr) message.state = TRY(progress_.state_before_copy(message.id, peer->chain));
    if (!TRY(vault_.add_message(message))) return {};
    TRY(add_message_event(message, now));
    receipt = TRY(outbox_.write_receipt(self_.profile.account, wire::ReceiptState::delivered,
                                        {{message.id}}, now));
    return {};
  }));
  if (receipt) outbox_.add(std::move(*receipt));
  return {};
}

/// Another device of ours was read: what it names, and what came before, is read here too.
Result<void> Inbox::keep_read_mark(const Held& held, const wire::Receipt& receipt, UnixMillis now) {
  const auto chat = chat_of(held.content->recipient_account);
  return vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.mark_seen(held.deliver.sender, held.deliver.message, now))) return {};
    if (receipt.state != wire::ReceiptState::read) return {};
    std::uint64_t newest = 0;
    for (const auto& id : receipt.messages) {
      const auto message = TRY(vault_.find_message(id));
      if (message && !message->outgoing && message->chat == chat) {
        newest = std::max(newest, message->order);
      }
    }
    if (newest != 0) TRY(vault_.mark_read(chat, newest));
    return {};
  });
}

}  // namespace martlet::client
