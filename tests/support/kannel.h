#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "support/process.h"

namespace martlet::support {

/// A Kannel of the test's own (Debian's kannel and kannel-extras): bearerbox, smsbox, and a fake
/// SMSC that plays all phones there are. On loopback, on ports that were free; its files are below
/// `folder`. Owned by one thread; all its processes end with it.
class Kannel {
 public:
  static constexpr const char* kUsername = "martlet";
  static constexpr const char* kPassword = "p&ss w+rd";
  static constexpr const char* kKey = "0123456789abcdef+key";
  static constexpr const char* kEscapedKey = "0123456789abcdef%2Bkey";
  static constexpr const char* kServersNumber = "+4930123456";

  explicit Kannel(std::filesystem::path folder);

  /// The section [sms] of a server that uses it, and the files that it names. Before it runs.
  std::string settings(const std::string& password = kPassword) const;
  /// Starts all of it, to tell the server at this address of every incoming SMS; waits until it
  /// works. False, with the reason in error(): it does not.
  bool start(const std::string& server_address);
  void stop();
  const std::string& error() const { return error_; }

  /// The text of the next SMS that arrives at this phone, among those not given back yet.
  std::optional<std::string> sms_to(const std::string& number);
  /// How many SMS the phones got since the last start or send_from.
  std::size_t arrived() const;
  /// A phone sends; true once the SMSC has handed it to Kannel.
  bool send_from(const std::string& number, const std::string& text);

 private:
  bool start_phones(const std::string& count, const std::string& message);
  std::string status() const;
  bool wait_for_status(const std::string& part) const;

  std::filesystem::path folder_;
  std::string admin_port_, box_port_, smsc_port_, sendsms_port_;
  std::optional<Process> bearerbox_, smsbox_, phones_;
  std::string error_;
};

/// A loopback port that nobody listens on, outside of the range that the system gives out itself.
std::string free_port();

}  // namespace martlet::support
