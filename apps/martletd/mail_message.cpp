#include "apps/martletd/mail_message.h"

#include <fmt/format.h>

#include <ctime>

namespace martlet::daemon {
namespace {

constexpr std::string_view kText =
    "Somebody asks to be reached at {to} on the\r\n"
    "Martlet server {server}.\r\n"
    "The account that asks: {asked_by}\r\n"
    "\r\n"
    "If that is you, open this link and press the button on its page:\r\n"
    "\r\n"
    "{link}\r\n"
    "\r\n"
    "The link works once, for one hour. If it is not you, do nothing: without the\r\n"
    "link nobody gets this address.\r\n";

constexpr std::string_view kHtml =
    "<!doctype html>\r\n"
    "<html lang=\"en\">\r\n"
    "<head><meta charset=\"utf-8\"><title>Confirm your address</title></head>\r\n"
    "<body>\r\n"
    "<p>Somebody asks to be reached at <strong>{to}</strong> on the\r\n"
    "Martlet server <strong>{server}</strong>.<br>\r\n"
    "The account that asks: <strong>{asked_by}</strong></p>\r\n"
    "<p>If that is you, open this link and press the button on its page:</p>\r\n"
    "<p><a href=\"{link}\">{link}</a></p>\r\n"
    "<p>The link works once, for one hour. If it is not you, do nothing: without the\r\n"
    "link nobody gets this address.</p>\r\n"
    "</body>\r\n"
    "</html>\r\n";

std::string part(std::string_view type, std::string_view content) {
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{}",
                     type, content);
}

std::string fill(std::string_view form, const ProofMail& mail,
                 std::string (*write)(std::string_view)) {
  const auto asked_by =
      mail.asked_by.empty() ? std::string{"one without a name yet"} : mail.asked_by;
  return fmt::format(fmt::runtime(form), fmt::arg("to", write(mail.to)),
                     fmt::arg("server", write(mail.server)), fmt::arg("asked_by", write(asked_by)),
                     fmt::arg("link", write(mail.link)));
}

}  // namespace

std::string mail_date(UnixMillis time) {
  const auto seconds = static_cast<std::time_t>(count_of(time) / 1'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[parts.tm_wday],
                     parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                     parts.tm_min, parts.tm_sec);
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string message_of(const ProofMail& mail, ByteView unique, UnixMillis now) {
  const auto id = to_hex(unique);
  const auto boundary = "martlet-" + id;
  const auto domain = mail.from.substr(mail.from.rfind('@') + 1);
  auto message = fmt::format(
      "From: Martlet <{}>\r\n"
      "To: <{}>\r\n"
      "Subject: Confirm your address for Martlet\r\n"
      "Date: {}\r\n"
      "Message-ID: <{}@{}>\r\n"
      "MIME-Version: 1.0\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "Content-Type: multipart/alternative; boundary=\"{}\"\r\n"
      "\r\n",
      mail.from, mail.to, mail_date(now), id, domain, boundary);
  const auto as_it_is = [](std::string_view text) { return std::string{text}; };
  message += "--" + boundary + "\r\n" + part("text/plain", fill(kText, mail, as_it_is));
  message += "--" + boundary + "\r\n" + part("text/html", fill(kHtml, mail, escape_html));
  return message + "--" + boundary + "--\r\n";
}

}  // namespace martlet::daemon
