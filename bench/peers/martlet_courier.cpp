#include "martlet_courier.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/seeded_random.h"
#include "crowd.h"
#include "frames_on_line.h"

namespace martlet::bench {
namespace {

constexpr std::uint64_t kSendRequest = 1;

/// Where `part` is within `whole`; it is there exactly once.
std::size_t place_of(const Bytes& whole, const Bytes& part) {
  const auto at = std::search(whole.begin(), whole.end(), part.begin(), part.end());
  if (at == whole.end()) give_up("a frame without its own content");
  return static_cast<std::size_t>(at - whole.begin());
}

/// One end of a pair.
class End : public MartletTalker {
 public:
  End(std::unique_ptr<Line> line, const server::TestDevice& device, std::size_t pair, Tally& tally)
      : MartletTalker{std::move(line), device}, pair_{pair}, tally_{tally} {}
  void on_accepted(const MessageId& message) override {
    tally_.accepted(pair_, due_of(message.view()));
  }
  void on_delivered(const MessageId&, ByteView sealed) override {
    tally_.delivered(pair_, due_of(sealed));
  }

 private:
  std::size_t pair_;
  Tally& tally_;
};

class SendingEnd final : public End {
 public:
  SendingEnd(std::unique_ptr<Line> line, const server::TestDevice& device, std::size_t pair,
             Tally& tally, SendFrame frame)
      : End{std::move(line), device, pair, tally}, frame_{std::move(frame)} {}
  void send(std::int64_t due) override { frame_.write(line().out, id_of(due, ++number_), due); }

 private:
  SendFrame frame_;
  std::uint64_t number_ = 0;
};

}  // namespace

SendFrame::SendFrame(const server::TestDevice& recipient, std::size_t bytes) {
  SeededRandom random{0};
  const auto message = random.id<MessageId>();
  Bytes content(bytes);
  random.fill(content);
  const wire::Send send{
      message, {{recipient.account, recipient.head}}, {{recipient.id, 1, content}}};
  frame_ = with_length(wire::encode({kSendRequest, send}));
  message_at_ = place_of(frame_, Bytes{message.view().begin(), message.view().end()});
  content_at_ = place_of(frame_, content);
}

void SendFrame::write(Bytes& out, const MessageId& message, std::int64_t due) {
  std::ranges::copy(message.view(), frame_.begin() + static_cast<std::ptrdiff_t>(message_at_));
  std::memcpy(frame_.data() + content_at_, &due, sizeof due);
  out.insert(out.end(), frame_.begin(), frame_.end());
}

MessageId id_of(std::int64_t due, std::uint64_t number) {
  std::array<std::uint8_t, MessageId::kBytes> id{};
  std::memcpy(id.data(), &due, sizeof due);
  std::memcpy(id.data() + sizeof due, &number, sizeof number);
  return MessageId{id};
}

MartletTalker::MartletTalker(std::unique_ptr<Line> given, const server::TestDevice& device)
    : Sender{std::move(given)} {
  log_in(line(), device);
}

std::size_t MartletTalker::take(ByteView bytes) {
  std::size_t used = 0;
  while (bytes.size() - used >= kLengthBytes) {
    const auto length = length_in(bytes.subspan(used));
    if (bytes.size() - used - kLengthBytes < length) break;
    take_frame(bytes.subspan(used + kLengthBytes, length));
    used += kLengthBytes + length;
  }
  return used;
}

void MartletTalker::take_frame(ByteView bytes) {
  const auto frame = parsed_frame(bytes);
  if (const auto* accepted = std::get_if<wire::Accepted>(&frame.body)) {
    on_accepted(accepted->message);
  } else if (const auto* deliver = std::get_if<wire::Deliver>(&frame.body)) {
    to_acknowledge_.push_back(deliver->sequence);
    on_delivered(deliver->message, deliver->sealed);
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body)) {
    if (refusal->code == wire::RefusalCode::shutting_down) return;
    give_up(std::string{"refused: "} + wire::name_of(refusal->code));
  }
}

void MartletTalker::end_turn() {
  if (to_acknowledge_.empty()) return;
  const auto bytes =
      with_length(wire::encode({0, wire::Acknowledge{std::exchange(to_acknowledge_, {})}}));
  line().out.insert(line().out.end(), bytes.begin(), bytes.end());
}

MartletCourier::MartletCourier(const std::string& folder, std::size_t devices, std::size_t bytes)
    : server_{folder}, bytes_{bytes}, context_{make_client_context("martlet/1")} {
  SeededRandom random{1};
  devices_ = enrol_crowd(server_, devices, random);
}

std::unique_ptr<Line> MartletCourier::line() {
  return std::make_unique<Line>(context_.get(), server_.port());
}

std::unique_ptr<Talker> MartletCourier::receiver(std::size_t pair, Tally& tally) {
  return std::make_unique<End>(line(), devices_.at(2 * pair + 1), pair, tally);
}

std::unique_ptr<Sender> MartletCourier::sender(std::size_t pair, Tally& tally) {
  return std::make_unique<SendingEnd>(line(), devices_.at(2 * pair), pair, tally,
                                      SendFrame{devices_.at(2 * pair + 1), bytes_});
}

std::unique_ptr<Line> MartletCourier::idle_line(std::size_t number) {
  class Silent final : public MartletTalker {
   public:
    using MartletTalker::MartletTalker;
    void on_accepted(const MessageId&) override {}
    void on_delivered(const MessageId&, ByteView) override {}
  };
  Silent silent{line(), devices_.at(number)};
  return silent.release();
}

}  // namespace martlet::bench
