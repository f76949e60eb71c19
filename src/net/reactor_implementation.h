#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "net/admission.h"
#include "net/poller.h"
#include "net/reactor.h"
#include "net/timer_wheel.h"

namespace martlet::net {

class TlsContext;

/// Something to be called at a time; see Implementation::arm. Part of what it calls.
class Alarm : public WheelEntry {
 public:
  /// May destroy anything that is no resident.
  virtual void on_alarm(SteadyTime now) = 0;

 protected:
  ~Alarm() = default;
};

/// Something that lives on one reactor, owned by it: a stream, an acceptor, an attempt to connect.
class Resident {
 public:
  Resident() = default;
  virtual ~Resident() = default;
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;
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
///
/// It goes round and round: sockets that are ready are served, then what was posted, then alarms;
/// then comes the turn of those who scheduled one, where all that was written leaves; then
/// handshakes of newcomers, for no longer than the rest took. It sleeps when nothing is left.
struct Reactor::Implementation {
  Implementation();
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void post(std::function<void()> work);  ///< thread-safe
  void add(std::unique_ptr<Resident> resident);
  /// Asks for a call of turn() at the end of this turn.
  void schedule(Resident& resident);
  /// Destroys all residents of the group without telling their users.
  void drop_group(const void* group);
  /// Calls the alarm at `at`, a few milliseconds later at most; moves it if it was armed before.
  void arm(Alarm& alarm, SteadyTime at);
  /// The same, but an alarm that comes earlier stays: it will see that its time has moved.
  void arm_at_latest(Alarm& alarm, SteadyTime at);
  std::shared_ptr<void> start_timer(Milliseconds delay, std::function<void()> work);
  /// Expires when the reactor is destroyed.
  std::weak_ptr<const Implementation> alive() const { return alive_; }

  Poller poller;
  /// When this round began: what is good enough for deadlines of seconds.
  SteadyTime round_began;
  Admission admission;
  /// One for all connections: bytes are read into it and used up before the next read.
  std::array<std::uint8_t, 16 * 1024> scratch;
  /// Made at the first connect() of the kind; shared by all connections of this reactor.
  std::shared_ptr<const TlsContext> pinned_client, public_client;

 private:
  struct Mail;
  struct Timer;
  void round(SteadyTime until);
  int sleep_ms(SteadyTime until);
  void run_posted();
  void run_turn();
  void run_handshakes();
  void remove(Resident& resident);
  std::uint64_t tick_of(SteadyTime at) const;
  bool take_stop();

  const SteadyTime began_;
  TimerWheel wheel_{0};  ///< a tick is a millisecond
  std::unique_ptr<Mail> mail_;
  std::shared_ptr<const Implementation> alive_;
  std::vector<std::unique_ptr<Resident>> residents_;
  std::vector<Resident*> scheduled_;  ///< null: removed since
  std::vector<Resident*> this_turn_;
  friend class Reactor;
};

}  // namespace martlet::net
