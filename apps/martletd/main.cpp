#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/martletd/config_explain.h"
#include "apps/martletd/data_folder.h"
#include "apps/martletd/duration.h"
#include "apps/martletd/operator_verbs.h"
#include "apps/martletd/serve.h"
#include "apps/martletd/user_verbs.h"

namespace martlet::daemon {
namespace {

constexpr const char* kAbout =
    "Martlet server: passes sealed messages on, and cannot read them.\n"
    "One program, one data folder, one port.\n\n"
    "Examples:\n"
    "  martletd serve --data /var/lib/martlet --name chat.example.org\n"
    "  martletd invite --data /var/lib/martlet --handle bob@example.org\n"
    "  martletd status --data /var/lib/martlet\n"
    "  martletd user ls --data /var/lib/martlet\n";
constexpr const char* kServeTeach =
    "The first start makes the data folder, keys and a TLS certificate, keeps name and address in\n"
    "DIR/server.toml, and prints an invitation for you. Later starts need --data alone.\n\n"
    "Examples:\n"
    "  martletd serve --data ./try --name localhost --listen 127.0.0.1:8443\n"
    "  martletd serve --data /var/lib/martlet --name chat.example.org";
constexpr const char* kInviteTeach =
    "Give the URL to the newcomer over a channel that you trust: whoever has it can use it.\n"
    "Works while the server runs, and while it does not.\n\n"
    "Examples:\n"
    "  martletd invite --data DIR --handle bob@example.org     Bob gets this handle\n"
    "  martletd invite --data DIR --uses 20 --expires 2d       twenty people choose local names";
constexpr const char* kStatusTeach =
    "The server holds sealed bytes only, and --mailboxes shows all that it knows of them.\n\n"
    "Examples:\n"
    "  martletd status --data DIR\n"
    "  martletd status --data DIR --mailboxes --json\n"
    "  martletd status --data DIR --watch          each second, until Ctrl-C";
constexpr const char* kUserTeach =
    "WHO is a handle, or an account's id as `user ls --json` shows it. All of it works while the\n"
    "server runs, and while it does not.\n\n"
    "suspend: the account's devices are shown out, and nothing is accepted from it or for it, "
    "until\n"
    "  resume. What waits for it goes on waiting.\n"
    "erase: account, handles, devices, invitations and what waits for it go, for good; of it stay\n"
    "  only hashes, so that the same account cannot come back. Its handles are free again.\n\n"
    "Examples:\n"
    "  martletd user ls --data DIR\n"
    "  martletd user suspend bob@example.org --data DIR\n"
    "  martletd user erase bob@example.org --data DIR --yes    in a script";
constexpr const char* kConfigTeach =
    "Shows every setting, what it does, its value, and which file and line set it. Changes "
    "nothing,\n"
    "and works while the server runs.\n\n"
    "Examples:\n"
    "  martletd config explain --data DIR\n"
    "  martletd config explain --data DIR --config new.toml    before a restart with it";
constexpr const char* kExits =
    "Exit status: 0 ok, 2 wrong options or settings, 3 data folder in use or damaged,\n"
    "4 network (address in use), 7 nobody has that handle, 8 refused, 70 a bug.";

struct Arguments {
  std::string data, config, name, listen, handle, expires = "7d";
  std::uint32_t uses = 1;
  std::string who;
  bool admin = false, json = false, mailboxes = false, watch = false, yes = false;
};

std::string lower(std::string text) {
  for (auto& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Outcome<void> run_serve(const Arguments& arguments) {
  ServeOptions options;
  options.data = arguments.data;
  options.config_file = arguments.config;
  if (!arguments.name.empty()) {
    options.name = lower(arguments.name);
    if (!is_server_name(*options.name)) {
      return Complaint{Exit::usage, "--name must be a domain or an IP address",
                       "such as chat.example.org"};
    }
  }
  if (!arguments.listen.empty()) {
    options.listen = ListenAddress::parse(arguments.listen);
    if (!options.listen) {
      return Complaint{Exit::usage, "--listen must be ADDR:PORT or [IPv6]:PORT",
                       "such as 0.0.0.0:8443"};
    }
  }
  return serve(options);
}

Outcome<void> run_invite(const Arguments& arguments) {
  const auto lifetime = parse_duration(arguments.expires);
  if (!lifetime) {
    return Complaint{Exit::usage, "--expires must be a number and s, m, h, d or w", "such as 7d"};
  }
  const auto line = TRY(ask_as_operator(
      arguments.data, arguments.config,
      server::Invite{arguments.handle, arguments.admin, arguments.uses, *lifetime}));
  std::printf("%s\n", url_of(line).c_str());
  return {};
}

Outcome<void> run_status(const Arguments& arguments) {
  if (arguments.watch) return watch_server(arguments.data, arguments.json);
  const auto line = TRY(
      ask_as_operator(arguments.data, arguments.config, server::StatusQuery{arguments.mailboxes}));
  if (arguments.json) {
    std::printf("%s\n", line.c_str());
  } else {
    std::fputs(status_text(line).c_str(), stdout);
  }
  return {};
}

Outcome<void> run_config_explain(const Arguments& arguments) {
  const std::filesystem::path folder{arguments.data};
  if (!is_data_folder(folder)) {
    return Complaint{Exit::data_folder, "no server has used this folder: " + folder.string(),
                     "martletd serve --data DIR makes one"};
  }
  const auto config = TRY(load_config(folder / kSettingsFile, arguments.config));
  const auto settings = explain(config);
  std::fputs((arguments.json ? explained_json(settings) : explained_text(settings)).c_str(),
             stdout);
  return {};
}

CLI::App* add_verb(CLI::App& app, const char* name, const char* about, const char* teach,
                   Arguments& arguments) {
  auto* verb = app.add_subcommand(name, about);
  verb->footer(std::string{teach} + "\n\n" + kExits);
  verb->add_option("--data", arguments.data, "the server's data folder")
      ->type_name("DIR")
      ->required();
  verb->add_option("--config", arguments.config, "settings that go before those of DIR/server.toml")
      ->type_name("FILE");
  return verb;
}

struct UserVerbs {
  CLI::App* all;
  CLI::App* suspend;
  CLI::App* resume;
  CLI::App* erase;
};

UserVerbs add_user_verbs(CLI::App& app, Arguments& arguments) {
  auto* all = app.add_subcommand("user", "The accounts of this server");
  all->require_subcommand(1);
  const auto add = [&](const char* name, const char* about) {
    auto* verb = add_verb(*all, name, about, kUserTeach, arguments);
    verb->add_flag("--json", arguments.json, "one line of JSON");
    return verb;
  };
  const auto add_with_who = [&](const char* name, const char* about) {
    auto* verb = add(name, about);
    verb->add_option("WHO", arguments.who, "a handle or an account's id")
        ->type_name("")
        ->required();
    return verb;
  };
  add("ls", "List the accounts: handles, devices, state, what waits");
  UserVerbs verbs{all, add_with_who("suspend", "Show an account out until it is resumed"),
                  add_with_who("resume", "Let a suspended account in again"),
                  add_with_who("erase", "Erase an account and all that is kept of it")};
  verbs.erase->add_flag("--yes", arguments.yes, "do not ask");
  return verbs;
}

Outcome<void> run_user(const UserVerbs& verbs, const Arguments& arguments) {
  const OperatorFolder folder{arguments.data, arguments.config};
  if (verbs.suspend->parsed()) return suspend_user(folder, arguments.who, true, arguments.json);
  if (verbs.resume->parsed()) return suspend_user(folder, arguments.who, false, arguments.json);
  if (verbs.erase->parsed()) {
    return erase_user(folder, arguments.who, arguments.yes, arguments.json);
  }
  return list_users(folder, arguments.json);
}

int finish(const Outcome<void>& outcome) {
  if (outcome.ok()) return static_cast<int>(Exit::ok);
  const auto& complaint = outcome.error();
  std::fprintf(stderr, "martletd: %s\n", complaint.message.c_str());
  if (!complaint.hint.empty()) std::fprintf(stderr, "hint: %s\n", complaint.hint.c_str());
  return static_cast<int>(complaint.exit);
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{kAbout, "martletd"};
  app.footer(kExits);
  app.set_version_flag("--version", "martletd " MARTLET_VERSION);
  app.require_subcommand(1);
  auto* serve_verb =
      add_verb(app, "serve", "Run the server until SIGTERM or Ctrl-C", kServeTeach, arguments);
  serve_verb->add_option("--name", arguments.name, "under which people reach the server")
      ->type_name("HOST");
  serve_verb
      ->add_option("--listen", arguments.listen,
                   "where to accept connections (at first 0.0.0.0:8443); port 0: any free one")
      ->type_name("ADDR:PORT");
  auto* invite_verb = add_verb(app, "invite", "Print one invitation URL", kInviteTeach, arguments);
  invite_verb
      ->add_option("--handle", arguments.handle,
                   "what the newcomer is called; else he chooses a name at this server")
      ->type_name("H");
  invite_verb->add_flag("--admin", arguments.admin, "the newcomer may administer the server");
  invite_verb->add_option("--uses", arguments.uses, "how many may come in by it (1)")
      ->type_name("N");
  invite_verb->add_option("--expires", arguments.expires, "how long it is good (7d)")
      ->type_name("DURATION");
  auto* status_verb =
      add_verb(app, "status", "Say who and what is there, and what waits", kStatusTeach, arguments);
  status_verb->add_flag("--json", arguments.json, "one line of JSON; with --watch one a second");
  auto* const mailboxes_flag =
      status_verb->add_flag("--mailboxes", arguments.mailboxes, "list what waits for each device");
  status_verb->add_flag("--watch", arguments.watch, "say each second what the running server does")
      ->excludes(mailboxes_flag);
  const auto user_verbs = add_user_verbs(app, arguments);
  auto* config_verb = app.add_subcommand("config", "The server's settings");
  config_verb->require_subcommand(1);
  auto* explain_verb =
      add_verb(*config_verb, "explain", "Show every setting and where it comes from", kConfigTeach,
               arguments);
  explain_verb->add_flag("--json", arguments.json, "one line of JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version are errors to the library, too.
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  if (serve_verb->parsed()) return finish(run_serve(arguments));
  if (invite_verb->parsed()) return finish(run_invite(arguments));
  if (user_verbs.all->parsed()) return finish(run_user(user_verbs, arguments));
  if (explain_verb->parsed()) return finish(run_config_explain(arguments));
  return finish(run_status(arguments));
}

}  // namespace
}  // namespace martlet::daemon

int main(int argc, char** argv) {
  // Our own code does not throw; memory may still run out.
  try {
    return martlet::daemon::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "martletd: %s\n", error.what());
    return static_cast<int>(martlet::daemon::Exit::bug);
  }
}
