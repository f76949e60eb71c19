// The command line: builds every part, parses, calls one verb of the service, prints its answer.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "apps/martlet/command_line.h"
#include "apps/martlet/output.h"
#include "apps/martlet/profile.h"
#include "apps/martlet/render.h"
#include "apps/martlet/stop_signals.h"
#include "apps/martlet/terminal_dialogue.h"
#include "base/limits.h"
#include "client/errors.h"
#include "crypto/system_random.h"

namespace martlet::cli {
namespace {

using client::ApiError;
using client::ErrorCode;

constexpr int kDone = 0;

/// A line of standard input without its end; at most kAnswerBytesMax bytes of it.
std::string read_answer() {
  constexpr std::size_t kAnswerBytesMax = 64;
  std::string line;
  for (char c = 0; ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) {
    if (line.size() < kAnswerBytesMax) line += c;
  }
  return line;
}

/// What is printed where, and as what.
struct Face {
  const Renderer& renderer;
  Output& out;
  Output& error_out;
  bool may_ask = false;  ///< a person reads and types

  /// The exit code. A reader that has gone away has had enough; that is no fault.
  int print(const std::string& text) const {
    const auto written = out.write(text);
    if (written != Written::failed) return kDone;
    return fail({ErrorCode::disk, "the output could not be written", "is the disk full?", {}});
  }
  int fail(const Problem& problem) const {
    static_cast<void>(error_out.write(renderer.problem(problem)));
    return client::exit_code_of(problem.code);
  }
  int fail(const ApiError& error) const { return fail(problem_of(error)); }
  /// Which of these the person at the terminal means; nothing: none, or there is nobody to ask.
  std::optional<std::string> choose(const std::vector<store::ContactRecord>& people) const {
    if (!may_ask || people.empty()) return std::nullopt;
    static_cast<void>(error_out.write(renderer.question(people)));
    const auto line = read_answer();
    std::size_t number = 0;
    const auto* const end = line.data() + line.size();
    const auto [rest, failed] = std::from_chars(line.data(), end, number);
    if (failed != std::errc{} || rest != end || number < 1 || number > people.size()) {
      return std::nullopt;
    }
    return people[number - 1].handle;
  }
  void notice(const std::optional<ApiError>& error) const {
    if (error) static_cast<void>(error_out.write(renderer.notice(*error)));
  }
};

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "computer";
  return name.data();
}

/// All of a file, - for standard input; at most one byte more than an address book may have, so
/// that too much is refused by who knows the limit.
Result<std::string, Problem> read_address_book(const std::string& path) {
  const Problem unreadable{ErrorCode::usage, "the file cannot be read: " + path, "", {}};
  const int file = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unreadable;
  std::string text;
  std::array<char, 65'536> part;
  ssize_t got = 1;
  while (got != 0 && text.size() <= limits::kVcardFileBytesMax) {
    got = ::read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  if (file != STDIN_FILENO) ::close(file);
  if (got < 0) return unreadable;
  return text;
}

/// All of stdin, without one line break at its end; at most one byte more than a message may have,
/// so that too much is refused by who knows the limit.
Result<std::string, Problem> read_standard_input() {
  std::string text;
  std::array<char, 8192> part;
  while (text.size() <= limits::kTextBytesMax + 1) {
    const auto got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Problem{ErrorCode::usage, "standard input cannot be read", "", {}};
    if (got == 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string similar_words(const std::vector<std::string_view>& words) {
  std::string text;
  for (const auto word : words) text += (text.empty() ? "" : ", ") + std::string{word};
  return text;
}

/// Says which word is wrong, but none that is right.
Problem words_problem(const transparency::RecoveryWordsFault& fault) {
  using Kind = transparency::RecoveryWordsFault::Kind;
  switch (fault.kind) {
    case Kind::count:
      return {ErrorCode::usage,
              "there are " + std::to_string(fault.place) + " words, and it takes 24",
              "type all of them, in their order, without numbers",
              {}};
    case Kind::unknown:
      return {ErrorCode::usage,
              "word " + std::to_string(fault.place) + " is none of those that there are",
              fault.similar.empty() ? "look at the paper again"
                                    : "did you mean: " + similar_words(fault.similar) + "?",
              {}};
    case Kind::checksum:
      break;
  }
  return {
      ErrorCode::usage,
      "each word exists, but together they are not right: one is another, or two changed places",
      "compare with the paper word by word",
      {}};
}

Result<transparency::RecoveryEntropy, Problem> read_recovery_words() {
  auto text = TRY(read_standard_input());
  auto words = transparency::parse_recovery_words(text);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!words.ok()) return words_problem(words.error());
  return std::move(words).take();
}

/// Runs one command against an opened profile; each gives back the exit code.
class Dispatcher {
 public:
  Dispatcher(Service& service, Renderer& renderer, const Face& face, std::string profile)
      : service_{service}, renderer_{renderer}, face_{face}, profile_{std::move(profile)} {}

  int operator()(const client::EnrollRequest& given) {
    auto request = given;
    if (request.device_name.empty()) request.device_name = machine_name();
    const auto answer = service_.enroll(request);
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.enrolled(answer.value()));
  }

  int operator()(const WhoamiCommand&) {
    const auto answer = service_.whoami();
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.whoami(answer.value()));
  }

  int operator()(const SendCommand& given) {
    auto command = given;
    auto answer = service_.send(command.request);
    if (!answer.ok() && answer.error().code == ErrorCode::ambiguous_name) {
      const auto people = candidates(command.request.message.to);
      const auto chosen = command.text_from_stdin ? std::nullopt : face_.choose(people);
      if (!chosen) return fail_ambiguous(answer.error(), people);
      command.request.message.to = *chosen;
      answer = service_.send(command.request);
    }
    if (!answer.ok()) return face_.fail(answer.error());
    const auto& sent = answer.value();
    if (sent.progress.state != store::MessageState::failed) {
      const int printed = face_.print(renderer_.sent(sent));
      if (!sent.problem || printed != kDone) return printed;
    }
    auto problem = problem_of(*sent.problem);
    problem.message_id = sent.id;
    return face_.fail(problem);
  }

  int operator()(const WatchRequest& request) {
    if (!learn_people()) return face_.fail(*trouble_);
    // Before the network starts a thread: it must not get the signals.
    StopSignals signals{[this] { service_.interrupt(); }};
    Output out{STDOUT_FILENO, signals.fd()};
    auto written = Written::yes;
    const auto answer = service_.watch(request, [&](const client::Event& event) {
      written = out.write(renderer_.event(event));
      return written == Written::yes;
    });
    if (written == Written::failed) {
      return face_.fail({ErrorCode::disk,
                         "the output could not be written",
                         "watch goes on behind the last whole line next time",
                         {}});
    }
    if (!answer.ok()) return face_.fail(answer.error());
    return kDone;
  }

  int operator()(const ChatsCommand&) {
    const auto answer = service_.chats();
    if (!answer.ok()) return face_.fail(answer.error());
    if (!learn_people()) return face_.fail(*trouble_);
    face_.notice(answer.value().stale);
    return face_.print(renderer_.chats(answer.value().rows));
  }

  int operator()(const HistoryCommand& command) {
    const auto answer = service_.history(command.request);
    if (!answer.ok()) return fail_about(answer.error(), command.request.chat);
    if (!learn_people()) return face_.fail(*trouble_);
    face_.notice(answer.value().stale);
    return face_.print(renderer_.history(answer.value().rows, command.with_ids));
  }

  int operator()(const ReadCommand& command) {
    const auto answer = service_.read(command.chat);
    if (!answer.ok()) return fail_about(answer.error(), command.chat);
    face_.notice(answer.value().stale);
    return face_.print(renderer_.read(answer.value()));
  }

  int operator()(const client::ContactAddRequest& request) {
    const auto answer = service_.contact_add(request);
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.contact_added(answer.value()));
  }

  int operator()(const ContactImportCommand& command) {
    const auto answer = service_.contact_import(command.file);
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.contacts_imported(answer.value()));
  }

