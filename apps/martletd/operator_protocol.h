#pragma once

#include <string>
#include <variant>

#include "apps/martletd/complaint.h"
#include "server/messages.h"

/// What `martletd invite`, `status` and `user` say to a running server, over DIR/admin.sock: one
/// line of JSON each way. Also how both are printed.
namespace martlet::daemon {

using OperatorRequest = std::variant<server::Invite, server::StatusQuery, server::ListUsers,
                                     server::Suspend, server::Erase>;

/// What `status --watch` asks; answered by a line of metrics_json (metrics.h).
inline constexpr std::string_view kMetricsRequest = R"({"verb":"metrics"})";

std::string encode(const OperatorRequest& request);
/// `malformed` if it is anything else.
Result<OperatorRequest> parse_operator_request(std::string_view line);

/// {"url":...} or a status object or {"error":...}; without the line's end.
std::string invited_json(const std::string& url, const server::Invited& invited);
std::string status_json(const server::StatusReport& status, bool list_mailboxes);
/// The same object with a member `metrics`, of a line of metrics_json.
std::string with_metrics(const std::string& status_line, const std::string& metrics_line);
std::string complaint_json(const Complaint& complaint);

/// The other side's view of a line: its text if it is no error, else the complaint.
Outcome<std::string> accept_answer(std::string_view line);
/// Of a checked line.
std::string url_of(const std::string& invited_line);
/// For people: of a checked status line.
std::string status_text(const std::string& status_line);

/// What the office's refusal of an operator's request means.
Complaint complaint_of(const wire::Refusal& refusal);

}  // namespace martlet::daemon
