#pragma once

#include <gtest/gtest.h>

#include "base/seeded_random.h"
#include "server/test_device.h"
#include "server/test_world.h"
#include "store/memory/memory_directory_store.h"
#include "store/memory/memory_mailbox_store.h"
#include "store/memory/memory_proof_store.h"

namespace martlet::server {

/// A server over stores in memory whose disks fail on command, and people who use it.
class Scene : public ::testing::Test {
 protected:
  using Peer = TestWorld::Peer;
  static constexpr UnixMillis kStart{Milliseconds{1'800'000'000'000}};
  static constexpr const char* kDomain = "chat.example.org";

  Scene() { start({}); }

  void start(const store::MailboxLimits& limits) {
    world_.reset();
    mailboxes_.reset();
    mailboxes_ =
        store::MemoryMailboxStore::open(
            mail_disk_, [this] { return std::exchange(next_mail_fault_, mail_fault_); }, limits)
            .take();
    OfficeOptions options;
    options.domain = kDomain;
    options.open_registration = open_registration_;
    world_ = std::make_unique<TestWorld>(*mailboxes_, directory_, proofs_, random_, options, now_);
  }
  /// kill -9 and start again on the same disks.
  void restart() {
    now_ = world_->now();
    start({});
  }

  /// The same server, and from now on anybody may join.
  void start_open() {
    open_registration_ = true;
    restart();
  }

  std::string invite(const std::string& handle, std::uint32_t uses = 1, bool admin = false) {
    auto answer = world_->ask_as_operator(Invite{handle, admin, uses, limits::kInvitationLifetime});
    return std::get<Invited>(answer.body).token;
  }

  /// A device with an account of its own, in the directory.
  TestDevice newcomer() {
    auto device = TestDevice::make(random_);
    device.found_account(random_, now_);
    return device;
  }
  TestDevice member(const std::string& handle) {
    auto device = newcomer();
    const auto peer = connect();
    world_->say(peer, 1, wire::Enrol{invite(handle), "", device.links});
    world_->work_all();
    EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(world_->take(peer).back().body));
    world_->disconnect(peer);
    return device;
  }
  /// Another device in the account of `first`, entered by a link of the first. Both are told.
  TestDevice second_device(TestDevice& first) {
    auto second = TestDevice::make(random_);
    const auto chain = first.chain();
    const transparency::LinkSigner accepting{second.key};
    const auto link = transparency::create_link(
        transparency::next_place(chain),
        transparency::AddBody{transparency::device_key_of(second.key, second.entry)}, now_,
        first.key, &accepting);
    first.links.push_back(link);
    update_directory(first);
    second.account = first.account;
    second.head = first.head;
    second.links = first.links;
    return second;
  }
  /// Stores the chain that `device` holds, as a later server will on an appended link.
  void update_directory(TestDevice& device) {
    const auto chain = device.chain();
    auto record = directory_.account(device.account).take().value();
    const auto known = record.head;
    record.links = device.links;
    record.head = device.head = chain.head();
    record.devices.clear();
    for (const auto& entry : chain.devices()) record.devices.push_back(entry.id);
    ASSERT_TRUE(directory_.update(record, known).ok());
  }

  Peer connect() { return world_->connect(exporter_); }
  /// The nonce of the Challenge that must be the first frame.
  std::array<std::uint8_t, wire::kNonceBytes> nonce(Peer peer) {
    const auto frames = world_->take(peer);
    return std::get<wire::Challenge>(frames.at(0).body).nonce;
  }
  Peer log_in(const TestDevice& device) {
    const auto peer = connect();
    world_->say(peer, 9, device.authenticate(nonce(peer), exporter_));
    world_->work_all();
    EXPECT_TRUE(world_->office().online() > 0);
    return peer;
  }
  /// Logs in and drops the Welcome.
  Peer online(const TestDevice& device) {
    const auto peer = log_in(device);
    const auto frames = world_->take(peer);
    EXPECT_TRUE(!frames.empty() && std::holds_alternative<wire::Welcome>(frames[0].body));
    return peer;
  }

  MessageId message(std::uint8_t number) {
    std::array<std::uint8_t, 16> bytes{};
    bytes.front() = number;
    bytes.back() = 1;
    return MessageId{bytes};
  }
  static wire::Envelope envelope_to(const TestDevice& device, std::size_t bytes = 300) {
    return {device.id, 1, Bytes(bytes, 0x5a)};
  }
  wire::Send send_to(const TestDevice& to, std::uint8_t number, std::size_t bytes = 300) {
    return {message(number), {{to.account, to.head}}, {envelope_to(to, bytes)}};
  }
  /// Sends and waits for the answer.
  wire::Body answer_to(Peer peer, wire::Body body) {
    world_->say(peer, 77, std::move(body));
    world_->work_all();
    for (auto& frame : world_->take(peer)) {
      if (frame.request == 77) return std::move(frame.body);
    }
    return wire::Unknown{};
  }
  /// What was delivered since the last look.
  std::vector<wire::Deliver> delivered(Peer peer) {
    std::vector<wire::Deliver> out;
    for (auto& frame : world_->take(peer)) {
      if (auto* deliver = std::get_if<wire::Deliver>(&frame.body)) out.push_back(*deliver);
    }
    return out;
  }
  std::uint64_t waiting(const TestDevice& device) { return mailboxes_->summary(device.id).items; }

  SeededRandom random_{7};
  UnixMillis now_ = kStart;
  bool open_registration_ = false;
  store::MemoryMailboxDisk mail_disk_;
  store::MemoryDirectoryDisk directory_disk_;
  store::WriteFault next_mail_fault_ = store::WriteFault::none;
  store::WriteFault mail_fault_ = store::WriteFault::none;
  store::WriteFault directory_fault_ = store::WriteFault::none;
  store::MemoryDirectoryStore directory_{directory_disk_, [this] { return directory_fault_; }};
  store::MemoryProofDisk proof_disk_;
  store::WriteFault proof_fault_ = store::WriteFault::none;
  store::MemoryProofStore proofs_{proof_disk_, [this] { return proof_fault_; }};
  std::unique_ptr<store::MemoryMailboxStore> mailboxes_;
  std::unique_ptr<TestWorld> world_;
  Session::Exporter exporter_{1, 2, 3};
};

/// The code of a Refusal, or nothing.
inline std::optional<wire::RefusalCode> code_of(const wire::Body& body) {
  const auto* refusal = std::get_if<wire::Refusal>(&body);
  return refusal != nullptr ? std::optional{refusal->code} : std::nullopt;
}

/// GoogleTest prints names rather than bytes.
inline void PrintTo(const std::optional<wire::RefusalCode>& code, std::ostream* out) {
  *out << (code ? wire::name_of(*code) : "no refusal");
}

}  // namespace martlet::server
