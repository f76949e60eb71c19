#include <nlohmann/json.hpp>

#include "apps/martlet/contact_rows.h"
#include "apps/martlet/render.h"
#include "apps/martlet/render_handles.h"

namespace martlet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::EventKind;
using store::FailureReason;
using store::MessageState;

const char* name_of(MessageState state) {
  switch (state) {
    case MessageState::queued:
      return "queued";
    case MessageState::sent:
      return "sent";
    case MessageState::delivered:
      return "delivered";
    case MessageState::read:
      return "read";
    case MessageState::failed:
      return "failed";
    case MessageState::received:
      return "received";
  }
  return "unknown";
}

const char* name_of(FailureReason reason) {
  switch (reason) {
    case FailureReason::none:
      return "none";
    case FailureReason::unknown_handle:
      return "unknown_handle";
    case FailureReason::refused:
      return "refused";
    case FailureReason::too_large:
      return "too_large";
    case FailureReason::expired:
      return "expired";
    case FailureReason::identity:
      return "identity";
    case FailureReason::suspended:
      return "suspended";
  }
  return "unknown";
}

const char* name_of(transparency::Role role) {
  return role == transparency::Role::admin ? "admin" : "member";
}

template <std::size_t N, class Kind>
std::string id_text(const Id<N, Kind>& id) {
  return to_base64url(id.view());
}

Json object(const char* type) { return Json{{"v", 1}, {"type", type}}; }

/// Ids that are not known yet are left out, so that nobody takes zeros for one.
template <std::size_t N, class Kind>
void put_id(Json& json, const char* key, const Id<N, Kind>& id) {
  if (!id.is_zero()) json[key] = id_text(id);
}

/// Without a chat it is one's own account's device.
Json device_json(const store::EventRecord& record) {
  auto json = object("device");
  json["at"] = rfc3339(record.at);
  json["what"] = record.text;
  put_id(json, "device", record.device);
  put_id(json, "by", record.author);
  put_id(json, "chat", record.chat);
  return json;
}

Json handle_event_json(const store::EventRecord& record) {
  const auto [what, handle] = split_handle_event(record.text);
  auto json = object("handle");
  json["at"] = rfc3339(record.at);
  json["what"] = what;
  json["handle"] = handle;
  return json;
}

Json handle_row_json(const wire::HandleRow& row) {
  Json json{{"handle", row.handle}, {"state", word_for(row.state)}};
  if (row.method != wire::HandleMethod::automatic) json["method"] = word_for(row.method);
  if (row.expires != UnixMillis{}) json["expires_at"] = rfc3339(row.expires);
  if (row.retry_at != UnixMillis{}) json["retry_at"] = rfc3339(row.retry_at);
  if (row.tries_left != 0) json["tries_left"] = row.tries_left;
  return json;
}

/// The default one is marked.
Json handle_rows_json(const std::vector<wire::HandleRow>& rows) {
  auto all = Json::array();
  bool has_default = false;
  for (const auto& row : rows) {
    auto json = handle_row_json(row);
    const bool is_default = row.state == wire::HandleState::confirmed && !has_default;
    has_default = has_default || is_default;
    json["default"] = is_default;
    all.push_back(std::move(json));
  }
  return all;
}

class JsonRenderer final : public Renderer {
 public:
  explicit JsonRenderer(bool ascii_only) : ascii_only_{ascii_only} {}

  std::string enrolled(const client::WhoamiAnswer& answer) const override { return whoami(answer); }

  std::string whoami(const client::WhoamiAnswer& answer) const override {
    return line(whoami_json("whoami", answer));
  }

  std::string link_shown(const client::LinkShown& shown) const override {
    auto json = object("link");
    json["payload"] = shown.payload;
    json["number"] = shown.number;
    return line(json);
  }

  std::string compare_digits(const std::string& digits) const override {
    auto json = object("compare");
    json["digits"] = digits;
    return line(json);
  }

  std::string admit_device(const client::ConfirmDevice& device,
                           const std::string& digits) const override {
    auto json = object("admit");
    json["device"] = id_text(device.device);
    json["name"] = device.name;
    json["platform"] = device.platform;
    if (!digits.empty()) json["digits"] = digits;
    return line(json);
  }

  std::string linked(const client::WhoamiAnswer& answer) const override {
    return line(whoami_json("linked", answer));
  }
  std::string recovered(const client::WhoamiAnswer& answer) const override {
    return line(whoami_json("recovered", answer));
  }

