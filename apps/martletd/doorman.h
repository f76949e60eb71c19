#pragma once

#include <functional>
#include <thread>

#include "apps/martletd/data_folder.h"

namespace martlet::daemon {

/// Accepts connections on a listening socket and serves them one at a time, on a thread of its own,
/// until it is destroyed. For the few who may call: the operator, and programs of this machine.
class Doorman {
 public:
  /// Called on the doorman's thread. `connection` is closed afterwards; `stop` becomes readable
  /// when the doorman is to end, for those who wait on both.
  using Serve = std::function<void(int connection, int stop)>;

  /// Nothing if the system has no pipe left; errno says why.
  static std::unique_ptr<Doorman> start(Descriptor listener, Serve serve);
  /// Ends after the one who is being served.
  ~Doorman();
  Doorman(const Doorman&) = delete;
  Doorman& operator=(const Doorman&) = delete;

 private:
  Doorman(Descriptor listener, Descriptor stop_read, Descriptor stop_write, Serve serve);
  void run();

  const Descriptor listener_;
  const Descriptor stop_read_;
  const Descriptor stop_write_;
  const Serve serve_;
  std::thread thread_;
};

}  // namespace martlet::daemon
