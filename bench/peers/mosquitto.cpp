#include "mosquitto.h"

#include <array>
#include <cstring>

#include "mqtt.h"
#include "process.h"

namespace martlet::bench {
namespace {

/// Defaults, but for what TLS, the same promises and the same socket options ask for. It would
/// leave root's rights and then not read its own temporary folder.
std::string settings(const PeerProcess& process) {
  return "listener " + std::to_string(process.port()) + " 127.0.0.1\n" +  //
         "certfile " + process.certificate_file() + "\n" +                //
         "keyfile " + process.key_file() + "\n" +                         //
         "tls_version tlsv1.3\n"
         "allow_anonymous true\n"
         "persistence true\n"
         "persistence_location " +
         process.folder().string() +
         "/\n"
         "set_tcp_nodelay true\n"
         "log_dest none\n"
         "user root\n";
}

std::string topic_of(std::size_t pair) { return "d/" + std::to_string(pair); }

/// While logging in: the answer of that kind, which has so many bytes.
void expect_answer(Line& line, mqtt::Kind kind, std::size_t size) {
  const auto bytes = line.read_exactly(size);
  const auto found = mqtt::first_packet(bytes);
  if (!found || found->size != size || found->kind != kind) give_up("mosquitto refuses");
}

void log_in(Line& line, const std::string& client, bool clean) {
  line.write_now(mqtt::connect(client, clean));
  expect_answer(line, mqtt::Kind::connect_answer, 4);
}

class MqttTalker : public Sender {
 public:
  using Sender::Sender;
  std::size_t take(ByteView bytes) override {
    std::size_t used = 0;
    while (const auto packet = mqtt::first_packet(bytes.subspan(used))) {
      if (packet->size == 0) give_up("mosquitto sent what is no packet");
      used += packet->size;
      on_packet(*packet);
    }
    return used;
  }
  virtual void on_packet(const mqtt::Packet& packet) = 0;
};

class MqttReceiver final : public MqttTalker {
 public:
  MqttReceiver(std::unique_ptr<Line> given, std::size_t pair, Tally& tally)
      : MqttTalker{std::move(given)}, pair_{pair}, tally_{tally} {
    log_in(line(), "r" + std::to_string(pair), false);
    line().write_now(mqtt::subscribe(1, topic_of(pair)));
    expect_answer(line(), mqtt::Kind::subscribe_answer, 5);
  }
  void on_packet(const mqtt::Packet& packet) override {
    if (packet.kind != mqtt::Kind::publish) return;
    const auto answer = mqtt::publish_answer(packet.packet);
    line().out.insert(line().out.end(), answer.begin(), answer.end());
    tally_.delivered(pair_, due_of(packet.content));
  }

 private:
  std::size_t pair_;
  Tally& tally_;
};

class MqttSender final : public MqttTalker {
 public:
  MqttSender(std::unique_ptr<Line> given, std::size_t pair, std::size_t bytes, Tally& tally)
      : MqttTalker{std::move(given)},
        pair_{pair},
        tally_{tally},
        packet_{mqtt::publish(1, topic_of(pair), Bytes(bytes, 0x5a))},
        content_at_{packet_.size() - bytes} {
    log_in(line(), "s" + std::to_string(pair), false);
  }
  void send(std::int64_t due) override {
    next_ = next_ % kIds + 1;  // an id is never 0
    due_.at(next_) = due;
    packet_[content_at_ - 2] = static_cast<std::uint8_t>(next_ >> 8U);
    packet_[content_at_ - 1] = static_cast<std::uint8_t>(next_);
    std::memcpy(packet_.data() + content_at_, &due, sizeof due);
    line().out.insert(line().out.end(), packet_.begin(), packet_.end());
  }
  void on_packet(const mqtt::Packet& packet) override {
    if (packet.kind != mqtt::Kind::publish_answer) return;
    tally_.accepted(pair_, due_.at(packet.packet));
  }

 private:
  static constexpr std::size_t kIds = 1'000;  ///< far more than a sender has unanswered
  std::size_t pair_;
  Tally& tally_;
  Bytes packet_;
  std::size_t content_at_;
  std::size_t next_ = 0;
  std::array<std::int64_t, kIds + 1> due_{};
};

}  // namespace

Mosquitto::Mosquitto(const std::string& folder, std::size_t bytes)
    : process_{folder}, bytes_{bytes}, context_{make_client_context({})} {
  process_.write_file("mosquitto.conf", settings(process_));
  process_.start(find_program("mosquitto"),
                 {"-c", (process_.folder() / "mosquitto.conf").string()});
}

std::unique_ptr<Talker> Mosquitto::receiver(std::size_t pair, Tally& tally) {
  return std::make_unique<MqttReceiver>(std::make_unique<Line>(context_.get(), process_.port()),
                                        pair, tally);
}

std::unique_ptr<Sender> Mosquitto::sender(std::size_t pair, Tally& tally) {
  return std::make_unique<MqttSender>(std::make_unique<Line>(context_.get(), process_.port()), pair,
                                      bytes_, tally);
}

std::unique_ptr<Line> Mosquitto::idle_line(std::size_t number) {
  auto line = std::make_unique<Line>(context_.get(), process_.port());
  log_in(*line, "i" + std::to_string(number), true);
  return line;
}

}  // namespace martlet::bench
