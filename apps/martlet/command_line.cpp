#include "apps/martlet/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include <charconv>
#include <map>

#include "apps/martlet/help.h"
#include "client/errors.h"
#include "phone/number.h"

namespace martlet::cli {
namespace {

using client::ErrorCode;

constexpr std::uint64_t kHistoryMax = 100'000;
constexpr Milliseconds kDurationMax = std::chrono::days{366};

/// What CLI11 fills in; becomes a CommandLine when all of it is there.
struct Words {
  CommandLine line;
  client::EnrollRequest enroll;
  client::SendRequest message;
  std::optional<std::string> text;
  std::string reply;
  std::string wait = "sent";
  std::string timeout = "30s";
  std::optional<std::string> since;
  std::optional<std::string> duration;
  HistoryCommand history;
  std::string limit = "50";
  std::string before = "0";
  ReadCommand read;
  client::ContactAddRequest contact;
  ContactImportCommand import;
  LinkRequest link;
  ApproveRequest approve;
  std::string role = "admin";
  RevokeCommand revoke;
  RenameRequest rename;
  std::string reason;
  RecoveryForgetCommand forget;
  RecoverRequest recover;
  client::HandleAsk handle;
  std::string method = "auto";
};

Problem usage(std::string message, std::string hint = "martlet --help shows how it is written") {
  return {ErrorCode::usage, std::move(message), std::move(hint), std::nullopt};
}

std::string hint_for(const CLI::App& app) {
  return "martlet " + app.get_subcommands().front()->get_name() + " --help shows examples";
}

CLI::App* add_verb(CLI::App& app, const char* name, const char* purpose, const char* footer) {
  auto* const verb = app.add_subcommand(name, purpose);
  verb->group("Verbs");
  verb->footer(footer);
  verb->fallthrough();  // global options may stand behind the verb
  return verb;
}

void define_globals(CLI::App& app, Words& words) {
  app.add_option("--profile", words.line.profile,
                 "Folder of the profile, or its bare name (default: \"default\")")
      ->envname("MARTLET_PROFILE")
      ->type_name("DIR|NAME");
  app.add_flag("--json", words.line.json, "One JSON object a line, also on a terminal");
  app.add_flag("--offline", words.line.offline, "Do not connect: use what is on this machine");
  app.add_option("--region", words.line.region,
                 "Where phone numbers without a country belong (default: as your own number)")
      ->envname("MARTLET_REGION")
      ->type_name("DE|GB|...");
  app.set_version_flag("--version", std::string{"martlet "} + MARTLET_VERSION, "Show the version");
}

void define_enroll(CLI::App& app, Words& words) {
  auto* const verb = add_verb(app, "enroll", "Join a server with an invitation", help::kEnroll);
  verb->add_option("URL", words.enroll.url, "The invitation")->required()->type_name("");
  verb->add_option("--name", words.enroll.name, "How others see you")->type_name("NAME");
  verb->add_option("--handle", words.enroll.handle,
                   "The handle you would like, where the invitation leaves the choice")
      ->type_name("HANDLE");
  verb->add_option("--device-name", words.enroll.device_name,
                   "What to call this device (default: this machine's name)")
      ->type_name("NAME");
}

void define_send(CLI::App& app, Words& words) {
  auto* const verb = add_verb(app, "send", "Send a message", help::kSend);
  verb->add_option("WHO", words.message.to, "A handle, a contact's name or a chat id")
      ->required()
      ->type_name("");
  verb->add_option("TEXT", words.text, "The text; - reads it from standard input")->type_name("");
  verb->add_option("--reply", words.reply, "The message that this one answers")->type_name("ID");
  verb->add_option("--wait", words.wait, "How far it has to come: sent, delivered or read")
      ->check(CLI::IsMember({"sent", "delivered", "read"}))
      ->type_name("STATE")
      ->capture_default_str();
  verb->add_option("--timeout", words.timeout, "How long to wait for that: 500ms, 30s, 5m")
      ->type_name("TIME")
      ->capture_default_str();
}

void define_reading(CLI::App& app, Words& words) {
  auto* const watch = add_verb(app, "watch", "Print what happens, as it happens", help::kWatch);
  watch->add_option("--since", words.since, "Events behind this cursor; 0: all")
      ->type_name("CURSOR");
  watch->add_option("--for", words.duration, "Leave after so long; 0: print what is there")
      ->type_name("SECONDS");

  add_verb(app, "chats", "List the conversations, the newest first", help::kChats);

  auto* const history = add_verb(app, "history", "Show a conversation", help::kHistory);
  history->add_option("CHAT", words.history.request.chat, "With whom")->required()->type_name("");
  history->add_option("--limit", words.limit, "At most so many messages")
      ->type_name("N")
      ->capture_default_str();
  history->add_option("--before", words.before, "Only those before this order")->type_name("ORDER");
  history->add_flag("--ids", words.history.with_ids, "Show the messages' ids, too");

  auto* const read = add_verb(app, "read", "Mark a conversation as read", help::kRead);
  read->add_option("CHAT", words.read.chat, "With whom")->required()->type_name("");
}

void define_contacts(CLI::App& app, Words& words) {
  auto* const contact = add_verb(app, "contact", "Names for handles", help::kContact);
  contact->require_subcommand(1);
  auto* const add = add_verb(*contact, "add", "Give a handle a name", help::kContact);
  add->add_option("NAME", words.contact.name, "The name")->required()->type_name("");
  add->add_option("HANDLE", words.contact.handle, "The handle")->required()->type_name("");
  auto* const import =
      add_verb(*contact, "import", "Take over an address book (vCard)", help::kContact);
  import->add_option("FILE", words.import.path, "A .vcf file; - reads standard input")
      ->required()
      ->type_name("");
  add_verb(*contact, "ls", "List the contacts", help::kContact);
}

void define_devices(CLI::App& app, Words& words) {
  auto* const device = add_verb(app, "device", "The devices of your account", help::kDevice);
  device->require_subcommand(1);
  auto* const link =
      add_verb(*device, "link", "On a new device: ask to be let in", help::kDeviceLink);
  link->add_option("SERVER", words.link.server, "HOST:PORT#FINGERPRINT, as whoami prints it")
      ->required()
      ->type_name("");
  link->add_option("--device-name", words.link.device_name,
                   "What to call this device (default: this machine's name)")
      ->type_name("NAME");
  auto* const approve = add_verb(*device, "approve", "Let a new device in", help::kDeviceApprove);
  approve
      ->add_option("CODE", words.approve.code,
                   "What the new device shows: MARTLET:... or its eight digits")
      ->required()
      ->type_name("");
  approve->add_option("--role", words.role, "admin may approve and remove devices, member may not")
      ->check(CLI::IsMember({"admin", "member"}))
      ->type_name("ROLE")
      ->capture_default_str();
  approve->add_flag("--yes", words.approve.yes, "Do not ask (not with digits: those need eyes)");
  add_verb(*device, "ls", "List the devices", help::kDevice);
  auto* const rename = add_verb(*device, "rename", "Give a device another name", help::kDevice);
  rename->add_option("ID", words.rename.device, "Its id, or the beginning of it")
      ->required()
      ->type_name("");
  rename->add_option("NAME", words.rename.name, "The name")->required()->type_name("");
  auto* const revoke = add_verb(*device, "revoke", "Remove a device", help::kDeviceRevoke);
  revoke->add_option("ID", words.revoke.request.device, "Its id, or the beginning of it")
      ->required()
      ->type_name("");
  revoke->add_option("--reason", words.reason, "lost, stolen, replaced or left; others see it")
      ->check(CLI::IsMember({"lost", "stolen", "replaced", "left"}))
      ->type_name("REASON");
  revoke->add_flag("--yes", words.revoke.yes, "Do not ask");
}

void define_recovery(CLI::App& app, Words& words) {
  auto* const recovery =
      add_verb(app, "recovery", "The 24 words that bring an account back", help::kRecovery);
  recovery->require_subcommand(1);
  add_verb(*recovery, "show", "Show the words, to be written down", help::kRecovery);
  auto* const forget =
      add_verb(*recovery, "forget", "Take the words off this device", help::kRecovery);
  forget->add_flag("--yes", words.forget.yes, "Do not ask");
  auto* const use = add_verb(*recovery, "use", "Enter an account by its words", help::kRecovery);
  use->add_option("SERVER", words.recover.server, "HOST:PORT#FINGERPRINT, as whoami printed it")
      ->required()
      ->type_name("");
  use->add_option("HANDLE", words.recover.handle, "A handle of the account")
      ->required()
      ->type_name("");
  use->add_option("--name", words.recover.name, "How others see you")->type_name("NAME");
  use->add_option("--device-name", words.recover.device_name,
                  "What to call this device (default: this machine's name)")
      ->type_name("NAME");
}

void define_handles(CLI::App& app, Words& words) {
  auto* const handle =
      add_verb(app, "handle", "Addresses and numbers that reach you", help::kHandle);
  handle->require_subcommand(1);
  const auto define_one = [&](const char* name, const char* purpose) {
    auto* const verb = add_verb(*handle, name, purpose, help::kHandle);
    verb->add_option("HANDLE", words.handle.handle, "An address or a phone number")
        ->required()
        ->type_name("");
    return verb;
  };
  auto* const add = define_one("add", "Ask for a handle; then it has to be proven");
  add->add_option("--method", words.method,
                  "How to prove it: auto, sms (a code to the number) or inbound (a text from it)")
      ->check(CLI::IsMember({"auto", "sms", "inbound"}))
      ->type_name("HOW")
      ->capture_default_str();
  auto* const confirm = define_one("confirm", "Prove a handle by the code that was sent to it");
  confirm->add_option("CODE", words.handle.code, "The code")->required()->type_name("");
  add_verb(*handle, "ls", "List your handles", help::kHandle);
  define_one("rm", "Give a handle up, or end its proof");
  define_one("default", "Choose the handle that others see");
}

void define(CLI::App& app, Words& words) {
  app.name("martlet");
  app.description("martlet: messages that nobody but the people in the conversation can read");
  app.footer(help::kMain);
  // No -h: a text such as "-hello" would be taken for it, and not be sent.
  app.set_help_flag("--help", "Show this page; behind a verb, the verb's");
  app.require_subcommand(1);  // one, so that a text may be the name of a verb
  app.get_formatter()->column_width(28);
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.get_formatter()->label("Subcommands", "Verbs");
  app.get_formatter()->label("Env", "environment");
  define_globals(app, words);
  define_enroll(app, words);
  add_verb(app, "whoami", "Show which account and device this is", help::kWhoami);
  define_send(app, words);
  define_reading(app, words);
  define_contacts(app, words);
  define_devices(app, words);
  define_recovery(app, words);
  define_handles(app, words);
  add_verb(app, "doctor", "Say how profile and server do", help::kDoctor)->alias("status");
}

store::MessageState wanted_state(const std::string& word) {
  if (word == "read") return store::MessageState::read;
  if (word == "delivered") return store::MessageState::delivered;
  return store::MessageState::sent;
}

Result<Command, Problem> send_command(const Words& words) {
  SendCommand command;
  command.request.message = words.message;
  if (!words.text) {
    return usage("there is no text to send", "give a text, or - to read it from standard input");
  }
  command.text_from_stdin = *words.text == "-";
  if (!command.text_from_stdin) command.request.message.text = *words.text;
  if (!words.reply.empty()) {
    const auto bytes = from_base64url(words.reply);
    if (!bytes.ok()) return usage("--reply: this is no message id", "history --ids shows ids");
    const auto id = MessageId::from(bytes.value());
    if (!id.ok()) return usage("--reply: this is no message id", "history --ids shows ids");
    command.request.message.reply_to = id.value();
  }
  command.request.wait_for = wanted_state(words.wait);
  const auto timeout = parse_duration(words.timeout);
  if (!timeout.ok()) return usage("--timeout: not a length of time", "write 500ms, 30s or 5m");
  command.request.timeout = timeout.value();
  return Command{std::move(command)};
}

/// A whole number that the vault's signed 64 bits can hold. (CLI11's own wrap -1 round.)
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || rest != end || text.front() == '-') return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

Result<Command, Problem> history_command(const Words& words) {
  auto command = words.history;
  const auto limit = parse_number(words.limit);
  if (!limit || *limit < 1 || *limit > kHistoryMax) {
    return usage("--limit: not a number from 1 to 100000");
  }
  const auto before = parse_number(words.before);
  if (!before) return usage("--before: not the order of a message", "history --json shows it");
  command.request.limit = *limit;
  command.request.before = *before;
  return Command{std::move(command)};
}

Result<Command, Problem> watch_command(const Words& words) {
  WatchRequest request;
  if (words.since) {
    request.since = parse_number(*words.since);
    if (!request.since) return usage("--since: not a cursor", "each line of watch --json has one");
  }
  if (words.duration) {
    const auto duration = parse_duration(*words.duration);
    if (!duration.ok()) return usage("--for: not a length of time", "write 10, 30s or 5m");
    request.duration = duration.value();
  }
  return Command{request};
}

transparency::RevokeReason reason_of(const std::string& word) {
  using transparency::RevokeReason;
  if (word == "lost") return RevokeReason::lost;
  if (word == "stolen") return RevokeReason::stolen;
  if (word == "replaced") return RevokeReason::replaced;
  if (word == "left") return RevokeReason::left;
  return RevokeReason{};
}

/// Stands for the '-' that a device's id may begin with, so that it is not taken for an option.
constexpr char kDashOfAnId = '\1';

bool is_id_with_dash(const std::string& word) {
  const auto is_of_ids = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  };
  constexpr std::size_t kWholeId = 43;  // 32 bytes in base64url
  if (word.size() < 2 || word[0] != '-' || word == "-h") return false;
  return std::ranges::all_of(word, is_of_ids) && (word[1] != '-' || word.size() == kWholeId);
}

