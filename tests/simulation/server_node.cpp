#include "server_node.h"

#include "base/check.h"

namespace martlet::simulation {

ServerNode::ServerNode(Schedule& schedule, Random& random, Milliseconds lifetime)
    : schedule_{schedule},
      random_{random},
      info_{"sim.example", lifetime},
      mail_disk_{random, [this] { return disk_fault(); }} {}

store::WriteFault ServerNode::disk_fault() {
  if (doomed_) return store::WriteFault::lost;  // it is dead already
  if (random_.below(1000) >= disk_faults) return store::WriteFault::none;
  doomed_ = random_.below(2) == 0;
  return random_.below(2) == 0 ? store::WriteFault::lost : store::WriteFault::written;
}

void ServerNode::start() {
  if (up()) return;
  auto mailboxes = mail_disk_.open();
  doomed_ = false;
  if (!mailboxes.ok()) {
    schedule_.after(Milliseconds{500}, [this] { start(); });
    return;
  }
  mailboxes_ = std::move(mailboxes).take();
  directory_ = std::make_unique<store::MemoryDirectoryStore>(directory_disk_,
                                                             [this] { return disk_fault(); });
  proofs_ = std::make_unique<store::MemoryProofStore>(proof_disk_, [this] { return disk_fault(); });
  office_ = std::make_unique<server::Office>(
      *mailboxes_, *directory_, *proofs_, random_,
      server::OfficeOptions{info_.domain, info_.envelope_lifetime, Milliseconds{60'000}});
}

void ServerNode::kill() {
  if (!up()) return;
  ++life_;
  ++kills;
  processing_planned_ = false;
  commit_planned_ = false;
  // The disk may have been at it, and nobody hears what came of it.
  if (work_ != nullptr && random_.below(2) == 0) static_cast<void>(work_->perform().ok());
  doomed_ = false;
  work_.reset();
  gathered_.clear();
  for (auto& [serial, peer] : std::exchange(peers_, {})) peer.connection->close(Connection::server);
  office_.reset();
  mail_disk_.switch_off();
  mailboxes_.reset();
  if (mail_disk_.stop()) ++power_cuts;
  directory_.reset();
  proofs_.reset();
  schedule_.after(Milliseconds{200 + static_cast<std::int64_t>(random_.below(10'000))},
                  [this] { start(); });
}

bool ServerNode::die_if_doomed() {
  if (!doomed_) return false;
  kill();
  return true;
}

void ServerNode::accept(std::shared_ptr<Connection> connection) {
  CHECK(up());
  const auto serial = next_serial_++;
  connection->ends[Connection::server] = {[this, serial](Bytes frame) { on_frame(serial, frame); },
                                          [this, serial] { on_closed(serial); }};
  server::SessionOutput out;
  auto session = std::make_unique<server::Session>(
      server::SessionId{0, serial}, info_, connection->exporter, random_, schedule_.now(), out);
  peers_.emplace(serial, Peer{std::move(connection), std::move(session), false, {}});
  apply(serial, out);
}

void ServerNode::on_frame(std::uint64_t serial, const Bytes& frame) {
  const auto peer = peers_.find(serial);
  if (peer == peers_.end()) return;
  if (peer->second.paused) {
    peer->second.held.push_back(frame);
    return;
  }
  server::SessionOutput out;
  peer->second.session->on_frame(frame, schedule_.now(), out);
  apply(serial, out);
}

void ServerNode::on_closed(std::uint64_t serial) {
  const auto peer = peers_.find(serial);
  if (peer == peers_.end()) return;
  server::SessionOutput out;
  peer->second.session->on_closed(out);
  peers_.erase(peer);
  gather(std::move(out.requests));
}

void ServerNode::apply(std::uint64_t serial, server::SessionOutput& out) {
  auto& peer = peers_.at(serial);
  for (std::size_t i = 0; i < out.frames.size(); ++i) {
    peer.connection->send(Connection::server, copy_of(out.frames[i]));
  }
  if (out.reading == server::SessionOutput::Reading::pause) peer.paused = true;
  const bool resumed = out.reading == server::SessionOutput::Reading::resume;
  if (resumed) peer.paused = false;
  gather(std::move(out.requests));
  if (out.close) {
    peer.connection->close(Connection::server);
    on_closed(serial);
  } else if (resumed) {
    for (auto& frame : std::exchange(peer.held, {})) on_frame(serial, frame);
  }
}

void ServerNode::gather(std::vector<server::OfficeRequest> requests) {
  for (auto& request : requests) gathered_.push_back(std::move(request));
  if (!gathered_.empty()) plan_processing();
}

void ServerNode::plan_processing() {
  if (processing_planned_) return;
  processing_planned_ = true;
  schedule_.after(Milliseconds{1 + static_cast<std::int64_t>(random_.below(10))},
                  [this, life = life_] {
                    if (life == life_) process();
                  });
}

void ServerNode::process() {
  processing_planned_ = false;
  auto batch = std::exchange(gathered_, {});
  std::vector<server::OfficeAnswer> answers;
  office_->take_in(batch, schedule_.now(), answers);
  if (die_if_doomed()) return;
  hand_out(std::move(answers));
  if (!up()) return;
  if (office_->has_work()) plan_processing();
  plan_commit();
}

/// Sometimes late enough for what was delivered to be acknowledged before.
void ServerNode::plan_commit() {
  if (commit_planned_ || work_ != nullptr || office_->uncommitted() == 0) return;
  commit_planned_ = true;
  const auto delay = random_.below(2) == 0 ? random_.below(3) : random_.below(400);
  schedule_.after(Milliseconds{static_cast<std::int64_t>(delay)}, [this, life = life_] {
    if (life == life_) commit();
  });
}

void ServerNode::commit() {
  commit_planned_ = false;
  std::vector<server::OfficeAnswer> answers;
  const auto before = office_->uncommitted();
  work_ = office_->begin_commit(answers);
  if (before == 0) ++spared_commits;
  if (die_if_doomed()) return;
  hand_out(std::move(answers));
  if (work_ == nullptr) return plan_commit();
  schedule_.after(Milliseconds{static_cast<std::int64_t>(random_.below(20))}, [this, life = life_] {
    if (life == life_ && work_ != nullptr) finish_commit();
  });
}

void ServerNode::finish_commit() {
  const auto written = work_->perform();
  work_.reset();
  // A server killed here has written, and answered nobody.
  if (die_if_doomed()) return;
  std::vector<server::OfficeAnswer> answers;
  office_->finish_commit(written, answers);
  if (die_if_doomed()) return;
  hand_out(std::move(answers));
  if (up()) plan_commit();
}

void ServerNode::hand_out(std::vector<server::OfficeAnswer> answers) {
  for (auto& answer : answers) {
    const auto serial = answer.session.serial;
    const auto peer = peers_.find(serial);
    if (peer == peers_.end()) continue;
    server::SessionOutput out;
    peer->second.session->on_answer(std::move(answer), schedule_.now(), out);
    apply(serial, out);
  }
}

void ServerNode::tick_forever() {
  schedule_.after(Milliseconds{1000}, [this] {
    if (up()) {
      if (work_ != nullptr) finish_commit();
    }
    if (up()) {
      std::vector<server::OfficeAnswer> answers;
      while (office_->on_tick(schedule_.now(), true, answers) && !doomed_) continue;
      if (!die_if_doomed()) {
        hand_out(std::move(answers));
        std::vector<std::uint64_t> serials;
        for (const auto& [serial, peer] : peers_) serials.push_back(serial);
        for (const auto serial : serials) {
          const auto peer = peers_.find(serial);
          if (peer == peers_.end()) continue;
          server::SessionOutput out;
          peer->second.session->on_tick(schedule_.now(), out);
          apply(serial, out);
        }
      }
    }
    tick_forever();
  });
}

std::string ServerNode::invite(const std::string& handle) {
  CHECK(up());
  std::vector<server::OfficeRequest> requests;
  requests.push_back({server::SessionId{server::kOperator, 0}, 1, 1,
                      server::Invite{handle, false, 1, std::chrono::days{365}}});
  std::vector<server::OfficeAnswer> answers;
  office_->process(requests, schedule_.now(), answers);
  CHECK(answers.size() == 1);
  return "https://sim.example/i/" + std::get<server::Invited>(answers.front().body).token;
}

}  // namespace martlet::simulation
