#include "apps/martletd/operator_verbs.h"

#include "apps/martletd/admin_socket.h"
#include "apps/martletd/stores.h"
#include "apps/martletd/user_lines.h"
#include "crypto/system_random.h"
#include "server/overloaded.h"

namespace martlet::daemon {
namespace {

constexpr Milliseconds kOfficeTimeout{100'000};
/// Each clears a portion of the mailboxes, so that the largest are empty long before.
constexpr int kTicksMax = 1'000'000;

/// The office's answer as a line.
Outcome<std::string> line_of(const OperatorRequest& request, const server::OfficeAnswer& answer,
                             const InvitationUrls& urls) {
  using Answered = Outcome<std::string>;
  const auto* query = std::get_if<server::StatusQuery>(&request);
  return std::visit(
      server::Overloaded{
          [&](const server::Invited& invited) -> Answered {
            return invited_json(urls.url(invited.token), invited);
          },
          [&](const server::StatusReport& status) -> Answered {
            return status_json(status, query != nullptr && query->mailboxes);
          },
          [](const server::UserList& list) -> Answered { return users_json(list); },
          [](const server::UserStatus& status) -> Answered { return user_status_json(status); },
          [](const server::UserErased& erased) -> Answered { return user_erased_json(erased); },
          [](const wire::Refusal& refusal) -> Answered { return complaint_of(refusal); },
          [](const auto&) -> Answered {
            return Complaint{Exit::bug, "the office answered something else"};
          },
      },
      answer.body);
}

OfficeWorker::OperatorBody body_of(const OperatorRequest& request) {
  return std::visit([](const auto& body) { return OfficeWorker::OperatorBody{body}; }, request);
}

/// No server runs, so that we may open its stores ourselves.
Outcome<std::string> ask_stores(const std::filesystem::path& path,
                                const std::filesystem::path& config_file,
                                const OperatorRequest& request) {
  const auto folder = TRY(DataFolder::open(path));
  const auto config = TRY(load_config(folder.settings(), config_file));
  Digest fingerprint{};
  if (std::holds_alternative<server::Invite>(request)) {
    if (config.listen.port == 0 && !config.public_port) {
      return Complaint{Exit::usage,
                       "the server listens on any free port, so that it has no address",
                       "start it first, or give `listen` a port"};
    }
    fingerprint = TRY(load_fingerprint(folder, config));
  }
  const auto stores = TRY(Stores::open(folder, config.store));
  crypto::SystemRandom random;
  server::OfficeOptions options;
  options.domain = config.domain();
  server::Office office{*stores.mailboxes, *stores.directory, *stores.proofs, random, options};
  server::OfficeRequest asked{{server::kOperator, 1}, 0, 1, {}};
  std::visit([&](const auto& body) { asked.body = body; }, request);
  std::vector<server::OfficeAnswer> answers;
  const auto now = SystemClock{}.now();
  office.process({&asked, 1}, now, answers);
  // What is erased is told when it has left the disk.
  for (int ticks = 0; answers.empty() && ticks < kTicksMax; ++ticks) {
    office.on_tick(now, true, answers);
  }
  if (answers.empty()) {
    return Complaint{Exit::data_folder, "the disk does not answer",
                     "is it full? The account is erased; start the server to clean up the rest"};
  }
  if (answers.size() != 1) return Complaint{Exit::bug, "the office gave no answer"};
  return line_of(request, answers.front(), InvitationUrls{config, config.listen.port, fingerprint});
}

}  // namespace

std::string OperatorDesk::serve(std::string_view line) {
  if (line == kMetricsRequest) return metrics_();
  const auto request = parse_operator_request(line);
  if (!request.ok()) {
    return complaint_json({Exit::usage, "the running server does not know this request",
                           "is it of another version?"});
  }
  const auto answered = answer(request.value());
  return answered.ok() ? answered.value() : complaint_json(answered.error());
}

Outcome<std::string> OperatorDesk::answer(const OperatorRequest& request) {
  const auto answer = worker_.ask(body_of(request), kOfficeTimeout);
  if (!answer.ok()) {
    return Complaint{Exit::network, "the running server does not answer", "try again"};
  }
  auto line = TRY(line_of(request, answer.value(), urls_));
  if (std::holds_alternative<server::StatusQuery>(request)) line = with_metrics(line, metrics_());
  return line;
}

Outcome<std::string> ask_as_operator(const std::filesystem::path& folder,
                                     const std::filesystem::path& config_file,
                                     const OperatorRequest& request) {
  if (is_data_folder(folder)) {
    const auto answer = TRY(ask_running_server(folder, encode(request)));
    if (answer) return accept_answer(*answer);
  }
  return ask_stores(folder, config_file, request);
}

Outcome<Config> load_config(const std::filesystem::path& settings,
                            const std::filesystem::path& config_file) {
  Config config;
  std::error_code error;
  if (std::filesystem::exists(settings, error)) TRY(read_config(settings, config));
  if (!config_file.empty()) TRY(read_config(config_file, config));
  return config;
}

}  // namespace martlet::daemon
