#include "gateways/sms_gateway.h"

#include <algorithm>

#include "base/check.h"
#include "gateways/curl_ptr.h"

namespace martlet::gateways {
namespace {

/// A request's URL, which holds the password: wiped when it is done with.
class SecretUrl {
 public:
  SecretUrl(CURL* curl, const SmsGatewayConfig& config) : curl_{curl} {
    url_.reserve(kBytesMax);  // so that no half of it stays behind when it grows
    url_ += config.url;
  }
  ~SecretUrl() { crypto::wipe(bytes()); }
  SecretUrl(const SecretUrl&) = delete;
  SecretUrl& operator=(const SecretUrl&) = delete;

  void add(std::string_view name, ByteView value) {
    const CurlText escaped{curl_easy_escape(curl_, reinterpret_cast<const char*>(value.data()),
                                            static_cast<int>(value.size()))};
    CHECK(escaped);
    const std::string_view text{escaped.get()};
    url_ += url_.find('?') == std::string::npos ? '?' : '&';
    url_.append(name).append("=").append(text);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(escaped.get()), text.size()});
    CHECK(url_.size() <= kBytesMax);
  }
  const char* get() const { return url_.c_str(); }

 private:
  static constexpr std::size_t kBytesMax =
      limits::kUrlBytesMax + 3 * (2 * limits::kSecretBytesMax + limits::kSmsTextBytesMax) + 512;
  std::span<std::uint8_t> bytes() {
    return {reinterpret_cast<std::uint8_t*>(url_.data()), url_.size()};
  }

  CURL* const curl_;
  std::string url_;
};

ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// What the gateway says in words is for people with a terminal; we only count it.
std::size_t on_body(const char*, std::size_t size, std::size_t count, void* got) {
  auto& bytes = *static_cast<std::size_t*>(got);
  bytes += size * count;
  return bytes <= limits::kAnswerBytesMax ? size * count : 0;
}

int on_progress(void* given_up, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(given_up) ? 1 : 0;
}

Handover::Outcome outcome_of(int status) {
  if (status >= 200 && status < 300) return Handover::Outcome::taken;
  if (status == 408 || status == 425 || status == 429) return Handover::Outcome::failed;
  if (status >= 500 || status < 200) return Handover::Outcome::failed;
  return Handover::Outcome::refused;
}

/// Once a process, and before other threads use libcurl.
void start_curl() {
  static const bool kStarted = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  CHECK(kStarted);
}

}  // namespace

bool is_gateway_url(std::string_view url) {
  if (url.size() > limits::kUrlBytesMax) return false;
  if (!std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; })) return false;
  const auto scheme = url.starts_with("http://")    ? std::string_view{"http://"}
                      : url.starts_with("https://") ? std::string_view{"https://"}
                                                    : std::string_view{};
  if (scheme.empty()) return false;
  url.remove_prefix(scheme.size());
  const auto host = url.substr(0, url.find('/'));
  return !host.empty() && host.front() != ':' && url.find_first_of("?#@\\\"<>") == url.npos;
}

SmsGateway::SmsGateway(SmsGatewayConfig config) : config_{std::move(config)} {
  CHECK(is_gateway_url(config_.url));
  CHECK(config_.username.size() <= limits::kSecretBytesMax);
  CHECK(config_.password.size() <= limits::kSecretBytesMax);
  start_curl();
}

Handover SmsGateway::send(const std::string& number, const std::string& text) {
  if (text.size() > limits::kSmsTextBytesMax) return {Handover::Outcome::refused, 0};
  const CurlEasy curl{curl_easy_init()};
  CHECK(curl);
  SecretUrl url{curl.get(), config_};
  url.add("username", bytes_of(config_.username));
  url.add("password", config_.password.reveal());
  url.add("from", bytes_of(config_.sender));
  url.add("to", bytes_of(number));
  url.add("charset", bytes_of("UTF-8"));
  url.add("text", bytes_of(text));

  std::size_t got = 0;
  const auto set = [&](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(curl.get(), option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, url.get());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");  // whatever the environment says: the password is for the gateway
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits::kConnectTimeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(config_.timeout.count()));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &got);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&given_up_));
  const auto done = curl_easy_perform(curl.get());

  long status = 0;
  if (done != CURLE_OK ||
      curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) {
    return {Handover::Outcome::failed, 0};
  }
  return {outcome_of(static_cast<int>(status)), static_cast<int>(status)};
}

}  // namespace martlet::gateways
