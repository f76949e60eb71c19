#include "client/conversations.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"
#include "client/errors.h"
#include "client/typed_handle.h"
#include "phone/number.h"

namespace martlet::client {
namespace {

constexpr std::size_t kPageMax = 10'000;

wire::Content content_of(const store::MessageRecord& message, const Self& self) {
  wire::Content content;
  content.message = message.id;
  content.sent = message.sent;
  content.sender_account = self.profile.account;
  content.recipient_account = message.peer;
  content.sender_handle = self.profile.handle;
  content.sender_name = self.profile.name;
  content.kind = wire::Text{message.text, message.reply_to};
  content.recipient_handle = message.peer_handle;
  return content;
}

}  // namespace

Conversations::Conversations(store::Vault& vault, Outbox& outbox, Peers& peers,
                             ContactBook& contacts, const Self& self, Random& random)
    : vault_{vault},
      outbox_{outbox},
      peers_{peers},
      contacts_{contacts},
      self_{self},
      random_{random} {}

Answer<SendAnswer> Conversations::send(const SendRequest& request, UnixMillis now) {
  TRY(check_text(request));
  const auto target = TRY(resolve(request.to));
  if (target.account == self_.profile.account) return errors::kOwnHandle;
  if (TRY(from_vault(vault_.outbox_size())) >= limits::kOutboxMax) return errors::kOutboxFull;

  store::MessageRecord message;
  message.id = random_.id<MessageId>();
  message.author = self_.profile.device;
  message.author_account = self_.profile.account;
  message.outgoing = true;
  if (!target.account.is_zero()) message.chat = chat_of(target.account);
  message.peer = target.account;
  message.peer_handle = target.handle;
  message.sender_name = self_.profile.name;
  message.sent = now;
  message.stored = now;
  message.text = request.text;
  message.reply_to = request.reply_to;
  message.state = store::MessageState::queued;
  message.read = true;

  store::OutboxRecord item;
  item.message = message.id;
  item.kind = store::OutboxKind::text;
  if (!target.by_chat) item.recipient_handle = target.handle;
  item.recipient = target.account;
  item.content = wire::encode(content_of(message, self_));
  item.created = now;

  TRY(from_vault(vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.add_message(message))) return Error{Failure::refused, "a message id twice"};
    return vault_.put_outbox(item);
  })));
  outbox_.add(std::move(item));
  peers_.forget_verdicts(target.handle, target.account);
  return SendAnswer{message.id};
}

Answer<void> Conversations::check_text(const SendRequest& request) {
  if (request.text.empty()) return errors::kEmptyText;
  if (request.text.size() > limits::kTextBytesMax) return errors::kTextTooLong;
  if (!is_utf8(request.text)) return errors::kNotUtf8;
  if (request.reply_to && !TRY(from_vault(vault_.find_message(*request.reply_to)))) {
    return errors::kUnknownReply;
  }
  return {};
}

Answer<Conversations::Target> Conversations::resolve(const std::string& text) {
  const auto chat_bytes = from_base64url(text);
  const bool is_chat_id = chat_bytes.ok() && chat_bytes.value().size() == ChatId::kBytes;
  if (is_chat_id) {
    const auto chat = ChatId::from(chat_bytes.value()).take();
    const auto last = TRY(from_vault(vault_.history(chat, 0, 1)));
    if (!chat.is_zero() && !last.empty()) {
      return Target{last.front().peer, last.front().peer_handle, true};
    }
  }
  const auto typed = parse_typed_handle(text, home_region(self_));
  if (typed.ok()) return target_of_handle(typed.value().text());
  const auto handle = contacts_.handle_of(text);
  if (handle.ok()) return target_of_handle(handle.value());
  const bool is_unknown = handle.error().code == ErrorCode::unknown_name;
  if (is_chat_id && is_unknown) return errors::kUnknownChat;
  return is_unknown && phone::is_number_like(text) ? typed.error() : handle.error();
}

Answer<Conversations::Target> Conversations::target_of_handle(const std::string& handle) {
  if (handle == self_.profile.handle) return Target{self_.profile.account, handle};
  const auto known = TRY(from_vault(vault_.handle(handle)));
  return Target{known ? known->account : AccountId{}, handle};
}

Answer<Progress> Conversations::progress(const MessageId& id) {
  const auto message = TRY(from_vault(vault_.message(self_.profile.device, id)));
  if (!message || !message->outgoing) return errors::kUnknownMessage;
  const auto rows = TRY(from_vault(vault_.deliveries(id)));
  const auto theirs = std::ranges::count_if(
      rows, [&](const auto& row) { return !was_own_device(self_, row.device); });
  Progress progress{message->state, message->reason, message->chat};
  progress.accepted = message->state != store::MessageState::failed && !outbox_.waits(id);
  progress.devices = static_cast<std::size_t>(theirs);
  return progress;
}

Answer<std::vector<store::MessageRecord>> Conversations::history(const HistoryRequest& request) {
  const auto target = TRY(resolve(request.chat));
  const auto limit = std::min(request.limit, kPageMax);
  std::vector<store::MessageRecord> messages;
  if (!target.account.is_zero()) {
    messages = TRY(from_vault(vault_.history(chat_of(target.account), request.before, limit)));
    if (messages.empty() && request.before == 0) return errors::kUnknownChat;
    return messages;
  }
  for (const auto& id : outbox_.waiting_for(target.handle)) {
    auto message = TRY(from_vault(vault_.message(self_.profile.device, id)));
    if (!message || (request.before != 0 && message->order >= request.before)) continue;
    messages.push_back(std::move(*message));
  }
  if (messages.empty() && request.before == 0) return errors::kUnknownChat;
  if (messages.size() > limit) {
    messages.erase(messages.begin(), messages.end() - static_cast<std::ptrdiff_t>(limit));
  }
  return messages;
}

Answer<std::size_t> Conversations::read(const std::string& chat, UnixMillis now) {
  const auto target = TRY(resolve(chat));
  if (target.account.is_zero()) return errors::kUnknownChat;
  const auto id = chat_of(target.account);
  const auto unread = TRY(from_vault(vault_.unread(id)));
  if (unread.empty()) {
    if (TRY(from_vault(vault_.history(id, 0, 1))).empty()) return errors::kUnknownChat;
    return std::size_t{0};
  }
  std::vector<MessageId> ids;
  ids.reserve(unread.size());
  for (const auto& message : unread) ids.push_back(message.id);

  std::vector<store::OutboxRecord> receipts;
  TRY(from_vault(vault_.transact([&]() -> Result<void> {
    TRY(vault_.mark_read(id, unread.back().order));
    for (std::span<const MessageId> rest = ids; !rest.empty();) {
      const auto part = rest.first(std::min(rest.size(), limits::kReceiptMessagesMax));
      receipts.push_back(
          TRY(outbox_.write_receipt(target.account, wire::ReceiptState::read, part, now)));
      rest = rest.subspan(part.size());
    }
    return {};
  })));
  for (auto& receipt : receipts) outbox_.add(std::move(receipt));
  return unread.size();
}

Answer<std::vector<Event>> Conversations::events(store::Cursor after, std::size_t limit) {
  std::vector<Event> events;
  for (auto& event : TRY(from_vault(vault_.events(after, std::min(limit, kPageMax))))) {
    std::optional<store::MessageRecord> message;
    if (event.kind == store::EventKind::message || event.kind == store::EventKind::receipt) {
      message = TRY(from_vault(vault_.message(event.author, event.message)));
    }
    events.push_back({std::move(event), std::move(message)});
  }
  return events;
}

}  // namespace martlet::client
