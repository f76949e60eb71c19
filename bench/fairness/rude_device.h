#pragma once

#include <atomic>
#include <deque>
#include <thread>

#include "device_line.h"

namespace martlet::bench {

/// Devices that take all they can get, on a thread of their own, which lets the measuring thread go
/// first. Ends with the object.
class RudeDevices {
 public:
  RudeDevices() = default;
  ~RudeDevices();
  RudeDevices(const RudeDevices&) = delete;
  RudeDevices& operator=(const RudeDevices&) = delete;

  /// Sends to `to` as fast as answers come, so many at a time unanswered; takes no refusal for a
  /// reason to stop.
  void flood(const ServerUnderLoad& server, const server::TestDevice& from,
             const server::TestDevice& to, std::size_t bytes, std::size_t unanswered);
  /// Each reads until its window is full, acknowledges nothing, and from then on does not even
  /// read.
  void go_deaf(const ServerUnderLoad& server, std::span<const server::TestDevice> devices);
  /// Acknowledges what comes, at once.
  void drain(const ServerUnderLoad& server, const server::TestDevice& device);
  /// Ends what was begun.
  void stop();

  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t delivered() const { return delivered_; }

 private:
  /// `begin` makes the lines, on the new thread.
  void start(std::function<void()> begin);
  void send();
  void acknowledge();

  std::unique_ptr<net::Reactor> reactor_;
  std::deque<DeviceLine> lines_;
  std::thread thread_;
  std::function<wire::Send()> next_send_;
  wire::Acknowledge to_acknowledge_;
  std::uint64_t request_ = 1;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> accepted_ = 0, refused_ = 0, delivered_ = 0;
};

}  // namespace martlet::bench
