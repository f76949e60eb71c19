#include "apps/martletd/gate.h"

#include "server/come_back.h"
#include "server/rate_book.h"

namespace martlet::daemon {

/// One connection: carries out what its session wants.
class SessionHandler final : public net::FrameHandler {
 public:
  explicit SessionHandler(Gate& gate) : gate_{gate} {}

  void on_open(net::FrameConnection& connection, const net::Established& established) override {
    connection_ = &connection;
    const auto serial = gate_.next_serial_++;
    gate_.add(serial, *this);
    server::SessionOutput out;
    const server::Origin origin{server::network_of(established.remote), &gate_.strangers_,
                                &gate_.members_};
    session_ = std::make_unique<server::Session>(server::SessionId{gate_.index_, serial},
                                                 gate_.info_, established.exporter, gate_.random_,
                                                 gate_.clock_.now(), out, origin);
    deadline_ = gate_.reactor_.after(limits::kHandshakeTimeout, [this] { on_deadline(); });
    apply(out);
    if (gate_.shutting_down_) shut_down();
  }

  void on_frame(ByteView frame) override {
    auto& out = gate_.empty_output();
    session_->on_frame(frame, gate_.now(), out);
    apply(out);
  }

  void on_closed(net::CloseReason) override {
    deadline_.reset();
    if (!session_) return;
    server::SessionOutput out;
    session_->on_closed(out);
    gate_.ask(out.requests);
    gate_.remove(session_->id().serial);
  }

  void on_answer(server::OfficeAnswer&& answer, UnixMillis now) {
    auto& out = gate_.empty_output();
    session_->on_answer(std::move(answer), now, out);
    apply(out);
    if (session_->logged_in()) deadline_.reset();
  }

  void shut_down() {
    server::SessionOutput out;
    session_->shut_down(out, server::drawn_return(gate_.handlers_.size(), gate_.random_));
    apply(out);
  }

  /// Reading stops while the session has too much unanswered, or the office has.
  void update_reading() {
    const bool pause = session_paused_ || gate_.office_full_;
    if (pause == reading_paused_) return;
    reading_paused_ = pause;
    if (pause) {
      connection_->pause_reading();
    } else {
      connection_->resume_reading();
    }
  }

 private:
  void on_deadline() {
    server::SessionOutput out;
    session_->on_tick(gate_.clock_.now(), out);
    // The wall clock may have been set back since; then it is the reactor's timer that counts.
    out.close = out.close || !session_->logged_in();
    apply(out);
  }

  void apply(server::SessionOutput& out) {
    if (out.frame_bytes_max) connection_->set_frame_bytes_max(*out.frame_bytes_max);
    for (std::size_t i = 0; i < out.frames.size(); ++i) connection_->send(out.frames[i]);
    gate_.ask(out.requests);
    using Reading = server::SessionOutput::Reading;
    if (out.reading != Reading::unchanged) session_paused_ = out.reading == Reading::pause;
    update_reading();
    if (out.close) connection_->close();
  }

  Gate& gate_;
  net::FrameConnection* connection_ = nullptr;  ///< from on_open on, until after on_closed
  std::unique_ptr<server::Session> session_;
  std::shared_ptr<void> deadline_;
  bool session_paused_ = false;
  bool reading_paused_ = false;
};

Gate::Gate(std::uint32_t index, net::Reactor& reactor, const server::ServerInfo& info,
           Random& random, const Clock& clock, OfficeWorker& office,
           server::StrangerLimits& strangers, server::MemberLimits& members)
    : index_{index},
      reactor_{reactor},
      info_{info},
      random_{random},
      clock_{clock},
      office_{office},
      strangers_{strangers},
      members_{members} {}

Gate::~Gate() = default;

std::unique_ptr<net::FrameHandler> Gate::make_handler() {
  return std::make_unique<SessionHandler>(*this);
}

void Gate::ask(std::vector<server::OfficeRequest>& requests) {
  for (auto& request : requests) outgoing_.push_back(std::move(request));
  requests.clear();
  if (outgoing_.empty() || flush_planned_) return;
  flush_planned_ = true;
  reactor_.post([this] { flush(); });
}

void Gate::flush() {
  flush_planned_ = false;
  if (!office_.hand_in(outgoing_)) set_office_full(true);
}

void Gate::post_answers(std::vector<server::OfficeAnswer> answers) {
  // std::function copies what it holds, so the answers are held by a pointer.
  const auto shared = std::make_shared<std::vector<server::OfficeAnswer>>(std::move(answers));
  reactor_.post([this, shared] { take_answers(*shared); });
}

void Gate::take_answers(std::vector<server::OfficeAnswer>& answers) {
  const auto now = clock_.now();
  for (auto& answer : answers) {
    const auto found = handlers_.find(answer.session.serial);
    if (found != handlers_.end()) found->second->on_answer(std::move(answer), now);
  }
}

void Gate::post_drained() {
  reactor_.post([this] { set_office_full(false); });
}

void Gate::set_office_full(bool full) {
  if (office_full_ == full) return;
  office_full_ = full;
  for (const auto& [serial, handler] : handlers_) handler->update_reading();
}

void Gate::post_shut_down() {
  reactor_.post([this] {
    shutting_down_ = true;
    // Closing may take handlers off the list.
    const auto handlers = handlers_;
    for (const auto& [serial, handler] : handlers) {
      if (handlers_.contains(serial)) handler->shut_down();
    }
  });
}

}  // namespace martlet::daemon
