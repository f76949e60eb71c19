#include "apps/martletd/smtp.h"

#include <curl/curl.h>

#include <algorithm>

#include "base/check.h"

namespace martlet::daemon {
namespace {

using SmtpOutcome = server::ProofSent::Outcome;

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One mail under way: what is left to read, and what was said last.
struct Conversation {
  std::string_view rest;
  std::string command;  ///< the verb alone: arguments hold addresses and passwords
  int reply = 0;
  bool leaving = false;  ///< QUIT was said: what follows is no longer about the mail
};

std::size_t read_message(char* out, std::size_t size, std::size_t count, void* context) {
  auto& conversation = *static_cast<Conversation*>(context);
  const auto bytes = std::min(size * count, conversation.rest.size());
  std::copy_n(conversation.rest.data(), bytes, out);
  conversation.rest.remove_prefix(bytes);
  return bytes;
}

/// Follows which command was answered how. Nothing of it is written anywhere.
int follow(CURL*, curl_infotype type, char* data, std::size_t size, void* context) {
  auto& conversation = *static_cast<Conversation*>(context);
  const std::string_view text{data, size};
  if (conversation.leaving) return 0;
  if (type == CURLINFO_HEADER_OUT) {
    conversation.leaving = text.starts_with("QUIT");
    if (conversation.leaving) return 0;
    conversation.command = text.substr(0, std::min<std::size_t>(4, text.find_first_of(" \r\n")));
    conversation.reply = 0;
  } else if (type == CURLINFO_HEADER_IN && text.size() >= 3 &&
             text.substr(0, 3).find_first_not_of("0123456789") == std::string_view::npos) {
    conversation.reply = std::stoi(std::string{text.substr(0, 3)});
  }
  return 0;
}

int ask_whether_to_go_on(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(context)->load() ? 1 : 0;
}

}  // namespace

SmtpOutcome outcome_of(bool done, const std::string& last_command, int reply) {
  if (done) return SmtpOutcome::sent;
  const bool is_about_the_mail = last_command == "RCPT" || last_command == "DATA";
  return is_about_the_mail && reply >= 500 && reply <= 599 ? SmtpOutcome::refused
                                                           : SmtpOutcome::failed;
}

struct Smtp::Handle {
  CURL* easy = curl_easy_init();
  Handle() { CHECK(easy != nullptr); }
  ~Handle() { curl_easy_cleanup(easy); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
  }
};

Smtp::Smtp(const MailSettings& settings, const Password& password, std::string helo,
           const std::atomic<bool>& stop)
    : settings_{settings}, password_{password}, helo_{std::move(helo)}, stop_{stop} {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(started == CURLE_OK);
  handle_ = std::make_unique<Handle>();
}

Smtp::~Smtp() = default;

Posted Smtp::send(const std::string& to, const std::string& message) {
  auto& curl = *handle_;
  curl_easy_reset(curl.easy);  // the connection stays
  Conversation conversation{message, {}, 0, false};
  const bool tls = settings_.security == MailSettings::Security::tls;
  curl.set(CURLOPT_URL, ((tls ? "smtps://" : "smtp://") + settings_.server + "/" + helo_).c_str());
  curl.set(CURLOPT_PROTOCOLS_STR, tls ? "smtps" : "smtp");
  if (settings_.security == MailSettings::Security::starttls) {
    curl.set(CURLOPT_USE_SSL, long{CURLUSESSL_ALL});
  }
  curl.set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!settings_.authorities.empty()) curl.set(CURLOPT_CAINFO, settings_.authorities.c_str());
  if (!settings_.user.empty()) {
    std::string password{text_of(password_.reveal())};
    curl.set(CURLOPT_USERNAME, settings_.user.c_str());
    curl.set(CURLOPT_PASSWORD, password.c_str());
    crypto::wipe({reinterpret_cast<std::uint8_t*>(password.data()), password.size()});
  }
  curl.set(CURLOPT_MAIL_FROM, ("<" + settings_.from + ">").c_str());
  const std::unique_ptr<curl_slist, SlistDeleter> recipients{
      curl_slist_append(nullptr, ("<" + to + ">").c_str())};
  CHECK(recipients != nullptr);
  curl.set(CURLOPT_MAIL_RCPT, recipients.get());
  curl.set(CURLOPT_UPLOAD, 1L);
  curl.set(CURLOPT_READFUNCTION, &read_message);
  curl.set(CURLOPT_READDATA, &conversation);
  curl.set(CURLOPT_VERBOSE, 1L);  // for follow() alone
  curl.set(CURLOPT_DEBUGFUNCTION, &follow);
  curl.set(CURLOPT_DEBUGDATA, &conversation);
  curl.set(CURLOPT_NOSIGNAL, 1L);
  curl.set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl.set(CURLOPT_TIMEOUT, kMailSeconds);
  curl.set(CURLOPT_NOPROGRESS, 0L);
  curl.set(CURLOPT_XFERINFOFUNCTION, &ask_whether_to_go_on);
  curl.set(CURLOPT_XFERINFODATA, &stop_);
  const auto fault = curl_easy_perform(curl.easy);
  // Nothing of the call's may be looked at later.
  curl_easy_reset(curl.easy);
  const bool reached = fault != CURLE_COULDNT_CONNECT && fault != CURLE_COULDNT_RESOLVE_HOST &&
                       fault != CURLE_OPERATION_TIMEDOUT;
  return {outcome_of(fault == CURLE_OK, conversation.command, conversation.reply), reached,
          conversation.reply, static_cast<int>(fault)};
}

}  // namespace martlet::daemon
