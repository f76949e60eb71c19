#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "apps/martletd/complaint.h"
#include "apps/martletd/log.h"
#include "apps/martletd/smtp.h"
#include "base/random.h"

namespace martlet::daemon {

/// The thread that sends mails which prove addresses: by SMTP, or as files of a folder, whose links
/// it prints on stdout. Says of each how it went. The office sends again what failed.
class Mailer {
 public:
  using Report = std::function<void(const server::ProofSent&)>;  ///< on the mailer's thread
  static constexpr std::size_t kQueueMax = 10'000;  ///< more are dropped, and so sent again later

  /// `links` is what a token is appended to; `server` what mails call us. `random`, `clock` and
  /// `log` outlive the mailer; `random` and `log` are thread-safe. Fails if the password cannot be
  /// read, is readable by others, or the folder is none.
  static Outcome<std::unique_ptr<Mailer>> open(const MailSettings& settings, std::string links,
                                               std::string server, Random& random,
                                               const Clock& clock, Log& log, Report report);
  ~Mailer();

  /// A sending of kind mail_link. An older one of the same proof that still waits is dropped.
  /// Thread-safe; never blocks for long.
  void post(server::ProofSending sending);
  /// Ends the mail that is under way; what waits is not sent.
  void stop();

 private:
  Mailer(MailSettings settings, Password password, std::string links, std::string server,
         Random& random, const Clock& clock, Log& log, Report report);
  void run();
  Posted send(const server::ProofSending& sending);
  Posted write_file(const server::ProofSending& sending, const std::string& message);
  void report(const server::ProofSending& sending, server::ProofSent::Outcome outcome);
  void note(const Posted& posted);
  std::vector<server::ProofSending> take_waiting();

  const MailSettings settings_;
  const Password password_;
  const std::string links_;
  const std::string server_;
  Random& random_;
  const Clock& clock_;
  Log& log_;
  const Report report_;
  std::atomic<bool> stopping_ = false;
  Smtp smtp_;
  bool fails_ = false;  ///< the last mail did; of the thread alone

  std::mutex mutex_;  ///< guards the queue
  std::condition_variable changed_;
  std::deque<server::ProofSending> queue_;
  std::thread thread_;
};

}  // namespace martlet::daemon
