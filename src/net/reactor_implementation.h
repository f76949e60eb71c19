#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "net/reactor.h"

namespace boost::asio {
class io_context;
}

namespace martlet::net {

class TlsContext;

using SteadyTime = std::chrono::steady_clock::time_point;

/// Something that lives on one reactor, owned by it: a stream, an acceptor, an attempt to connect.
class Resident {
 public:
  Resident() = default;
  virtual ~Resident() = default;
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;
  /// Called about as often as Implementation::sweep_every asked; judges timeouts. Must not destroy
  /// anything.
  virtual void sweep(SteadyTime /*now*/) {}
  /// Called once after schedule(), when all that was ready has been served. False: destroy me.
  virtual bool turn() = 0;
  /// Which listener it belongs to, for drop_group; null: none.
  virtual const void* group() const { return nullptr; }

 private:
  friend struct Reactor::Implementation;
  std::size_t index_ = 0;
  bool scheduled_ = false;
};

/// What net/ alone sees of a reactor. Used on the reactor's thread, or while nobody runs it.
struct Reactor::Implementation {
  Implementation();
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  boost::asio::io_context& io();
  void post(std::function<void()> work);  ///< thread-safe
  void add(std::unique_ptr<Resident> resident);
  /// Asks for a call of turn() at the end of this turn.
  void schedule(Resident& resident);
  /// Destroys all residents of the group without telling their users.
  void drop_group(const void* group);
  /// From now on sweeps come at least so often; once a second at the start.
  void sweep_every(Milliseconds interval);
  std::shared_ptr<void> start_timer(Milliseconds delay, std::function<void()> work);
  /// Expires when the reactor is destroyed.
  std::weak_ptr<const Implementation> alive() const { return alive_; }

  /// One for all connections: bytes are read into it and used up before the next read.
  std::array<std::uint8_t, 16 * 1024> scratch;
  /// Made at the first connect() of the kind; shared by all connections of this reactor.
  std::shared_ptr<const TlsContext> pinned_client, public_client;

 private:
  struct Loop;
  struct Timer;
  void run_turn();
  void remove(Resident& resident);
  void arm_sweep();

  std::unique_ptr<Loop> loop_;
  std::shared_ptr<const Implementation> alive_;
  std::set<Timer*> timers_;
  std::vector<std::unique_ptr<Resident>> residents_;
  std::vector<Resident*> scheduled_;  ///< null: removed since
  std::vector<Resident*> this_turn_;
  Milliseconds sweep_interval_{1000};
  bool sweep_armed_ = false;
  friend class Reactor;
};

}  // namespace martlet::net
