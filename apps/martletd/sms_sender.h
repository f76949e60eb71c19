#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "apps/martletd/log.h"
#include "base/time.h"
#include "gateways/sms_gateway.h"
#include "server/handle_messages.h"

namespace martlet::daemon {

inline constexpr std::size_t kSmsQueueMax = 1'000;  ///< that wait; further ones have failed

/// What the SMS with a code says: which server it is of, how long it is good, and that nobody will
/// ask for it. Fits one SMS unless the server's name is long.
std::string sms_text(const std::string& server, const std::string& code);

/// Sends codes through the gateway, one after the other, on a thread of its own. The log tells when
/// the gateway stops working and when it works again; never a number, a code or an address.
/// Thread-safe.
class SmsSender {
 public:
  /// Called on the sender's thread, or on that of post().
  using Report = std::function<void(server::ProofSent)>;

  /// `server` is what the server is called; `clock` and `log` outlive the sender.
  SmsSender(gateways::SmsGatewayConfig gateway, std::string server, const Clock& clock, Log& log,
            Report report);
  ~SmsSender();

  void start();
  /// Ends the thread; leaves what waits, and what is under way, without a report.
  void stop();
  /// Takes it, and reports later how it went. Does not wait.
  void post(server::ProofSending sending);

 private:
  void run();
  server::ProofSent::Outcome send(const server::ProofSending& sending);
  void note(const gateways::Handover& handover);

  gateways::SmsGateway gateway_;
  const std::string server_;
  const Clock& clock_;
  Log& log_;
  const Report report_;
  gateways::Handover::Outcome last_ = gateways::Handover::Outcome::taken;  ///< the thread's own
  std::thread thread_;

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  std::deque<server::ProofSending> queue_;
  bool stopping_ = false;
};

}  // namespace martlet::daemon
