#include "network.h"

namespace martlet::simulation {
namespace {

constexpr std::uint64_t kLoginFrames = 3;

}  // namespace

void Connection::send(Side from, Bytes frame) {
  const auto to = from == client ? server : client;
  if (broken_ || closed_[from]) return;
  if (happens(weather_.breaks)) {
    broken_ = true;
    tell_closed(client, delay() * 20);
    tell_closed(server, delay() * 20);
    return;
  }
  // A doubled login is no accident of any network, and the server closes on it.
  const bool past_login = ++sent_[from] > kLoginFrames;
  const int copies = past_login && happens(weather_.duplicates) ? 2 : 1;
  for (int i = 0; i < copies; ++i) deliver(to, frame);
}

void Connection::deliver(Side to, Bytes frame) {
  last_arrival_[to] = std::max(last_arrival_[to], schedule_.now() + delay());
  schedule_.after(last_arrival_[to] - schedule_.now(),
                  [self = shared_from_this(), to, frame = std::move(frame)]() mutable {
                    if (!self->closed_[to] && self->ends[to].on_frame)
                      self->ends[to].on_frame(std::move(frame));
                  });
}

void Connection::close(Side from) {
  if (closed_[from]) return;
  closed_[from] = true;
  ends[from] = {};
  // What was sent before still arrives: the end travels behind it.
  const auto to = from == client ? server : client;
  last_arrival_[to] = std::max(last_arrival_[to], schedule_.now() + delay());
  tell_closed(to, last_arrival_[to] - schedule_.now());
}

void Connection::tell_closed(Side side, Milliseconds delay) {
  schedule_.after(delay, [self = shared_from_this(), side] {
    if (self->closed_[side]) return;
    self->closed_[side] = true;
    const auto on_closed = std::move(self->ends[side].on_closed);
    self->ends[side] = {};
    if (on_closed) on_closed();
  });
}

}  // namespace martlet::simulation
