#include "apps/martletd/pages.h"

#include <string_view>

namespace martlet::daemon {
namespace {

using net::HttpResponse;

/// Of text that is fixed: what a stranger sent is never repeated.
std::string page(std::string_view title, std::string_view body) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n<title>";
  html.append(title).append(
      "</title>\n<style>\n"
      ":root{color-scheme:light dark}\n"
      "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem}\n"
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

constexpr std::string_view kNothing = R"(<h1>There is nothing here</h1>
<p>If you followed an invitation: is the address complete?</p>
)";

HttpResponse html(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(body);
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
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
  if (path == "/") return html(200, page("Martlet server", kFront));
  if (path.starts_with("/i/") && path.size() > 3 && path.find('/', 3) == std::string_view::npos) {
    return html(200, page("You are invited to Martlet", kInvitation));
  }
  return html(404, page("Not found", kNothing));
}

}  // namespace martlet::daemon
