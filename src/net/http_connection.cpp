#include "net/http_connection.h"

#include <algorithm>

#include "net/http_parser.h"

namespace martlet::net {
namespace {

/// Unsent answers beyond this: no further request is read until they have left.
constexpr std::size_t kUnsentAnswersMax = 256 * 1024;

HttpResponse plain(unsigned status) {
  HttpResponse response;
  response.status = status;
  response.body = reason_of(status) + "\n";
  return response;
}

std::string header_of(const HttpResponse& response, bool keep_alive) {
  std::string text =
      "HTTP/1.1 " + std::to_string(response.status) + " " + reason_of(response.status);
  text += "\r\nContent-Type: " + response.content_type;
  text += "\r\nContent-Length: " + std::to_string(response.body.size());
  text += "\r\nX-Content-Type-Options: nosniff";
  for (const auto& [name, value] : response.headers) text += "\r\n" + name + ": " + value;
  text += keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  return text + "\r\n\r\n";
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
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
  HttpUser(Stream& stream, std::size_t reactor_index, const OnHttp& on_request,
           Milliseconds patience)
      : stream_{stream},
        reactor_index_{reactor_index},
        on_request_{on_request},
        patience_{patience} {}

  void on_established(const Established&) override { stream_.set_deadline(patience_, false); }
  void on_bytes(ByteView bytes) override {
    if (!parser_.is_within_request()) stream_.set_deadline(patience_, false);
    parser_.take(bytes);
    serve();
  }
  void on_resumed() override { serve(); }
  void on_drained() override {
    if (!turn_) stream_.resume_reading();
  }
  void on_silence() override {
    if (stream_.queued_bytes() > 0) return;  // it is still reading our answer, or it stalls
    if (!parser_.is_within_request()) return stream_.close_now(CloseReason::idle);
    answer(plain(408), false, false);
  }
  void on_gone(CloseReason) override {}

 private:
  /// A request that waits for its response. While there is one, nothing more is read.
  struct Turn {
    HttpUser* user;
    bool keep_alive;
    bool head_only;
  };

  void serve();
  void serve(const HttpParsed& found);
  void answered(Turn turn, const HttpResponse& response);
  void answer(const HttpResponse& response, bool keep_alive, bool head_only);

  Stream& stream_;
  const std::size_t reactor_index_;
  const OnHttp& on_request_;
  const Milliseconds patience_;
  HttpParser parser_;
  std::shared_ptr<Turn> turn_;
};

void HttpUser::serve() {
  while (stream_.is_reading()) {
    const auto found = parser_.next();
    if (found.kind == HttpParsed::Kind::more) return;
    serve(found);
  }
}

void HttpUser::serve(const HttpParsed& found) {
  if (found.kind == HttpParsed::Kind::refused) return answer(plain(found.status), false, false);
  if (found.kind == HttpParsed::Kind::go_on) {
    return stream_.write(bytes_of("HTTP/1.1 100 Continue\r\n\r\n"), {});
  }
  stream_.set_deadline(patience_, false);
  turn_ = std::make_shared<Turn>(Turn{this, found.keep_alive, found.head_only});
  on_request_(reactor_index_, found.request,
              [turn = std::weak_ptr<Turn>{turn_}](const HttpResponse& response) {
                if (const auto mine = turn.lock()) mine->user->answered(*mine, response);
              });
  if (turn_) stream_.pause_reading();
}

void HttpUser::answered(Turn turn, const HttpResponse& response) {
  turn_.reset();
  if (!is_well_formed(response)) return answer(plain(500), false, turn.head_only);
  stream_.set_deadline(patience_, false);
  answer(response, turn.keep_alive, turn.head_only);
  // The next request may be here already: resuming lets serve() run again.
  if (turn.keep_alive && stream_.queued_bytes() <= kUnsentAnswersMax) stream_.resume_reading();
}

void HttpUser::answer(const HttpResponse& response, bool keep_alive, bool head_only) {
  const auto header = header_of(response, keep_alive);
  stream_.write(bytes_of(header), head_only ? ByteView{} : bytes_of(response.body));
  if (!keep_alive) return stream_.close_after_sending(CloseReason::local);
  if (stream_.queued_bytes() > kUnsentAnswersMax) stream_.pause_reading();
}

}  // namespace

std::unique_ptr<StreamUser> make_http_user(Stream& stream, std::size_t reactor_index,
                                           const OnHttp& on_request, Milliseconds patience) {
  return std::make_unique<HttpUser>(stream, reactor_index, on_request, patience);
}

}  // namespace martlet::net
