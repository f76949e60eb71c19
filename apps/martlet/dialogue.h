#pragma once

#include <functional>

#include "client/device_link.h"

namespace martlet::cli {

/// How a verb speaks with the person while it waits for the network. Called on the verb's thread.
class Dialogue {
 public:
  /// Called at most once, on any thread, also inside the call that it was given to.
  using Reply = std::function<void(bool)>;
  virtual ~Dialogue() = default;
  /// The new device: this is what the other one has to scan, or type.
  virtual void show(const client::LinkShown& shown) = 0;
  /// Both: are these the digits on the other screen?
  virtual void compare(const std::string& digits, Reply reply) = 0;
  /// The approving device: shall this one come in? `digits` is what both show; empty: there are
  /// none to compare.
  virtual void admit(const client::ConfirmDevice& device, const std::string& digits,
                     Reply reply) = 0;
};

}  // namespace martlet::cli