  std::string approved(const ApproveAnswer& answer) const override {
    auto json = object("approved");
    json["device"] = id_text(answer.device);
    json["name"] = answer.name;
    json["role"] = name_of(answer.role);
    return line(json);
  }

  std::string devices(const std::vector<client::DeviceInfo>& devices) const override {
    std::string lines;
    for (const auto& device : devices) {
      auto json = object("device");
      json["device"] = id_text(device.device);
      json["name"] = device.name;
      json["platform"] = device.platform;
      json["role"] = name_of(device.role);
      json["added_at"] = rfc3339(device.added);
      json["own"] = device.own;
      lines += line(json);
    }
    return lines;
  }

  std::string revoked(const RevokeAnswer& answer) const override {
    auto json = object("revoked");
    json["device"] = id_text(answer.device);
    json["own"] = answer.own;
    return line(json);
  }

  std::string recovery_words(std::string_view words) const override {
    auto json = object("recovery");
    json["words"] = words;
    return line(json);
  }
  std::string recovery_words_forgotten() const override {
    return line(object("recovery_forgotten"));
  }

  Json whoami_json(const char* type, const client::WhoamiAnswer& answer) const {
    auto json = object(type);
    json["handle"] = answer.handle;
    json["name"] = answer.name;
    json["device_name"] = answer.device_name;
    json["account"] = id_text(answer.account);
    json["device"] = id_text(answer.device);
    json["public_code"] = answer.public_code;
    json["server"] = answer.server;
    json["admin"] = answer.admin;
    json["handles"] = handle_rows_json(answer.handles);
    return json;
  }

  std::string doctor(const DoctorAnswer& answer) const override {
    const auto& health = answer.health;
    auto json = object("doctor");
    json["profile"] = answer.profile;
    json["server"] = answer.server;
    json["server_reachable"] = nullptr;
    if (answer.server_reachable) json["server_reachable"] = *answer.server_reachable;
    if (answer.problem) json["problem"] = client::name_of(answer.problem->code);
    json["clock_skew_ms"] = nullptr;
    if (health.clock_skew) json["clock_skew_ms"] = health.clock_skew->count();
    json["undecryptable_total"] = health.undecryptable_total;
    json["waiting_to_open"] = health.waiting_to_open;
    json["outbox"] = health.outbox;
    json["kept"] = health.kept;
    return line(json);
  }

  std::string sent(const SendAnswer& answer) const override {
    auto json = object("sent");
    json["id"] = id_text(answer.id);
    put_id(json, "chat", answer.progress.chat);
    json["devices"] = answer.progress.devices;
    json["state"] = name_of(answer.progress.state);
    return line(json);
  }

  std::string event(const client::Event& event) const override {
    const auto& record = event.event;
    switch (record.kind) {
      case EventKind::message:
        if (event.message) return line(with_cursor(message_json(*event.message), record.cursor));
        break;
      case EventKind::receipt:
        return line(with_cursor(receipt_json(record), record.cursor));
      case EventKind::device:
        return line(with_cursor(device_json(record), record.cursor));
      case EventKind::handle:
        return line(with_cursor(handle_event_json(record), record.cursor));
      case EventKind::alert:
        break;
    }
    auto json = object("alert");
    json["at"] = rfc3339(record.at);
    json["text"] = record.text;
    return line(with_cursor(std::move(json), record.cursor));
  }

  std::string chats(const std::vector<store::ChatRecord>& chats) const override {
    std::string lines;
    for (const auto& chat : chats) {
      auto json = object("chat");
      json["chat"] = id_text(chat.chat);
      json["handle"] = chat.peer_handle;
      json["name"] = shown_name(chat.peer, chat.peer_handle, chat.peer_name);
      json["unread"] = chat.unread;
      json["last"] = message_json(chat.last);
      lines += line(json);
    }
    return lines;
  }

  std::string history(const std::vector<store::MessageRecord>& messages,
                      bool /*with_ids*/) const override {
    std::string lines;
    for (const auto& message : messages) lines += line(message_json(message));
    return lines;
  }

  std::string read(const ReadAnswer& answer) const override {
    auto json = object("read");
    json["messages"] = answer.messages;
    return line(json);
  }

  std::string contacts(const std::vector<store::ContactRecord>& contacts) const override {
    std::string lines;
    for (const auto& row : contact_rows(contacts)) lines += contact_line(row);
    return lines;
  }

  std::string contact_added(const store::ContactRecord& contact) const override {
    return contact_line({contact});
  }