std::vector<std::string> with_hidden_dashes(std::vector<std::string> words) {
  bool in_verb = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (in_verb && is_id_with_dash(words[i])) words[i][0] = kDashOfAnId;
    const bool is_verb = words[i] == "rename" || words[i] == "revoke";
    in_verb = in_verb || (i > 0 && words[i - 1] == "device" && is_verb);
  }
  return words;
}

std::string with_dash(std::string word) {
  if (word.starts_with(kDashOfAnId)) word[0] = '-';
  return word;
}

Result<Command, Problem> device_command(const std::string& verb, const Words& words) {
  if (verb == "link") return Command{words.link};
  if (verb == "ls") return Command{DeviceListCommand{}};
  if (verb == "rename") {
    return Command{RenameRequest{with_dash(words.rename.device), with_dash(words.rename.name)}};
  }
  if (verb == "revoke") {
    auto command = words.revoke;
    command.request.device = with_dash(command.request.device);
    command.request.reason = reason_of(words.reason);
    return Command{std::move(command)};
  }
  auto request = words.approve;
  request.role = words.role == "admin" ? transparency::Role::admin : transparency::Role::member;
  const bool is_number = request.code.find_first_not_of("0123456789 -") == std::string::npos;
  if (request.yes && is_number) {
    return usage("--yes cannot compare digits: a person has to look at both screens",
                 "leave --yes away, or give the whole code MARTLET:... that the device shows");
  }
  return Command{std::move(request)};
}

