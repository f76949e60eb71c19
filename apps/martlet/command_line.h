#pragma once

#include <variant>

#include "apps/martlet/problem.h"
#include "apps/martlet/verbs.h"

namespace martlet::cli {

struct WhoamiCommand {};
struct SendCommand {
  SendRequest request;
  bool text_from_stdin = false;
};
struct ChatsCommand {};
struct HistoryCommand {
  client::HistoryRequest request;
  bool with_ids = false;
};
struct ReadCommand {
  std::string chat;
};
struct ContactListCommand {};
struct ContactImportCommand {
  std::string path;  ///< of a vCard file; - is standard input
  std::string file;  ///< its content, once read
};
struct DoctorCommand {};
struct DeviceListCommand {};
struct RevokeCommand {
  RevokeRequest request;
  bool yes = false;  ///< do not ask
};
struct RecoveryShowCommand {};
struct RecoveryForgetCommand {
  bool yes = false;
};
struct HandleCommand {
  client::HandleAsk ask;
};
using Command =
    std::variant<client::EnrollRequest, WhoamiCommand, SendCommand, WatchRequest, ChatsCommand,
                 HistoryCommand, ReadCommand, client::ContactAddRequest, ContactListCommand,
                 LinkRequest, ApproveRequest, DeviceListCommand, RevokeCommand, RenameRequest,
                 RecoveryShowCommand, RecoveryForgetCommand, RecoverRequest, ContactImportCommand,
                 HandleCommand, DoctorCommand>;

struct CommandLine {
  std::string profile;  ///< as given: a path or a bare name; empty: the default
  bool json = false;
  bool offline = false;
  std::string region;  ///< of phone numbers without a country: two capital letters, or empty
  Command command;
};
/// What --help or --version asked for.
struct Information {
  std::string text;
};

/// Reads the words behind the program's name. Fails with `usage`.
Result<std::variant<CommandLine, Information>, Problem> parse_command_line(
    const std::vector<std::string>& words);

/// "500ms", "30s", "5m", "2h", "1d", or seconds without a unit; at most a year.
Result<Milliseconds> parse_duration(std::string_view text);

}  // namespace martlet::cli
