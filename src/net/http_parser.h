#pragma once

#include <memory>

#include "net/listener.h"

namespace martlet::net {

/// What HttpParser found next.
struct HttpParsed {
  enum class Kind : std::uint8_t {
    more,     ///< nothing: it takes more bytes
    go_on,    ///< the client waits for `100 Continue` before it sends the body
    request,  ///< a whole request
    refused,  ///< answer `status` and close; nothing more is parsed
  };
  Kind kind = Kind::more;
  unsigned status = 0;
  HttpRequest request = {};
  bool head_only = false;  ///< it was HEAD: the method says GET, the answer goes without its body
  bool keep_alive = false;
};

/// HTTP/1.0 and 1.1 requests (RFC 9112) out of a stream of bytes, header and body together at
/// most kHttpRequestBytesMax; bodies have a Content-Length, chunks are refused. Between requests it
/// holds no memory of theirs. Pure, for one thread.
class HttpParser {
 public:
  HttpParser();
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  void take(ByteView bytes);
  HttpParsed next();
  bool is_within_request() const;

 private:
  struct Request;
  HttpParsed checked();
  HttpParsed refuse(unsigned status);

  Bytes unread_;                      ///< begins where the parser stopped
  std::unique_ptr<Request> request_;  ///< that is under way
  bool refused_ = false;
};

/// The usual words for a status, RFC 9110 section 15.
std::string reason_of(unsigned status);

}  // namespace martlet::net