Command recovery_command(const std::string& verb, const Words& words) {
  if (verb == "show") return RecoveryShowCommand{};
  if (verb == "forget") return words.forget;
  return words.recover;
}

Command handle_command(const std::string& verb, const Words& words) {
  using What = client::HandleAsk::What;
  const std::map<std::string_view, What> verbs{{"add", What::add},
                                               {"confirm", What::confirm},
                                               {"ls", What::list},
                                               {"rm", What::remove},
                                               {"default", What::make_default}};
  HandleCommand command{words.handle};
  command.ask.what = verbs.at(verb);
  if (words.method == "sms") command.ask.method = wire::HandleMethod::sms_code;
  if (words.method == "inbound") command.ask.method = wire::HandleMethod::inbound_sms;
  return command;
}

Result<Command, Problem> chosen_command(const CLI::App& app, const Words& words) {
  const auto* const verb = app.get_subcommands().front();
  const auto& name = verb->get_name();
  if (name == "enroll") return Command{words.enroll};
  if (name == "whoami") return Command{WhoamiCommand{}};
  if (name == "send") return send_command(words);
  if (name == "watch") return watch_command(words);
  if (name == "chats") return Command{ChatsCommand{}};
  if (name == "history") return history_command(words);
  if (name == "read") return Command{words.read};
  if (name == "doctor") return Command{DoctorCommand{}};
  const auto& second = verb->get_subcommands().front()->get_name();
  if (name == "device") return device_command(second, words);
  if (name == "recovery") return recovery_command(second, words);
  if (name == "handle") return handle_command(second, words);
  if (second == "add") return Command{words.contact};
  if (second == "import") return Command{words.import};
  return Command{ContactListCommand{}};
}

}  // namespace

