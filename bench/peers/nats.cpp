#include "nats.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "nats_protocol.h"
#include "process.h"

namespace martlet::bench {
namespace {

std::string settings(const PeerProcess& process) {
  return "listen: \"127.0.0.1:" + std::to_string(process.port()) + "\"\n" +  //
         "log_file: \"" + (process.folder() / "log").string() + "\"\n" +     //
         "jetstream { store_dir: \"" + process.folder().string() + "\" }\n" +
         "tls { cert_file: \"" + process.certificate_file() + "\", key_file: \"" +
         process.key_file() + "\" }\n";
}

std::string subject_of(std::size_t pair) { return "d." + std::to_string(pair); }

/// While blocking: the next operation that is one of that kind. Others are passed over.
std::string wait_for(Line& line, nats::Operation::Kind kind) {
  Bytes bytes;
  for (;;) {
    while (const auto found = nats::first_operation(bytes)) {
      if (found->size == 0) give_up("nats-server refuses");
      const std::string content{found->content.begin(), found->content.end()};
      const auto wanted = found->kind == kind;
      bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(found->size));
      if (wanted) return content;
    }
    const auto more = line.read_exactly(1);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
}

void log_in(Line& line) {
  line.write_now(
      bytes_of("CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\"}\r\n"
               "PING\r\n"));
  wait_for(line, nats::Operation::Kind::pong);
}

/// Asks JetStream's API by a subscription that is there only for the answers.
void ask(Line& line, const std::string& subject, const std::string& json) {
  line.write_now(nats::publish(subject, "answer.1", bytes_of(json)));
  const auto answer = wait_for(line, nats::Operation::Kind::message);
  if (answer.find("\"error\"") != std::string::npos) give_up("nats-server: " + answer);
}

class NatsTalker : public Sender {
 public:
  using Sender::Sender;
  std::size_t take(ByteView bytes) override {
    std::size_t used = 0;
    while (const auto found = nats::first_operation(bytes.subspan(used))) {
      if (found->size == 0) give_up("nats-server sent what makes no sense");
      used += found->size;
      if (found->kind == nats::Operation::Kind::ping) put(bytes_of("PONG\r\n"));
      if (found->kind == nats::Operation::Kind::message) on_message(*found);
    }
    return used;
  }
  virtual void on_message(const nats::Operation& message) = 0;

 protected:
  void put(ByteView bytes) { line().out.insert(line().out.end(), bytes.begin(), bytes.end()); }
};

class NatsReceiver final : public NatsTalker {
 public:
  NatsReceiver(std::unique_ptr<Line> given, std::size_t pair, Tally& tally)
      : NatsTalker{std::move(given)}, pair_{pair}, tally_{tally} {
    line().write_now(nats::subscribe("in." + std::to_string(pair)));
  }
  void on_message(const nats::Operation& message) override {
    put(nats::publish(message.reply_to, "", {}));
    tally_.delivered(pair_, due_of(message.content));
  }

 private:
  std::size_t pair_;
  Tally& tally_;
};

/// The answer's subject carries the message's place in a small ring of times.
class NatsSender final : public NatsTalker {
 public:
  NatsSender(std::unique_ptr<Line> given, std::size_t pair, std::size_t bytes, Tally& tally)
      : NatsTalker{std::move(given)},
        pair_{pair},
        tally_{tally},
        answers_{"answer.s" + std::to_string(pair) + "."},
        content_(bytes, 0x5a) {
    line().write_now(nats::subscribe(answers_ + "*"));
  }
  void send(std::int64_t due) override {
    next_ = (next_ + 1) % due_.size();
    due_[next_] = due;
    std::memcpy(content_.data(), &due, sizeof due);
    put(nats::publish(subject_of(pair_), answers_ + std::to_string(next_), content_));
  }
  void on_message(const nats::Operation& message) override {
    const auto text = std::string_view{reinterpret_cast<const char*>(message.content.data()),
                                       message.content.size()};
    if (text.find("\"error\"") != std::string_view::npos) give_up("nats-server does not accept");
    const auto number = message.subject.substr(std::min(answers_.size(), message.subject.size()));
    std::size_t place = due_.size();
    std::from_chars(number.data(), number.data() + number.size(), place);
    tally_.accepted(pair_, due_.at(place));
  }

 private:
  std::size_t pair_;
  Tally& tally_;
  std::string answers_;
  Bytes content_;
  std::size_t next_ = 0;
  std::array<std::int64_t, 1'000> due_{};  ///< far more than a sender has unanswered
};

}  // namespace

Nats::Nats(const std::string& folder, std::size_t bytes)
    : process_{folder}, bytes_{bytes}, context_{make_client_context({})} {
  process_.write_file("nats.conf", settings(process_));
  process_.start(find_program("nats-server"), {"-c", (process_.folder() / "nats.conf").string()});
  const auto line = this->line();
  line->write_now(nats::subscribe("answer.1"));
  ask(*line, "$JS.API.STREAM.CREATE.d",
      R"({"name":"d","subjects":["d.*"],"retention":"workqueue","storage":"file",)"
      R"("num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"discard":"old"})");
}

std::unique_ptr<Line> Nats::line() {
  auto line = std::make_unique<Line>(context_.get(), process_.port(), true);
  log_in(*line);
  return line;
}

std::unique_ptr<Talker> Nats::receiver(std::size_t pair, Tally& tally) {
  const auto number = std::to_string(pair);
  // Again for a receiver that was here before: the consumer is the same, and stays.
  const auto asking = line();
  asking->write_now(nats::subscribe("answer.1"));
  ask(*asking, "$JS.API.CONSUMER.DURABLE.CREATE.d.r" + number,
      R"({"stream_name":"d","config":{"durable_name":"r)" + number + R"(","deliver_subject":"in.)" +
          number + R"(","filter_subject":")" + subject_of(pair) +
          R"(","ack_policy":"explicit","deliver_policy":"all"}})");
  return std::make_unique<NatsReceiver>(line(), pair, tally);
}

std::unique_ptr<Sender> Nats::sender(std::size_t pair, Tally& tally) {
  return std::make_unique<NatsSender>(line(), pair, bytes_, tally);
}

std::unique_ptr<Line> Nats::idle_line(std::size_t) { return line(); }

}  // namespace martlet::bench
