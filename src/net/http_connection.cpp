#include "net/http_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "base/limits.h"

namespace martlet::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

/// Unsent answers beyond this: no further request is read until they have left.
constexpr std::size_t kUnsentAnswersMax = 256 * 1024;

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

HttpResponse plain(unsigned status) {
  HttpResponse response;
  response.status = status;
  response.body = http::obsolete_reason(http::int_to_status(status)).to_string() + "\n";
  return response;
}

std::string header_of(const HttpResponse& response, bool keep_alive) {
  const auto reason = http::obsolete_reason(http::int_to_status(response.status));
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " + reason.to_string();
  text += "\r\nContent-Type: " + response.content_type;
  text += "\r\nContent-Length: " + std::to_string(response.body.size());
  text += "\r\nX-Content-Type-Options: nosniff";
  for (const auto& [name, value] : response.headers) text += "\r\n" + name + ": " + value;
  text += keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  return text + "\r\n\r\n";
}

/// A response whose fields would end their lines early is a bug of ours that a stranger may have
/// triggered: he gets a 500 and no header of his own making.
bool is_well_formed(const HttpResponse& response) {
  return response.status >= 200 && response.status <= 599 &&
         !has_control_character(response.content_type) &&
         std::ranges::none_of(response.headers, [](const auto& header) {
           return has_control_character(header.first) || has_control_character(header.second);
         });
}

class HttpUser final : public StreamUser {
 public:
  HttpUser(Stream& stream, const std::function<HttpResponse(const HttpRequest&)>& on_request,
           Milliseconds patience)
      : stream_{stream}, on_request_{on_request}, patience_{patience} {}

  void on_established(const Established&) override { stream_.set_deadline(patience_, false); }
  void on_bytes(ByteView bytes) override {
    if (unread_.empty() && !parser_.has_value()) stream_.set_deadline(patience_, false);
    unread_.insert(unread_.end(), bytes.begin(), bytes.end());
    serve();
  }
  void on_resumed() override { serve(); }
  void on_drained() override { stream_.resume_reading(); }
  void on_silence() override {
    if (stream_.queued_bytes() > 0) return;  // it is still reading our answer, or it stalls
    if (!parser_.has_value()) return stream_.close_now(CloseReason::idle);
    answer(plain(408), false, false);
  }
  void on_gone(CloseReason) override {}

 private:
  using Parser = http::request_parser<http::string_body>;
  void serve();
  bool parse_some();
  void refuse(const boost::beast::error_code& error);
  void serve_request();
  void answer(const HttpResponse& response, bool keep_alive, bool head);

  Stream& stream_;
  const std::function<HttpResponse(const HttpRequest&)>& on_request_;
  const Milliseconds patience_;
  Bytes unread_;                  ///< begins where the parser stopped
  std::optional<Parser> parser_;  ///< of the request that is under way
  std::size_t request_bytes_ = 0;
  bool continued_ = false;
};

void HttpUser::serve() {
  while (stream_.is_reading() && !unread_.empty()) {
    if (!parse_some()) return;
    if (parser_->is_done()) serve_request();
  }
}

/// False: more is needed, or the request has been refused.
bool HttpUser::parse_some() {
  if (!parser_.has_value()) {
    parser_.emplace();
    parser_->header_limit(limits::kHttpRequestBytesMax);
    parser_->body_limit(limits::kHttpRequestBytesMax);
    parser_->eager(true);
    request_bytes_ = 0;
    continued_ = false;
  }
  boost::beast::error_code error;
  const auto used = parser_->put(asio::buffer(unread_.data(), unread_.size()), error);
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(used));
  if (unread_.empty()) Bytes{}.swap(unread_);
  request_bytes_ += used;
  if (error && error != http::error::need_more) {
    refuse(error);
    return false;
  }
  if (request_bytes_ + (error ? unread_.size() : 0) > limits::kHttpRequestBytesMax) {
    answer(plain(parser_->is_header_done() ? 413 : 431), false, false);
    return false;
  }
  if (parser_->is_done()) return true;
  if (parser_->is_header_done() && !continued_ &&
      boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    continued_ = true;
    stream_.write(bytes_of("HTTP/1.1 100 Continue\r\n\r\n"), {});
  }
  return !error && used > 0;
}

void HttpUser::refuse(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) return answer(plain(431), false, false);
  if (error == http::error::body_limit) return answer(plain(413), false, false);
  answer(plain(400), false, false);
}

void HttpUser::serve_request() {
  auto message = parser_->release();
  parser_.reset();
  HttpRequest request{message.method_string().to_string(), message.target().to_string(),
                      std::move(message.body())};
  const bool upper_case =
      std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool has_host = message.version() < 11 || message.count(http::field::host) == 1;
  if (!upper_case || !has_host || !request.target.starts_with('/')) {
    return answer(plain(400), false, false);
  }
  const bool head = request.method == "HEAD";
  if (head) request.method = "GET";
  stream_.set_deadline(patience_, false);
  const auto response = on_request_(request);
  if (!is_well_formed(response)) return answer(plain(500), false, head);
  answer(response, message.keep_alive(), head);
}

void HttpUser::answer(const HttpResponse& response, bool keep_alive, bool head) {
  const auto header = header_of(response, keep_alive);
  stream_.write(bytes_of(header), head ? ByteView{} : bytes_of(response.body));
  if (!keep_alive) return stream_.close_after_sending(CloseReason::local);
  if (stream_.queued_bytes() > kUnsentAnswersMax) stream_.pause_reading();
}

}  // namespace

std::unique_ptr<StreamUser> make_http_user(
    Stream& stream, const std::function<HttpResponse(const HttpRequest&)>& on_request,
    Milliseconds patience) {
  return std::make_unique<HttpUser>(stream, on_request, patience);
}

}  // namespace martlet::net
