#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "apps/martletd/mail_settings.h"
#include "crypto/secret.h"
#include "server/handle_messages.h"

namespace martlet::daemon {

using Password = crypto::SecretBytes<struct PasswordKind>;

/// How a mail went, and what the log may say of it.
struct Posted {
  server::ProofSent::Outcome outcome{};
  bool reached = true;  ///< false: the mail server did not answer at all
  int reply = 0;        ///< its last reply; 0: none
  int fault = 0;        ///< libcurl's number for what went wrong
};

/// What the mail server's last words mean: refused are only this recipient or this mail (5xx to
/// RCPT, or to the message). A login or a sender that it does not take is the operator's to mend,
/// and the mail waits.
server::ProofSent::Outcome outcome_of(bool done, const std::string& last_command, int reply);

/// Sends mails by SMTP (RFC 5321; STARTTLS RFC 3207; AUTH RFC 4954) through libcurl. Keeps the
/// connection between mails. Blocks; for one thread.
class Smtp {
 public:
  static constexpr long kConnectSeconds = 10;
  static constexpr long kMailSeconds = 60;

  /// `helo` is what we call ourselves; `stop` ends a mail that is under way. Both settings and
  /// `stop` outlive the object.
  Smtp(const MailSettings& settings, const Password& password, std::string helo,
       const std::atomic<bool>& stop);
  ~Smtp();
  Smtp(const Smtp&) = delete;
  Smtp& operator=(const Smtp&) = delete;

  Posted send(const std::string& to, const std::string& message);

 private:
  struct Handle;
  const MailSettings& settings_;
  const Password& password_;
  const std::string helo_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace martlet::daemon
