#include "net/http_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/limits.h"

namespace martlet::net {

namespace http = boost::beast::http;
using boost::beast::error_code;
using Kind = HttpParsed::Kind;

struct HttpParser::Request {
  http::request_parser<http::string_body> parser;
  std::size_t bytes = 0;
  bool told_to_go_on = false;

  /// The status to refuse the request with; 0: so far it is well.
  unsigned refusal(const error_code& error) const {
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    if (error && error != http::error::need_more) return 400;
    if (bytes > limits::kHttpRequestBytesMax) return parser.is_header_done() ? 413 : 431;
    // We need no bodies of unknown length, and Boost 1.74 trips over its own assertions where
    // the end of the last chunk arrives in pieces.
    if (parser.is_header_done() && parser.chunked()) return 411;
    return 0;
  }
};

HttpParser::HttpParser() = default;
HttpParser::~HttpParser() = default;

void HttpParser::take(ByteView bytes) {
  if (refused_) return;
  unread_.reserve(unread_.size() + bytes.size());
  unread_.insert(unread_.end(), bytes.begin(), bytes.end());
}

bool HttpParser::is_within_request() const { return request_ != nullptr; }

HttpParsed HttpParser::next() {
  while (!refused_ && !unread_.empty()) {
    if (request_ == nullptr) {
      request_ = std::make_unique<Request>();
      request_->parser.header_limit(limits::kHttpRequestBytesMax);
      request_->parser.body_limit(limits::kHttpRequestBytesMax);
      request_->parser.eager(false);  // it stops behind the header
    }
    auto& parser = request_->parser;
    error_code error;
    const auto used = parser.put(boost::asio::buffer(unread_.data(), unread_.size()), error);
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(used));
    if (unread_.empty()) Bytes{}.swap(unread_);  // clear() would hold on to the memory
    request_->bytes += used;

    if (const auto status = request_->refusal(error); status != 0) return refuse(status);
    if (parser.is_done()) return checked();
    if (parser.is_header_done() && !request_->told_to_go_on &&
        boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      request_->told_to_go_on = true;
      HttpParsed found;
      found.kind = Kind::go_on;
      return found;
    }
    if (error) break;  // need_more
  }
  return {};
}

HttpParsed HttpParser::checked() {
  auto message = request_->parser.release();
  request_.reset();
  HttpParsed found;
  found.request.method = message.method_string().to_string();
  found.request.target = message.target().to_string();
  found.request.body = std::move(message.body());
  auto& method = found.request.method;
  const bool upper_case = std::ranges::all_of(method, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool has_host = message.version() < 11 || message.count(http::field::host) == 1;
  if (!upper_case || !has_host || !found.request.target.starts_with('/')) return refuse(400);

  found.kind = Kind::request;
  found.keep_alive = message.keep_alive();
  found.head_only = method == "HEAD";
  if (found.head_only) method = "GET";
  return found;
}

HttpParsed HttpParser::refuse(unsigned status) {
  refused_ = true;
  request_.reset();
  Bytes{}.swap(unread_);
  HttpParsed found;
  found.kind = Kind::refused;
  found.status = status;
  return found;
}

std::string reason_of(unsigned status) {
  return http::obsolete_reason(http::int_to_status(status)).to_string();
}

}  // namespace martlet::net
