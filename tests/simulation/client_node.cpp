#include "client_node.h"

#include "base/check.h"

namespace martlet::simulation {

ClientNode::ClientNode(Schedule& schedule, Random& random, ServerNode& server,
                       const Weather& weather, std::size_t index)
    : schedule_{schedule}, random_{random}, server_{server}, weather_{weather}, index_{index} {}

void ClientNode::prepare(const std::string& url, protocol::DevicePrivateKeys keys) {
  store::MemoryVault vault{disk_};
  client::EnrollRequest request;
  request.url = url;
  request.name = "User " + std::to_string(index_);
  CHECK(client::Engine::prepare_enrollment(vault, request, std::move(keys), random_, now()).ok());
}

void ClientNode::adopt(client::Engine& approver, protocol::DevicePrivateKeys keys) {
  store::MemoryVault vault{disk_};
  const auto who = approver.whoami();
  const client::AdoptRequest request{approver.server(), who.handle, who.name, "phone",
                                     approver.own_links()};
  CHECK(client::Engine::adopt(vault, request, std::move(keys), now()).ok());
}

store::WriteFault ClientNode::disk_fault() {
  if (random_.below(1000) >= disk_faults) return store::WriteFault::none;
  const auto fault = random_.below(2) == 0 ? store::WriteFault::lost : store::WriteFault::written;
  // A vault that lost an answer no longer knows its disk: its owner must open it again.
  doomed_ = fault == store::WriteFault::written || random_.below(2) == 0;
  return fault;
}

std::unique_ptr<store::MemoryVaultDisk> ClientNode::disk_copy() const {
  auto copy = std::make_unique<store::MemoryVaultDisk>();
  copy->copy_from(disk_);
  return copy;
}

void ClientNode::restore_disk(const store::MemoryVaultDisk& old) {
  kill();
  disk_.copy_from(old);
}

void ClientNode::switch_off() {
  off_ = true;
  kill();
}

void ClientNode::start() {
  if (up() || off_) return;
  vault_ = std::make_unique<store::MemoryVault>(disk_, [this] { return disk_fault(); });
  auto opened = client::Engine::open(*vault_, random_);
  CHECK(opened.ok());
  engine_ = std::move(opened).take();
  if (!die_if_doomed()) turn();
}

void ClientNode::kill() {
  if (!up()) return;
  ++life_;
  ++kills;
  engine_.reset();
  vault_.reset();
  connecting_ = false;
  doomed_ = false;
  if (connection_) std::exchange(connection_, nullptr)->close(Connection::client);
  schedule_.after(Milliseconds{100 + static_cast<std::int64_t>(random_.below(20'000))},
                  [this] { start(); });
}

bool ClientNode::die_if_doomed() {
  if (!doomed_) return false;
  kill();
  return true;
}

void ClientNode::turn() {
  if (!up() || die_if_doomed()) return;
  for (auto& frame : engine_->take_frames()) {
    if (connection_) connection_->send(Connection::client, std::move(frame));
  }
  if (engine_->take_close_wish() && connection_) {
    std::exchange(connection_, nullptr)->close(Connection::client);
    engine_->on_disconnected(now());
    if (die_if_doomed()) return;
  }
  if (wants_network && !connection_ && !connecting_ && engine_->wants_connection(now())) connect();
  const auto wait = std::clamp(std::chrono::duration_cast<Milliseconds>(engine_->wake_at() - now()),
                               Milliseconds{50}, Milliseconds{60'000});
  // Only the newest plan counts, or every turn would leave a chain of ticks behind.
  schedule_.after(wait, [this, plan = ++tick_plan_] {
    if (plan != tick_plan_ || !up()) return;
    engine_->on_tick(now());
    turn();
  });
}

void ClientNode::connect() {
  connecting_ = true;
  const bool fails = random_.below(1000) < weather_.connect_fails;
  schedule_.after(Milliseconds{1 + static_cast<std::int64_t>(random_.below(200))},
                  [this, life = life_, fails] {
                    if (life != life_ || !up()) return;
                    connecting_ = false;
                    if (fails || !server_.up()) {
                      engine_->on_disconnected(now());
                      return turn();
                    }
                    connection_ = std::make_shared<Connection>(schedule_, random_, weather_);
                    connection_->ends[Connection::client] = {[this, life](Bytes frame) {
                                                               if (life != life_ || !up()) return;
                                                               on_frame(std::move(frame));
                                                             },
                                                             [this, life] {
                                                               if (life != life_ || !up()) return;
                                                               connection_.reset();
                                                               engine_->on_disconnected(now());
                                                               turn();
                                                             }};
                    engine_->on_connected(connection_->exporter, now());
                    server_.accept(connection_);
                    turn();
                  });
}

void ClientNode::on_frame(Bytes frame) {
  if (weather_.garbles > 0) {
    auto parsed = wire::parse_frame(frame);
    auto* deliver = parsed.ok() ? std::get_if<wire::Deliver>(&parsed.value().body) : nullptr;
    if (deliver != nullptr && random_.below(1000) < weather_.garbles) {
      garbled.insert(deliver->message);
      auto sealed = copy_of(deliver->sealed);
      sealed[random_.below(sealed.size())] ^= 0x10;
      deliver->sealed = sealed;
      frame = wire::encode(parsed.value());
    }
  }
  engine_->on_frame(frame, now());
  turn();
}

void ClientNode::send_text(std::size_t to, const std::string& handle, const std::string& text) {
  if (!up()) return;
  const auto answer = engine_->send({handle, text, std::nullopt}, now());
  wishes_.push_back(
      {to, text, answer.ok() ? answer.value().id : MessageId{}, answer.ok(), schedule_.now()});
  turn();
}

void ClientNode::read(const std::string& handle) {
  if (!up()) return;
  (void)engine_->read(handle, now());
  turn();
}

std::string ClientNode::state() const {
  if (!up()) return "down";
  std::string text = "link " + std::to_string(static_cast<int>(engine_->link()));
  text += connection_ ? ", connected" : connecting_ ? ", connecting" : ", no connection";
  text += ", wakes in " + std::to_string((engine_->wake_at() - now()).count()) + " ms";
  text += ", wants a connection: " + std::to_string(engine_->wants_connection(now()));
  if (engine_->fatal())
    text += std::string{", fatal: "} + client::name_of(engine_->fatal()->code) + ": " +
            engine_->fatal()->message.text;
  return text;
}

}  // namespace martlet::simulation
