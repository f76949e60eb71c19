#pragma once

#include "apps/martletd/config.h"
#include "apps/martletd/data_folder.h"
#include "base/ids.h"

namespace martlet::daemon {

/// What the server shows at the TLS handshake. The key is secret.
struct Identity {
  std::string certificate_pem;
  std::string key_pem;
  Digest fingerprint{};  ///< SHA-256 of the public key
};

/// From the settings' files, or from the data folder, where a self-signed one for ten years is made
/// if there is none.
Outcome<Identity> load_identity(const DataFolder& folder, const Config& config, UnixMillis now);
/// The certificate's fingerprint alone, when the private key is not needed. Makes nothing.
Outcome<Digest> load_fingerprint(const DataFolder& folder, const Config& config);

/// How a newcomer finds the server and knows it: https://HOST:PORT/i/TOKEN#FINGERPRINT, or, where
/// anybody may join, https://HOST:PORT#FINGERPRINT.
class InvitationUrls {
 public:
  InvitationUrls(const Config& config, std::uint16_t port, const Digest& fingerprint);
  std::string url(const std::string& token) const;
  std::string url_without_invitation() const;
  /// https://HOST:PORT, of the pages that people open in browsers.
  const std::string& pages() const { return pages_; }

 private:
  std::string pages_;
  std::string behind_;
};

}  // namespace martlet::daemon
