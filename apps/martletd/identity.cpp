#include "apps/martletd/identity.h"

#include <sys/stat.h>

#include "crypto/certificate.h"

namespace martlet::daemon {
namespace {

constexpr int kSelfSignedDays = 3'650;

std::filesystem::path certificate_path(const DataFolder& folder, const Config& config) {
  return config.tls_certificate.empty() ? folder.tls_certificate() : config.tls_certificate;
}
std::filesystem::path key_path(const DataFolder& folder, const Config& config) {
  return config.tls_key.empty() ? folder.tls_key() : config.tls_key;
}

/// The name without the brackets that an address has in a URL.
std::string certificate_name(const Config& config) {
  auto host = config.host();
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

Outcome<Digest> fingerprint_of(const std::string& certificate_pem,
                               const std::filesystem::path& path) {
  const auto fingerprint = crypto::public_key_fingerprint(certificate_pem);
  if (fingerprint.ok()) return fingerprint.value();
  return Complaint{Exit::data_folder, path.string() + " holds no PEM certificate"};
}

/// The key first: a certificate that is there has its key.
Outcome<void> create_self_signed(const DataFolder& folder, const Config& config, UnixMillis now) {
  const auto files = crypto::make_self_signed(certificate_name(config), now, kSelfSignedDays);
  TRY(write_private_file(folder.tls_key(), files.key_pem));
  return write_private_file(folder.tls_certificate(), files.certificate_pem);
}

}  // namespace

Outcome<Identity> load_identity(const DataFolder& folder, const Config& config, UnixMillis now) {
  std::error_code error;
  if (config.tls_certificate.empty() && !std::filesystem::exists(folder.tls_certificate(), error)) {
    TRY(create_self_signed(folder, config, now));
  }
  const auto path = certificate_path(folder, config);
  Identity identity;
  identity.certificate_pem = TRY(read_file(path));
  identity.key_pem = TRY(read_file(key_path(folder, config)));
  identity.fingerprint = TRY(fingerprint_of(identity.certificate_pem, path));
  return identity;
}

Outcome<Digest> load_fingerprint(const DataFolder& folder, const Config& config) {
  const auto path = certificate_path(folder, config);
  return fingerprint_of(TRY(read_file(path)), path);
}

InvitationUrls::InvitationUrls(const Config& config, std::uint16_t port, const Digest& fingerprint)
    : pages_{"https://" + config.host() + ":" + std::to_string(config.public_port.value_or(port))},
      behind_{config.tls_public ? std::string{} : "#" + to_base64url(fingerprint)} {}

std::string InvitationUrls::url(const std::string& token) const {
  return pages_ + "/i/" + token + behind_;
}

std::string InvitationUrls::url_without_invitation() const { return pages_ + behind_; }

}  // namespace martlet::daemon