  int operator()(const HandleCommand& command) {
    const auto answer = service_.handles(command.ask);
    if (!answer.ok()) return face_.fail(answer.error());
    face_.notice(answer.value().stale);
    return face_.print(renderer_.handles(answer.value()));
  }

  int operator()(const ContactListCommand&) {
    const auto answer = service_.contacts();
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.contacts(answer.value()));
  }

  int operator()(const DoctorCommand&) {
    auto answer = service_.doctor();
    if (!answer.ok()) return face_.fail(answer.error());
    auto found = std::move(answer).take();
    found.profile = profile_;
    return face_.print(renderer_.doctor(found));
  }

  int operator()(const LinkRequest& given) {
    auto request = given;
    if (request.device_name.empty()) request.device_name = machine_name();
    return with_dialogue([&](Dialogue& dialogue) {
      const auto answer = service_.link(request, dialogue);
      if (!answer.ok()) return face_.fail(answer.error());
      return face_.print(renderer_.linked(answer.value()));
    });
  }

  int operator()(const ApproveRequest& request) {
    return with_dialogue([&](Dialogue& dialogue) {
      const auto answer = service_.approve(request, dialogue);
      if (!answer.ok()) return face_.fail(answer.error());
      return face_.print(renderer_.approved(answer.value()));
    });
  }

  int operator()(const DeviceListCommand&) {
    const auto answer = service_.devices();
    if (!answer.ok()) return face_.fail(answer.error());
    face_.notice(answer.value().stale);
    return face_.print(renderer_.devices(answer.value().rows));
  }

  int operator()(const RenameRequest& request) {
    const auto answer = service_.rename(request);
    if (!answer.ok()) return face_.fail(answer.error());
    face_.notice(answer.value().stale);
    return face_.print(renderer_.devices(answer.value().rows));
  }

  int operator()(const RevokeCommand& command) {
    if (!command.yes && !sure("Remove this device? It gets nothing from then on. [y/N] ")) {
      return face_.fail(kNotSure);
    }
    const auto answer = service_.revoke(command.request);
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.revoked(answer.value()));
  }

  int operator()(const RecoveryShowCommand&) {
    const auto words = service_.recovery_words();
    if (!words.ok()) return face_.fail(words.error());
    return face_.print(renderer_.recovery_words(text_of(words.value().reveal())));
  }

  int operator()(const RecoveryForgetCommand& command) {
    if (!command.yes && !sure("Are the words on paper? They cannot be shown again. [y/N] ")) {
      return face_.fail(kNotSure);
    }
    const auto done = service_.forget_recovery_words();
    if (!done.ok()) return face_.fail(done.error());
    return face_.print(renderer_.recovery_words_forgotten());
  }

  int operator()(const RecoverRequest& given) {
    auto request = given;
    if (request.device_name.empty()) request.device_name = machine_name();
    if (face_.out.is_terminal())
      face_.print("The 24 words, on one line or several, then Ctrl-D:\n");
    auto words = read_recovery_words();
    if (!words.ok()) return face_.fail(words.error());
    const auto answer = service_.recover(request, words.value());
    if (!answer.ok()) return face_.fail(answer.error());
    return face_.print(renderer_.recovered(answer.value()));
  }

 private:
  static constexpr ApiError kNotSure{ErrorCode::usage, "nothing was changed",
                                     "say y, or give --yes in a script"};

  /// Only on a terminal: a script that means it says --yes.
  bool sure(const std::string& question) {
    if (::isatty(STDIN_FILENO) != 1 || !face_.out.is_terminal()) return false;
    return TerminalDialogue{renderer_, face_.out, STDIN_FILENO}.ask(question);
  }

  int with_dialogue(const std::function<int(Dialogue&)>& verb) {
    StopSignals signals{[this] { service_.interrupt(); }};
    TerminalDialogue dialogue{renderer_, face_.out, STDIN_FILENO};
    return verb(dialogue);
  }

  std::vector<store::ContactRecord> candidates(const std::string& name) {
    auto people = service_.candidates(name);
    if (!people.ok()) return {};
    return std::move(people).take();
  }
  int fail_ambiguous(const ApiError& error, const std::vector<store::ContactRecord>& people) {
    auto problem = problem_of(error);
    problem.candidates = people;
    return face_.fail(problem);
  }
  int fail_about(const ApiError& error, const std::string& name) {
    if (error.code != ErrorCode::ambiguous_name) return face_.fail(error);
    return fail_ambiguous(error, candidates(name));
  }
  bool learn_people() {
    auto people = service_.people();
    if (!people.ok()) {
      trouble_ = people.error();
      return false;
    }
    renderer_.set_people(std::move(people).take());
    return true;
  }

  Service& service_;
  Renderer& renderer_;
  const Face& face_;
  std::string profile_;  ///< its folder
  std::optional<ApiError> trouble_;
};

