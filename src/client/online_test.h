#pragma once

#include <deque>

#include "client/engine.h"
#include "client/fake_server_test.h"
#include "store/memory/memory_vault.h"

namespace martlet::client {

/// For the fuzz target: an enrolled engine, and what it asked and was not answered yet.
struct Online {
  store::MemoryVaultDisk disk;
  store::MemoryVault vault{disk};
  SeededRandom random{1};
  UnixMillis now = unix_millis(1'800'000'000'000);
  FakeServer server;
  std::deque<Bytes> asked;
  std::unique_ptr<Engine> engine;

  explicit Online(const Person& listed) {
    server.list(listed);
    const EnrollRequest request{"https://a.example/i/AAECAwQFBgcICQoLDA0ODw", "A", "", "d"};
    CHECK(Engine::prepare_enrollment(vault, request, numbered_keys(0), random, now).ok());
    engine = Engine::open(vault, random).take();
    connect();
    while (!asked.empty()) answer_honestly();
    CHECK(engine->link() == Link::online);
  }
  void restart() {
    engine.reset();
    engine = Engine::open(vault, random).take();
    connect();
  }
  void connect() {
    asked.clear();
    engine->on_connected(FakeServer::kExporter, now);
    push(server.challenge());
  }
  void push(const wire::Frame& frame) {
    engine->on_frame(wire::encode(frame), now);
    collect();
  }
  void answer_honestly() {
    if (asked.empty()) return;
    const auto answer = server.on_frame(asked.front());
    asked.pop_front();
    if (answer) push(*answer);
  }
  void collect() {
    for (auto& frame : engine->take_frames()) asked.push_back(std::move(frame));
  }
};

}  // namespace martlet::client