Result<std::variant<CommandLine, Information>, Problem> parse_command_line(
    const std::vector<std::string>& words_as_given) {
  const auto words_given = with_hidden_dashes(words_as_given);
  Words words;
  CLI::App app;
  define(app, words);
  try {
    app.parse(std::vector<std::string>{words_given.rbegin(), words_given.rend()});
  } catch (const CLI::CallForHelp&) {
    return {Information{app.help()}};
  } catch (const CLI::CallForVersion&) {
    return {Information{app.version() + "\n"}};
  } catch (const CLI::ParseError& error) {
    if (!app.get_subcommands().empty()) return usage(error.what(), hint_for(app));
    const auto unknown = app.remaining();
    return unknown.empty() ? usage("a verb is missing: what shall it do?")
                           : usage("there is no verb or option " + unknown.front());
  }
  for (auto& letter : words.line.region) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  if (!words.line.region.empty() && !phone::is_known_region(words.line.region)) {
    return problem_of(client::errors::kBadRegion);
  }
  words.line.command = TRY(chosen_command(app, words));
  return {std::move(words.line)};
}

Result<Milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  const Error malformed{Failure::malformed, "not a length of time"};
  if (failed != std::errc{} || number < 0 || text.front() == '-') return malformed;
  const std::map<std::string_view, Milliseconds> units{
      {"", Seconds{1}},
      {"ms", Milliseconds{1}},
      {"s", Seconds{1}},
      {"m", std::chrono::minutes{1}},
      {"h", std::chrono::hours{1}},
      {"d", std::chrono::days{1}},
  };
  const auto unit = units.find(text.substr(static_cast<std::size_t>(rest - text.data())));
  if (unit == units.end()) return malformed;
  if (number > kDurationMax / unit->second) return malformed;
  return number * unit->second;
}

}  // namespace martlet::cli