template <class Request>
const std::string* server_of(const Command& command) {
  const auto* request = std::get_if<Request>(&command);
  return request == nullptr ? nullptr : &request->server;
}

/// What can be refused without touching the disk, and input that has to be read first.
Result<void, Problem> complete(Command& command) {
  if (const auto* enroll = std::get_if<client::EnrollRequest>(&command)) {
    const auto url = client::parse_invitation_url(enroll->url);
    if (!url.ok()) return problem_of(url.error());
    if (url.value().token.empty() && enroll->handle.empty()) {
      return problem_of(client::errors::kHandleNeeded);
    }
  }
  for (const auto* server : {server_of<LinkRequest>(command), server_of<RecoverRequest>(command)}) {
    if (server == nullptr) continue;
    const auto address = client::parse_server_address(*server);
    if (!address.ok()) return problem_of(address.error());
  }
  if (auto* send = std::get_if<SendCommand>(&command); send != nullptr && send->text_from_stdin) {
    send->request.message.text = TRY(read_standard_input());
  }
  if (auto* import = std::get_if<ContactImportCommand>(&command)) {
    import->file = TRY(read_address_book(import->path));
  }
  return {};
}

int run(CommandLine line, Renderer& renderer, const Face& face, const Clock& clock) {
  const auto completed = complete(line.command);
  if (!completed.ok()) return face.fail(completed.error());
  const auto folder = profile_folder(line.profile);
  if (!folder.ok()) return face.fail(folder.error());

  crypto::SystemRandom random;
  const bool enrolling = std::holds_alternative<client::EnrollRequest>(line.command) ||
                         std::holds_alternative<LinkRequest>(line.command) ||
                         std::holds_alternative<RecoverRequest>(line.command);
  auto profile = Profile::open(
      folder.value(), enrolling ? Profile::Missing::create : Profile::Missing::fail, random);
  if (!profile.ok()) return face.fail(profile.error());

  Service service{profile.value().vault(),
                  random,
                  clock,
                  {line.offline, line.region, [&](const ApiError& error) { face.notice(error); }}};
  return std::visit(Dispatcher{service, renderer, face, folder.value()}, line.command);
}

int start(const std::vector<std::string>& words) {
  const SystemClock clock;
  Output out{STDOUT_FILENO};
  Output error_out{STDERR_FILENO};
  const bool on_terminal = out.is_terminal();
  // Known before the words are understood, for what is said about words that are not.
  const bool json = !on_terminal || std::ranges::find(words, "--json") != words.end();
  const auto renderer =
      json ? make_json_renderer(on_terminal) : make_text_renderer(clock, on_terminal);
  const Face face{*renderer, out, error_out, !json && ::isatty(STDIN_FILENO) != 0};

  auto parsed = parse_command_line(words);
  if (!parsed.ok()) return face.fail(parsed.error());
  if (const auto* information = std::get_if<Information>(&parsed.value())) {
    return face.print(information->text);
  }
  return run(std::get<CommandLine>(std::move(parsed).take()), *renderer, face, clock);
}

}  // namespace
}  // namespace martlet::cli

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a reader that goes away is noticed where we write
  ::umask(077);
  return martlet::cli::start({argv + 1, argv + argc});
}
