#include "apps/martletd/pages.h"

#include "apps/martletd/mail_message.h"

#include <string_view>

namespace martlet::daemon {
namespace {

using net::HttpResponse;

/// What a stranger sent is never repeated; what the office says is escaped by whoever puts it in.
std::string page(std::string_view title, std::string_view body) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n<title>";
  html.append(title).append(
      "</title>\n<style>\n"
      ":root{color-scheme:light dark}\n"
      "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem}\n"
      "button{font:inherit;padding:.5rem 1rem}\n"
      "code{font-size:1rem;overflow-wrap:anywhere}\n"
      "pre{border:1px solid;border-radius:.4rem;padding:.8rem;white-space:pre-wrap}\n"
      "</style>\n</head>\n<body>\n<main>\n");
  return html.append(body).append("</main>\n</body>\n</html>\n");
}

constexpr std::string_view kInvitation = R"(<h1>You are invited</h1>
<p>Somebody has invited you to Martlet, a messenger whose server cannot read what you write.
This page's address is the invitation. It is for you alone: whoever has it can use it in your place.</p>
<ol>
<li>Install the program <code>martlet</code> on the computer that you want to write from.</li>
<li>Copy the <strong>whole address</strong> of this page, with everything behind the
<code>#</code>. Your browser does not send that part to the server: by it your program makes sure
that it talks to the right one.</li>
<li>In a terminal, type this, with the address between the quotation marks:
<pre><code>martlet enroll "ADDRESS" --name "Your name"</code></pre></li>
</ol>
<p>Then <code>martlet --help</code> tells what you can do.</p>
)";

constexpr std::string_view kFront = R"(<h1>A Martlet server</h1>
<p>People write to each other through it; it cannot read what they write. To join, ask whoever runs
it for an invitation.</p>
)";

/// Both are made of host names, a port and base64url: nothing that HTML would take for its own.
std::string joining_page(const std::string& url, const std::string& domain) {
  return R"(<h1>A Martlet server</h1>
<p>People write to each other through it; it cannot read what they write. Anybody may join:</p>
<ol>
<li>Install the program <code>martlet</code> on the computer that you want to write from.</li>
<li>In a terminal, type this, with a name of your choice before the <code>@</code>:
<pre><code>martlet enroll ")" +
         url + R"(" --handle NAME@)" + domain + R"(</code></pre></li>
</ol>
<p>Then <code>martlet --help</code> tells what you can do.</p>
)";
}

constexpr std::string_view kNothing = R"(<h1>There is nothing here</h1>
<p>If you followed an invitation: is the address complete?</p>
)";

constexpr std::string_view kDone = R"(<h1>Confirmed</h1>
<p>From now on people reach the account by this address. You can close this page.</p>
)";
constexpr std::string_view kUsed = R"(<h1>This link has been used</h1>
<p>It works once, and it has. There is nothing left to do.</p>
)";
constexpr std::string_view kExpired = R"(<h1>This link is too old</h1>
<p>It worked for one hour. In Martlet, add the address again to get a new one.</p>
)";
constexpr std::string_view kUnknown = R"(<h1>This link does not work</h1>
<p>Is the address of this page complete? If you asked for several mails, only the link of the
newest works.</p>
)";
constexpr std::string_view kBusy = R"(<h1>Please try again in a minute</h1>
<p>The server could not do it just now. The link still works.</p>
)";

std::string question(const server::Confirmation& asked) {
  const auto handle = escape_html(asked.handle);
  std::string body = "<h1>Is this you?</h1>\n<p>";
  if (asked.asked_by.empty()) {
    body += "An account without a name";
  } else {
    body += "The account <strong>" + escape_html(asked.asked_by) + "</strong>";
  }
  body += " asks to be reached at <strong>" + handle + "</strong>.</p>\n";
  body += "<form method=\"post\"><button type=\"submit\">Yes, confirm " + handle;
  return body +
         "</button></form>\n"
         "<p>If you did not ask for this, close the page: then nothing happens. Whoever confirms "
         "gives the address to that account, and takes it from any other.</p>\n";
}

HttpResponse html(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(body);
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
       "frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-store"},
  };
  return response;
}

HttpResponse health(Condition condition) {
  const auto* status = condition == Condition::ok             ? "ok"
                       : condition == Condition::disk_refuses ? "disk_refuses"
                                                              : "damaged";
  HttpResponse response;
  response.status = condition == Condition::ok ? 200 : 503;
  response.content_type = "application/json";
  response.body =
      std::string{"{\"status\":\""} + status + "\",\"version\":\"" + MARTLET_VERSION + "\"}\n";
  response.headers = {{"Cache-Control", "no-store"}};
  return response;
}

}  // namespace

std::optional<server::OpenConfirmation> Pages::confirmation(const net::HttpRequest& request) {
  constexpr std::string_view kPath = "/confirm/";
  constexpr std::string_view kBase64url =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto path = std::string_view{request.target}.substr(0, request.target.find('?'));
  if (!path.starts_with(kPath)) return std::nullopt;
  if (request.method != "GET" && request.method != "POST") return std::nullopt;
  const auto token = path.substr(kPath.size());
  if (token.empty() || token.size() > wire::kProofCodeBytesMax ||
      token.find_first_not_of(kBase64url) != std::string_view::npos) {
    return std::nullopt;
  }
  return server::OpenConfirmation{std::string{token}, request.method == "POST"};
}

HttpResponse Pages::confirmation_page(const server::OfficeAnswer& answer) {
  const auto* const confirmation = std::get_if<server::Confirmation>(&answer.body);
  if (confirmation == nullptr) return busy_page();
  using State = server::Confirmation::State;
  switch (confirmation->state) {
    case State::asks:
      return html(200, page("Confirm your address", question(*confirmation)));
    case State::done:
      return html(200, page("Confirmed", kDone));
    case State::used:
      return html(410, page("Link used", kUsed));
    case State::expired:
      return html(410, page("Link too old", kExpired));
    case State::unknown:
      break;
  }
  return html(404, page("Link does not work", kUnknown));
}

HttpResponse Pages::busy_page() {
  auto response = html(503, page("Try again", kBusy));
  response.headers.emplace_back("Retry-After", "60");
  return response;
}

void Pages::set_joining(const std::string& url, const std::string& domain) {
  joining_ = page("Join this Martlet server", joining_page(url, domain));
}

HttpResponse Pages::answer(const net::HttpRequest& request) const {
  if (request.method != "GET") {  // HEAD arrives as GET
    HttpResponse response;
    response.status = 405;
    response.body = "only GET\n";
    response.headers = {{"Allow", "GET, HEAD"}};
    return response;
  }
  const auto path = std::string_view{request.target}.substr(0, request.target.find('?'));
  if (path == "/health") return health(condition_);
  const bool is_joining = !joining_.empty() && (path == "/" || path == "/i" || path == "/i/");
  if (is_joining) return html(200, joining_);
  if (path == "/") return html(200, page("Martlet server", kFront));
  if (path.starts_with("/i/") && path.size() > 3 && path.find('/', 3) == std::string_view::npos) {
    return html(200, page("You are invited to Martlet", kInvitation));
  }
  return html(404, page("Not found", kNothing));
}

}  // namespace martlet::daemon