  std::string contacts_imported(const client::ContactImport& result) const override {
    auto json = object("imported");
    json["cards"] = result.cards;
    json["added"] = result.added;
    json["renamed"] = result.renamed;
    json["unchanged"] = result.unchanged;
    json["skipped"] = result.skipped;
    json["without_country"] = result.without_country;
    json["skips"] = Json::array();
    for (const auto& skip : result.skips) {
      json["skips"].push_back({{"line", skip.line},
                               {"name", skip.name},
                               {"value", skip.value},
                               {"reason", skip.reason.text}});
    }
    return line(json);
  }

  std::string handles(const HandleAnswer& answer) const override {
    if (answer.ask.what != client::HandleAsk::What::add) {
      auto json = object("handles");
      json["handles"] = handle_rows_json(answer.progress.rows);
      return line(json);
    }
    const auto& added = answer.progress.added;
    auto json = object("handle_added");
    json.update(handle_row_json(added.row));
    if (!added.text.empty()) json["text"] = added.text;
    if (!added.number.empty()) json["number"] = added.number;
    return line(json);
  }

  std::string problem(const Problem& problem) const override {
    auto json = object("error");
    json["code"] = client::name_of(problem.code);
    json["message"] = problem.message;
    json["hint"] = problem.hint;
    if (problem.message_id) json["id"] = id_text(*problem.message_id);
    for (const auto& one : problem.candidates) {
      json["candidates"].push_back({{"name", one.name}, {"handle", one.handle}});
    }
    return line(json);
  }

  /// Programs are not asked.
  std::string question(const std::vector<store::ContactRecord>&) const override { return {}; }

  std::string notice(const client::ApiError& error) const override {
    auto json = object("notice");
    json["code"] = client::name_of(error.code);
    json["message"] = error.message.text;
    json["hint"] = error.hint.text;
    return line(json);
  }

  void set_people(People people) override { people_ = std::move(people); }

 private:
  std::string line(const Json& json) const {
    return json.dump(-1, ' ', ascii_only_, Json::error_handler_t::replace) + "\n";
  }

  std::string contact_line(const std::vector<store::ContactRecord>& row) const {
    auto json = object("contact");
    json["name"] = row.front().name;
    json["handle"] = row.front().handle;
    json["handles"] = Json::array();
    for (const auto& contact : row) json["handles"].push_back(contact.handle);
    json["added_at"] = rfc3339(row.front().added);
    return line(json);
  }

  /// What we call somebody goes before what he calls himself.
  std::string shown_name(const AccountId& peer, const std::string& handle,
                         const std::string& claimed) const {
    const auto* const name = people_.name_of(peer, handle);
    return name != nullptr ? *name : claimed;
  }

  static Json with_cursor(Json json, store::Cursor cursor) {
    json["cursor"] = cursor;
    return json;
  }

  Json message_json(const store::MessageRecord& message) const {
    auto json = object("message");
    json["id"] = id_text(message.id);
    put_id(json, "chat", message.chat);
    json["direction"] = message.outgoing ? "out" : "in";
    json["from"] = message.outgoing ? people_.own_handle : message.peer_handle;
    json["from_name"] = message.outgoing
                            ? message.sender_name
                            : shown_name(message.peer, message.peer_handle, message.sender_name);
    if (message.outgoing) {
      json["to"] = message.peer_handle;
      const auto name = shown_name(message.peer, message.peer_handle, {});
      if (!name.empty()) json["to_name"] = name;
    }
    json["sender_device"] = id_text(message.author);
    json["sent_at"] = rfc3339(message.sent);
    json["stored_at"] = rfc3339(message.stored);
    json["text"] = message.text;
    if (message.reply_to) json["reply_to"] = id_text(*message.reply_to);
    json["attachments"] = Json::array();
    if (message.needs_newer) json["needs_newer"] = true;
    json["state"] = message.outgoing ? name_of(message.state) : message.read ? "read" : "received";
    if (message.reason != FailureReason::none) json["reason"] = name_of(message.reason);
    json["order"] = message.order;
    return json;
  }

  static Json receipt_json(const store::EventRecord& record) {
    auto json = object("receipt");
    json["id"] = id_text(record.message);
    put_id(json, "chat", record.chat);
    json["state"] = name_of(record.state);
    if (record.reason != FailureReason::none) json["reason"] = name_of(record.reason);
    put_id(json, "device", record.device);
    json["at"] = rfc3339(record.at);
    return json;
  }

  bool ascii_only_;
  People people_;
};

}  // namespace

std::unique_ptr<Renderer> make_json_renderer(bool ascii_only) {
  return std::make_unique<JsonRenderer>(ascii_only);
}

}  // namespace martlet::cli
