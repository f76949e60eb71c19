#include "apps/martletd/user_verbs.h"

#include <unistd.h>

#include <cstdio>

#include "apps/martletd/operator_verbs.h"
#include "apps/martletd/user_lines.h"

namespace martlet::daemon {
namespace {

Outcome<std::string> ask(const OperatorFolder& folder, const OperatorRequest& request) {
  return ask_as_operator(folder.data, folder.config_file, request);
}

void print(const std::string& line, bool json) {
  std::fputs((json ? line + "\n" : user_text(line)).c_str(), stdout);
}

/// A line that begins with y or Y.
bool confirms(const std::string& question) {
  std::fputs(question.c_str(), stderr);
  std::fflush(stderr);
  const int first = std::getchar();
  for (int c = first; c != '\n' && c != EOF;) c = std::getchar();
  return first == 'y' || first == 'Y';
}

}  // namespace

Outcome<void> list_users(const OperatorFolder& folder, bool json) {
  std::vector<std::string> lines;
  std::optional<AccountId> after;
  do {
    auto line = TRY(ask(folder, server::ListUsers{after}));
    after = next_users(line);
    lines.push_back(std::move(line));
  } while (after);
  const auto all = joined_users(lines);
  std::fputs((json ? all + "\n" : users_text(all)).c_str(), stdout);
  return {};
}

Outcome<void> suspend_user(const OperatorFolder& folder, const std::string& who, bool suspended,
                           bool json) {
  print(TRY(ask(folder, server::Suspend{who, suspended})), json);
  return {};
}

Outcome<void> erase_user(const OperatorFolder& folder, const std::string& who, bool yes,
                         bool json) {
  if (!yes) {
    if (::isatty(STDIN_FILENO) == 0) {
      return Complaint{Exit::usage, "an erased account cannot come back: nothing was done",
                       "add --yes if you mean it"};
    }
    if (!confirms("Erase " + who +
                  " and all that the server keeps of it? It cannot be undone. [y/N] ")) {
      return Complaint{Exit::refused, "nothing was erased"};
    }
  }
  print(TRY(ask(folder, server::Erase{who})), json);
  return {};
}

}  // namespace martlet::daemon
