#include "device_client.h"

#include <gtest/gtest.h>

#include "wire/frames.h"

namespace martlet::martletd_test {

struct DeviceClient::Seen {
  net::FrameConnection* connection = nullptr;
  std::array<std::uint8_t, 32> exporter{};
  std::optional<wire::Challenge> challenge;
  std::deque<wire::Frame> frames;
  std::optional<net::CloseReason> closed;
};

class DeviceClient::Handler final : public net::FrameHandler {
 public:
  explicit Handler(std::shared_ptr<Seen> seen) : seen_{std::move(seen)} {}
  void on_open(net::FrameConnection& connection, const net::Established& established) override {
    seen_->connection = &connection;
    seen_->exporter = established.exporter;
  }
  void on_frame(ByteView bytes) override {
    auto frame = wire::parse_frame(bytes);
    CHECK(frame.ok());
    if (const auto* challenge = std::get_if<wire::Challenge>(&frame.value().body)) {
      seen_->challenge = *challenge;
    } else {
      seen_->frames.push_back(std::move(frame).take());
    }
  }
  void on_closed(net::CloseReason reason) override {
    seen_->closed = reason;
    seen_->connection = nullptr;
  }

 private:
  std::shared_ptr<Seen> seen_;
};

InvitationParts parts_of(const std::string& url) {
  InvitationParts parts;
  const auto host = url.find("://") + 3;
  const auto port = url.find(':', host);
  const auto path = url.find("/i/", port);
  const auto hash = url.find('#', path);
  CHECK(hash != std::string::npos);
  parts.host = url.substr(host, port - host);
  parts.port = static_cast<std::uint16_t>(std::stoi(url.substr(port + 1, path - port - 1)));
  parts.token = url.substr(path + 3, hash - path - 3);
  const auto fingerprint = from_base64url(url.substr(hash + 1)).take();
  CHECK(fingerprint.size() == parts.fingerprint.size());
  std::ranges::copy(fingerprint, parts.fingerprint.begin());
  return parts;
}

DeviceClient::DeviceClient(const InvitationParts& server)
    : seen_{std::make_shared<Seen>()}, reactor_{std::make_unique<net::Reactor>()} {
  net::connect(*reactor_, server.host, server.port, {server.fingerprint}, kPatience,
               std::make_unique<Handler>(seen_));
  run_until([this] { return seen_->challenge.has_value(); });
}

DeviceClient::~DeviceClient() = default;

bool DeviceClient::run_until(const std::function<bool()>& done, Milliseconds patience) {
  reactor_->run_until([&] { return done() || seen_->closed; }, patience);
  return done();
}

bool DeviceClient::log_in(const server::TestDevice& device) {
  if (!seen_->challenge) return false;
  const auto answer = ask(device.authenticate(seen_->challenge->nonce, seen_->exporter));
  return std::holds_alternative<wire::Welcome>(answer);
}

wire::Body DeviceClient::enrol(const std::string& token, const server::TestDevice& device,
                               const std::string& handle) {
  return ask(wire::Enrol{token, handle, device.links});
}

void DeviceClient::say(std::uint64_t request, wire::Body body) {
  say_bytes(wire::encode(wire::Frame{request, std::move(body)}));
}

void DeviceClient::say_bytes(Bytes frame) {
  if (seen_->connection != nullptr) seen_->connection->send(std::move(frame));
}

wire::Body DeviceClient::ask(wire::Body body) {
  const auto request = next_request_++;
  say(request, std::move(body));
  const auto mine = [&] {
    return std::ranges::find(seen_->frames, request, &wire::Frame::request);
  };
  run_until([&] { return mine() != seen_->frames.end(); });
  const auto found = mine();
  if (found == seen_->frames.end()) return wire::Unknown{};
  auto answer = std::move(found->body);
  seen_->frames.erase(found);
  return answer;
}

template <class Body>
std::optional<Body> DeviceClient::take_push(Milliseconds patience) {
  const auto first = [&] {
    return std::ranges::find_if(seen_->frames, [](const wire::Frame& frame) {
      return frame.request == 0 && std::holds_alternative<Body>(frame.body);
    });
  };
  run_until([&] { return first() != seen_->frames.end(); }, patience);
  const auto found = first();
  if (found == seen_->frames.end()) return std::nullopt;
  auto body = std::get<Body>(std::move(found->body));
  seen_->frames.erase(found);
  return body;
}

std::optional<wire::Deliver> DeviceClient::next_delivery(Milliseconds patience) {
  return take_push<wire::Deliver>(patience);
}

std::optional<wire::Refusal> DeviceClient::next_refusal() {
  return take_push<wire::Refusal>(kPatience);
}

std::optional<wire::Handles> DeviceClient::next_handles() {
  return take_push<wire::Handles>(kPatience);
}

std::vector<wire::Frame> DeviceClient::answers(std::size_t count) {
  const auto is_answer = [](const wire::Frame& frame) { return frame.request != 0; };
  run_until([&] {
    return static_cast<std::size_t>(std::ranges::count_if(seen_->frames, is_answer)) >= count;
  });
  std::vector<wire::Frame> got;
  std::ranges::copy_if(seen_->frames, std::back_inserter(got), is_answer);
  std::erase_if(seen_->frames, is_answer);
  return got;
}

std::optional<net::CloseReason> DeviceClient::closed() {
  run_until([this] { return seen_->closed.has_value(); });
  return seen_->closed;
}

}  // namespace martlet::martletd_test
