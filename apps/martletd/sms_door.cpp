#include "apps/martletd/sms_door.h"

#include "crypto/hash.h"

namespace martlet::daemon {
namespace {

using net::HttpResponse;

HttpResponse plain(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = {{"Cache-Control", "no-store"}};
  return response;
}

ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

bool is_sms_callback(const net::HttpRequest& request) {
  return std::string_view{request.target}.substr(0, request.target.find('?')) == "/sms/incoming";
}

std::variant<gateways::SmsCallback, HttpResponse> SmsDoor::let_in(
    const net::HttpRequest& request) const {
  if (request.method != "GET" && request.method != "POST") {
    auto response = plain(405, "only GET and POST\n");
    response.headers.emplace_back("Allow", "GET, POST");
    return response;
  }
  const auto given = gateways::sms_callback_key(request.target, request.body);
  // Hashes are compared, so that not even the length can be learned from the time it takes.
  const auto right = crypto::sha256(key_.reveal());
  if (!crypto::equal_secretly(right, crypto::sha256(bytes_of(given)))) {
    return plain(403, "forbidden\n");
  }
  auto callback = gateways::parse_sms_callback(request.target, request.body);
  if (!callback.ok()) return plain(400, "not an incoming SMS\n");
  return std::move(callback).take();
}

HttpResponse sms_taken() { return plain(200, ""); }
HttpResponse sms_not_taken() { return plain(503, ""); }

}  // namespace martlet::daemon
