#pragma once

#include <gtest/gtest.h>

#include "base/seeded_random.h"
#include "server/handle_proofs.h"
#include "store/memory/memory_directory_store.h"
#include "store/memory/memory_proof_store.h"

namespace martlet::server {

using namespace std::chrono_literals;
using store::ProofKind;
using wire::HandleMethod;
using wire::HandleState;
using wire::RefusalCode;

/// Accounts alice and bob, each with a local name, and a server that can prove everything.
class HandleProofsTest : public ::testing::Test {
 protected:
  static constexpr UnixMillis kStart{Milliseconds{1'800'000'000'000}};
  static constexpr const char* kMail = "alice@example.org";
  static constexpr const char* kNumber = "+15550123456";
  static constexpr const char* kGateway = "+15550100000";
  static constexpr const char* kNetwork = "192.0.2.1";

  HandleProofsTest() {
    enrol(alice, "alice@chat.example");
    enrol(bob, "bob@chat.example");
    start();
  }
  void enrol(const AccountId& account, const std::string& handle) {
    store::AccountRecord record;
    record.account = account;
    record.handles = {handle};
    record.devices = {DeviceId{account.array()}};
    record.head = LinkId{account.array()};
    ASSERT_TRUE(directory.enrol(record, {}).ok());
  }
  void start(const HandleOptions& options = {true, true, kGateway}) {
    handles.emplace(proofs, directory, random, "chat.example", options);
  }

  auto add(const AccountId& account, const std::string& handle,
           HandleMethod method = HandleMethod::automatic, const std::string& network = kNetwork) {
    return handles->add(account, network, {handle, method}, now);
  }
  /// Adds, and gives back what is to be sent.
  ProofSending sending(const AccountId& account, const std::string& handle) {
    const auto added = add(account, handle, HandleMethod::automatic, "");
    EXPECT_TRUE(added.ok());
    auto sendings = handles->take_sendings();
    EXPECT_EQ(sendings.size(), 1U);
    return sendings.empty() ? ProofSending{} : std::move(sendings.front());
  }
  void report(const ProofSending& sending, ProofSent::Outcome outcome) {
    handles->sent({sending.account, sending.handle, sending.started, sending.attempt, outcome},
                  now);
  }
  void pass(Milliseconds time) {
    now += time;
    handles->on_tick(now);
  }
  /// The row of `handle` in the list of `account`, if it is there.
  std::optional<wire::HandleRow> row(const AccountId& account, const std::string& handle) {
    const auto list = handles->list(account, now);
    EXPECT_TRUE(list.ok());
    if (!list.ok()) return std::nullopt;
    for (const auto& row : list.value().rows) {
      if (row.handle == handle) return row;
    }
    return std::nullopt;
  }
  HandleState state(const AccountId& account, const std::string& handle) {
    const auto found = row(account, handle);
    return found ? found->state : HandleState{};
  }
  bool owns(const AccountId& account, const std::string& handle) {
    return directory.account_of_handle(handle).take() == account;
  }
  Confirmation::State open(const std::string& token, bool press) {
    const auto page = handles->open({token, press}, now);
    EXPECT_TRUE(page.ok());
    return page.ok() ? page.value().state : Confirmation::State{};
  }
  template <class T>
  static void expect_refused(const Result<T, wire::Refusal>& result, RefusalCode code) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(wire::name_of(result.error().code), std::string{wire::name_of(code)});
  }

  const AccountId alice{{1}};
  const AccountId bob{{2}};
  UnixMillis now = kStart;
  SeededRandom random{7};
  store::MemoryDirectoryDisk directory_disk;
  store::WriteFault directory_fault = store::WriteFault::none;
  store::MemoryDirectoryStore directory{directory_disk, [this] { return directory_fault; }};
  store::MemoryProofDisk proof_disk;
  store::WriteFault proof_fault = store::WriteFault::none;
  store::MemoryProofStore proofs{proof_disk, [this] { return proof_fault; }};
  std::optional<HandleProofs> handles;
};

}  // namespace martlet::server
