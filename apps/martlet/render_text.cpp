#include <fmt/format.h>

#include <ctime>

#include "apps/martlet/contact_rows.h"
#include "apps/martlet/qr.h"
#include "apps/martlet/render.h"
#include "apps/martlet/render_handles.h"
#include "apps/martlet/safe_text.h"

namespace martlet::cli {
namespace {

using store::EventKind;
using store::FailureReason;
using store::MessageState;

constexpr std::size_t kPreviewCharacters = 60;

/// The user's own time zone.
std::tm local_time(UnixMillis time) {
  const std::time_t seconds = static_cast<std::time_t>(count_of(time) / 1000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

const char* state_text(MessageState state, FailureReason reason) {
  switch (state) {
    case MessageState::queued:
      return "queued";
    case MessageState::sent:
      return "sent";
    case MessageState::delivered:
      return "delivered";
    case MessageState::read:
      return "read";
    case MessageState::received:
      return "received";
    case MessageState::failed:
      break;
  }
  switch (reason) {
    case FailureReason::unknown_handle:
      return "not sent: nobody on the server has this handle";
    case FailureReason::too_large:
      return "not sent: too large for the server";
    case FailureReason::expired:
      return "not delivered: it waited unread for too long";
    case FailureReason::identity:
      return "not sent: the recipient's devices do not verify";
    case FailureReason::suspended:
      return "not sent: the server's operator has suspended the recipient";
    case FailureReason::none:
    case FailureReason::refused:
      break;
  }
  return "not sent: the server refused it";
}

/// Digits by fours, as people read them out.
std::string grouped(const std::string& digits) {
  return digits.size() == 8 ? digits.substr(0, 4) + " " + digits.substr(4) : digits;
}

std::string short_id(const DeviceId& device) { return to_base64url(device.view()).substr(0, 8); }

std::string device_text(const store::EventRecord& record) {
  const auto whose = record.chat.is_zero() ? "your account" : "a contact's account";
  const auto by = record.author.is_zero() ? std::string{"the recovery words"}
                                          : "device " + short_id(record.author);
  if (record.text == "recovery_set")
    return fmt::format("{} has new recovery words, by {}", whose, by);
  const auto device = short_id(record.device);
  if (record.text == "added")
    return fmt::format("device {} was added to {}, by {}", device, whose, by);
  if (record.text == "revoked") {
    return fmt::format("device {} was removed from {}, by {}", device, whose, by);
  }
  return fmt::format("device {} of {} has new keys", device, whose);
}

class TextRenderer final : public Renderer {
 public:
  TextRenderer(const Clock& clock, bool on_terminal) : clock_{clock}, on_terminal_{on_terminal} {}

  std::string enrolled(const client::WhoamiAnswer& answer) const override {
    return "Enrolled. This is who you are now:\n" + whoami(answer) +
           fmt::format("Others write to you with:  martlet send {} TEXT\n", safe(answer.handle)) +
           "For the day when you lose this device, write down your 24 words:  martlet recovery "
           "show\n";
  }

  std::string whoami(const client::WhoamiAnswer& answer) const override {
    auto text = fmt::format("handle       {}\n", safe(answer.handle));
    for (const auto& row : answer.handles) {
      if (row.handle == answer.handle) continue;
      const auto is_usable = row.state == wire::HandleState::confirmed;
      text += fmt::format("also         {}{}\n", safe(row.handle),
                          is_usable ? std::string{} : fmt::format(" ({})", word_for(row.state)));
    }
    if (!answer.name.empty()) text += fmt::format("name         {}\n", safe(answer.name));
    text += fmt::format("device       {}\n", safe(answer.device_name));
    text += fmt::format("server       {}\n", safe(answer.server));
    text += fmt::format("public code  {}\n", answer.public_code);
    if (answer.admin) text += "You may administer the server.\n";
    return text;
  }

  std::string doctor(const DoctorAnswer& answer) const override {
    const auto& health = answer.health;
    auto text = fmt::format("profile      {}\nserver       {}\n", safe(answer.profile),
                            safe(answer.server));
    if (answer.server_reachable) {
      text += *answer.server_reachable ? "             can be reached\n"
                                       : "             cannot be reached\n";
    }
    if (answer.problem) text += fmt::format("             {}\n", answer.problem->message.text);
    if (health.clock_skew) {
      const auto off = std::chrono::duration_cast<std::chrono::seconds>(*health.clock_skew);
      if (off.count() != 0) text += fmt::format("clock        off by {} s\n", off.count());
    }
    text += fmt::format("outbox       {}\n", health.outbox);
    text += fmt::format("unreadable   {} (has to be 0), {} asked for again\n",
                        health.undecryptable_total, health.waiting_to_open);
    return text;
  }

  std::string link_shown(const client::LinkShown& shown) const override {
    const auto code = draw_qr(shown.payload, on_terminal_);
    std::string text = "On a device that is in the account already, scan this code";
    if (code.ok()) text += ":\n\n" + code.value() + "\n";
    text += fmt::format("or paste it:\n  martlet device approve {}\n", shown.payload);
    text += fmt::format(
        "or type eight digits, then compare what both screens show:\n"
        "  martlet device approve {}\n",
        grouped(shown.number));
    return text + "Waiting for ten minutes; Ctrl-C ends it.\n";
  }

  std::string compare_digits(const std::string& digits) const override {
    return fmt::format(
        "Both screens must show the same digits:\n\n    {}\n\nDoes the other one? [y/N] ",
        grouped(digits));
  }

  std::string admit_device(const client::ConfirmDevice& device,
                           const std::string& digits) const override {
    const auto who = fmt::format("\"{}\" ({}, {})", safe(device.name), safe(device.platform),
                                 short_id(device.device));
    if (digits.empty()) {
      return fmt::format("Let {} into your account? It will read and write as you. [y/N] ", who);
    }
    return fmt::format(
        "Both screens must show the same digits:\n\n    {}\n\n"
        "Are they the same, and shall {} come into your account? [y/N] ",
        grouped(digits), who);
  }

  std::string linked(const client::WhoamiAnswer& answer) const override {
    return "Linked. This is who you are on this device, too:\n" + whoami(answer);
  }
  std::string recovered(const client::WhoamiAnswer& answer) const override {
    return "You are back in your account:\n" + whoami(answer) +
           "Now remove the devices that you lost:  martlet device ls, martlet device revoke ID\n";
  }

  std::string approved(const ApproveAnswer& answer) const override {
    return fmt::format("\"{}\" ({}) is in your account now.\n", safe(answer.name),
                       short_id(answer.device));
  }

  std::string devices(const std::vector<client::DeviceInfo>& devices) const override {
    std::string lines;
    for (const auto& device : devices) {
      const auto is_admin = device.role == transparency::Role::admin;
      lines += fmt::format("{}  {}  added {}{}{}\n", to_base64url(device.device.view()),
                           device.name.empty() ? "(no name yet)" : safe(device.name),
                           when(device.added), is_admin ? "" : ", may not approve others",
                           device.own ? "  <- this one" : "");
    }
    return lines;
  }

  std::string revoked(const RevokeAnswer& answer) const override {
    if (answer.own) return "This device is no longer in the account. What is on it stays.\n";
    return fmt::format("Device {} is no longer in the account: it gets nothing from now on.\n",
                       short_id(answer.device));
  }

  std::string recovery_words(std::string_view words) const override {
    std::string text =
        "Write these 24 words on paper, in this order, and keep it where only you get at it.\n"
        "They bring you back when all your devices are gone, and whoever has them can enter:\n\n";
    for (int number = 1; !words.empty(); ++number) {
      const auto end = words.find(' ');
      text += fmt::format("  {:2}. {:<12}{}", number, words.substr(0, end),
                          number % 4 == 0 ? "\n" : "");
      words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    }
    return text + "\nAfterwards, this takes them off the device:  martlet recovery forget\n";
  }
  std::string recovery_words_forgotten() const override {
    return "The words are off this device. Only your paper has them now.\n";
  }

  std::string sent(const SendAnswer& answer) const override {
    const auto& progress = answer.progress;
    return fmt::format("{}  {}\n", state_text(progress.state, progress.reason),
                       to_base64url(answer.id.view()));
  }

  std::string event(const client::Event& event) const override {
    const auto& record = event.event;
    if (record.kind == EventKind::alert) {
      return fmt::format("{} ! {}\n", when(record.at), safe(record.text));
    }
    if (record.kind == EventKind::device) {
      return fmt::format("{} ! {}\n", when(record.at), device_text(record));
    }
    if (record.kind == EventKind::handle) {
      return fmt::format("{} ! {}\n", when(record.at), safe(handle_event_text(record.text)));
    }
    if (!event.message) return fmt::format("{} (a message that is gone)\n", when(record.at));
    const auto& message = *event.message;
    if (record.kind == EventKind::message) return message_line(message, LineBreaks::marked);
    return fmt::format("{} {}: \"{}\" {}\n", when(record.at), peer_of(message),
                       safe_preview(message.text, kPreviewCharacters),
                       state_text(record.state, record.reason));
  }

  std::string chats(const std::vector<store::ChatRecord>& chats) const override {
    std::string lines;
    for (const auto& chat : chats) {
      const auto unread = chat.unread == 0 ? std::string{} : fmt::format(" ({} new)", chat.unread);
      lines += fmt::format("{}  {}{}: {}{}\n", when(chat.last.stored),
                           name_of(chat.peer, chat.peer_handle, chat.peer_name), unread,
                           chat.last.outgoing ? "You: " : "",
                           safe_preview(chat.last.text, kPreviewCharacters));
    }
    return lines.empty() ? "No conversations yet. Begin one:  martlet send HANDLE TEXT\n" : lines;
  }

  std::string history(const std::vector<store::MessageRecord>& messages,
                      bool with_ids) const override {
    std::string lines;
    for (const auto& message : messages) {
      if (with_ids) lines += to_base64url(message.id.view()) + "  ";
      lines += message_line(message, LineBreaks::kept);
    }
    return lines.empty() ? "No messages.\n" : lines;
  }

  std::string read(const ReadAnswer& answer) const override {
    if (answer.messages == 0) return "Nothing was unread.\n";
    return fmt::format("{} message{} marked as read.\n", answer.messages,
                       answer.messages == 1 ? "" : "s");
  }

  std::string contacts(const std::vector<store::ContactRecord>& contacts) const override {
    std::string lines;
    for (const auto& row : contact_rows(contacts)) {
      lines += safe(row.front().name) + " ";
      for (const auto& contact : row) lines += " " + safe(contact.handle);
      lines += "\n";
    }
    return lines.empty() ? "No contacts yet. Add one:  martlet contact add NAME HANDLE\n" : lines;
  }

  std::string contact_added(const store::ContactRecord& contact) const override {
    return fmt::format("{} is {} now.\n", safe(contact.handle), safe(contact.name));
  }

  std::string contacts_imported(const client::ContactImport& result) const override {
    auto text = fmt::format("{} handles added, {} renamed, {} as they were.\n", result.added,
                            result.renamed, result.unchanged);
    if (result.skipped > 0) text += fmt::format("{} skipped:\n", result.skipped);
    for (const auto& skip : result.skips) {
      text += fmt::format("  line {}: {}", skip.line, skip.reason.text);
      for (const auto& part : {skip.name, skip.value}) {
        if (!part.empty()) text += ", " + safe_preview(part, kPreviewCharacters);
      }
      text += "\n";
    }
    if (result.skipped > result.skips.size()) text += "  and more\n";
    if (result.without_country > 0) {
      text +=
          "Say where numbers without a country belong:  martlet --region DE contact import FILE\n";
    }
    return text;
  }

  std::string handles(const HandleAnswer& answer) const override {
    if (answer.ask.what == client::HandleAsk::What::add) return safe_lines(answer.progress.added);
    std::string lines;
    bool has_default = false;
    for (const auto& row : answer.progress.rows) {
      const bool is_default = row.state == wire::HandleState::confirmed && !has_default;
      has_default = has_default || is_default;
      lines += fmt::format("{}  {}{}\n", safe(row.handle), word_for(row.state),
                           is_default ? ", default" : details_of(row));
    }
    return lines.empty() ? "No handles. Add one:  martlet handle add HANDLE\n" : lines;
  }

  std::string problem(const Problem& problem) const override {
    auto text = fmt::format("martlet: {}\n", safe(problem.message));
    for (const auto& one : problem.candidates) {
      text += fmt::format("  {}  {}\n", safe(one.name), safe(one.handle));
    }
    if (!problem.hint.empty()) text += fmt::format("  {}\n", safe(problem.hint));
    return text;
  }

  std::string question(const std::vector<store::ContactRecord>& people) const override {
    std::string text = "Which one?\n";
    for (std::size_t i = 0; i < people.size(); ++i) {
      text += fmt::format("  {}  {}  {}\n", i + 1, safe(people[i].name), safe(people[i].handle));
    }
    return text + "Number, or anything else for none: ";
  }

  std::string notice(const client::ApiError& error) const override {
    return fmt::format("martlet: {}\n  {}\n", error.message.text, error.hint.text);
  }

  void set_people(People people) override { people_ = std::move(people); }

 private:
  std::string details_of(const wire::HandleRow& row) const {
    if (row.expires != UnixMillis{}) return fmt::format(" until {}", when(row.expires));
    if (row.retry_at != UnixMillis{}) return fmt::format(", next at {}", when(row.retry_at));
    return {};
  }

  std::string safe_lines(const wire::HandleAdded& added) const {
    const auto handle = safe(added.row.handle);
    if (added.row.state == wire::HandleState::confirmed) return handle + " is yours already.\n";
    switch (added.row.method) {
      case wire::HandleMethod::inbound_sms:
        return fmt::format("Send this text from {}, until {}:\n\n  {}\n\nto {}\n", handle,
                           when(added.row.expires), safe(added.text), safe(added.number));
      case wire::HandleMethod::sms_code:
        return fmt::format("A code is on its way to {0}. Then:  martlet handle confirm {0} CODE\n",
                           handle);
      default:
        return fmt::format("A mail is on its way to {}. Open its link and press the button.\n",
                           handle);
    }
  }

  /// The hour today, else the day as well.
  std::string when(UnixMillis time) const {
    const auto then = local_time(time);
    const auto now = local_time(clock_.now());
    auto hour = fmt::format("{:02}:{:02}", then.tm_hour, then.tm_min);
    if (then.tm_year == now.tm_year && then.tm_yday == now.tm_yday) return hour;
    return fmt::format("{:04}-{:02}-{:02} {}", then.tm_year + 1900, then.tm_mon + 1, then.tm_mday,
                       hour);
  }

  /// A contact's name is ours, so it stands alone. What people call themselves never stands without
  /// the handle: anybody can call himself Bob.
  std::string name_of(const AccountId& peer, const std::string& handle,
                      const std::string& claimed) const {
    if (const auto* const name = people_.name_of(peer, handle)) return safe(*name);
    if (claimed.empty() || claimed == handle) return safe(handle);
    return fmt::format("{} <{}>", safe(claimed), safe(handle));
  }

  std::string peer_of(const store::MessageRecord& message) const {
    return name_of(message.peer, message.peer_handle,
                   message.outgoing ? std::string{} : message.sender_name);
  }

  std::string message_line(const store::MessageRecord& message, LineBreaks breaks) const {
    const auto text =
        message.needs_newer ? "(needs a newer version of martlet)" : safe(message.text, breaks);
    const auto author = message.outgoing ? std::string{"You"} : peer_of(message);
    auto line = fmt::format("{} {}: {}", when(message.stored), author, text);
    if (message.outgoing && message.state != MessageState::received) {
      line += fmt::format(" ({})", state_text(message.state, message.reason));
    }
    return line + "\n";
  }

  const Clock& clock_;
  bool on_terminal_;
  People people_;
};

}  // namespace

std::unique_ptr<Renderer> make_text_renderer(const Clock& clock, bool on_terminal) {
  return std::make_unique<TextRenderer>(clock, on_terminal);
}

}  // namespace martlet::cli
