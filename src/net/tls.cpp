#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace martlet::net {
namespace {

template <auto release>
struct Release {
  void operator()(auto* handle) const noexcept { release(handle); }
};
using BioPtr = std::unique_ptr<BIO, Release<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Release<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

// --- A BIO over a socket. OpenSSL's own writes without MSG_NOSIGNAL, so that a peer which went
// away would kill a program that forgot to ignore SIGPIPE.

/// SSL_read serves records without content (key updates) in a loop for as long as some come. After
/// so many reads of the socket it is told that there are no more, and others have their turn.
constexpr int kReadsACall = 4;

int finish_io(BIO* bio, ssize_t result, int retry_flags) {
  BIO_clear_retry_flags(bio);
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_flags(bio, retry_flags | BIO_FLAGS_SHOULD_RETRY);
  }
  return static_cast<int>(result);
}

long socket_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// --- Callbacks of the handshake

constexpr unsigned char kAlpnFrames[] = "\x09martlet/1";
constexpr unsigned char kAlpnServer[] = "\x09martlet/1\x08http/1.1";

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, kAlpnServer, sizeof kAlpnServer - 1, in, in_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// The fingerprint is all that counts: neither authority, name nor expiry. TLS itself proves
/// that the server holds the key.
int verify_fingerprint(X509_STORE_CTX* store, void*) {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto& expected = static_cast<const TlsPeer*>(SSL_get_app_data(ssl))->server.fingerprint;
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(X509_STORE_CTX_get0_cert(store)), &encoded);
  Digest found{};
  const bool right = expected.has_value() && size > 0 &&
                     EVP_Digest(encoded, static_cast<std::size_t>(size), found.data(), nullptr,
                                EVP_sha256(), nullptr) == 1 &&
                     found == *expected;
  OPENSSL_free(encoded);
  X509_STORE_CTX_set_error(store, right ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return right ? 1 : 0;
}

/// A ticket came: what the client needs to resume. That happens after the handshake, so the server
/// has proven who it is. 1: ours now.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto& peer = *static_cast<const TlsPeer*>(SSL_get_app_data(ssl));
  if (peer.resumption == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  peer.resumption->keep(peer.server, TlsSessionPtr{session});
  return 1;
}

/// Seals (`seal` is 1) or opens a ticket: SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int seal) {
  constexpr std::size_t kIvBytes = 16;
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto now = std::chrono::steady_clock::now();
  const auto key = seal == 1 ? keys.to_seal(now) : keys.to_open({name, 16}, now);
  if (key == nullptr) return 0;
  if (seal == 1) {
    std::ranges::copy(key->name, name);
    if (RAND_bytes(iv, kIvBytes) != 1) return -1;
  }
  char sha256[] = "SHA256";
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(
          OSSL_MAC_PARAM_KEY, const_cast<std::uint8_t*>(key->mac.data()), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters.data()) != 1 ||
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, seal) != 1) {
    return -1;
  }
  return seal == 1 ? 1 : 2;  // 2: send a new ticket, because each is used once
}

/// Never asks the terminal: a key under a passphrase is simply not one that we can use.
int no_passphrase(char*, int, int, void*) { return 0; }

bool use_chain(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  const X509Ptr own{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)};
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return false;
    }
  }
  return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;  // nothing but the end
}

bool use_key(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  const KeyPtr key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  return key != nullptr && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> ignored;
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

}  // namespace

void ReleaseTls::operator()(ssl_st* handle) const noexcept { SSL_free(handle); }
void ReleaseTls::operator()(ssl_ctx_st* handle) const noexcept { SSL_CTX_free(handle); }
void ReleaseTls::operator()(bio_method_st* handle) const noexcept { BIO_meth_free(handle); }

int TlsSession::socket_write(BIO* bio, const char* bytes, int size) {
  const auto& io = *static_cast<const SocketIo*>(BIO_get_data(bio));
  const auto sent = ::send(io.descriptor, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  return finish_io(bio, sent, BIO_FLAGS_WRITE);
}

int TlsSession::socket_read(BIO* bio, char* into, int size) {
  auto& io = *static_cast<SocketIo*>(BIO_get_data(bio));
  if (io.reads_left-- <= 0) {
    errno = EAGAIN;
    return finish_io(bio, -1, BIO_FLAGS_READ);
  }
  const auto got = ::recv(io.descriptor, into, static_cast<std::size_t>(size), 0);
  return finish_io(bio, got, BIO_FLAGS_READ);
}

TlsOutcome TlsSession::outcome_of(int result) const {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return TlsOutcome::done;
    case SSL_ERROR_WANT_READ:
      return TlsOutcome::want_read;
    case SSL_ERROR_WANT_WRITE:
      return TlsOutcome::want_write;
    case SSL_ERROR_ZERO_RETURN:  // close_notify
    case SSL_ERROR_SYSCALL:      // end of stream without it, reset, ...
      return TlsOutcome::ended;
    default:
      return TlsOutcome::failed;
  }
}

// The error queue belongs to the thread: what an earlier call left there would be taken for ours.

TlsOutcome TlsSession::handshake() {
  ERR_clear_error();
  io_->reads_left = kReadsACall;
  return outcome_of(SSL_do_handshake(ssl_.get()));
}

TlsOutcome TlsSession::read(std::span<std::uint8_t> into, std::size_t& read) {
  ERR_clear_error();
  io_->reads_left = kReadsACall;
  return outcome_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &read));
}

TlsOutcome TlsSession::write(ByteView bytes, std::size_t& written) {
  ERR_clear_error();
  return outcome_of(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written));
}

bool TlsSession::has_unread() const { return SSL_has_pending(ssl_.get()) == 1; }

void TlsSession::say_goodbye() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

std::string TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string{reinterpret_cast<const char*>(name), size};
}

std::array<std::uint8_t, 32> TlsSession::exporter() const {
  std::array<std::uint8_t, 32> secret{};
  CHECK(SSL_export_keying_material(ssl_.get(), secret.data(), secret.size(), kExporterLabel,
                                   std::strlen(kExporterLabel), nullptr, 0, 0) == 1);
  return secret;
}

bool TlsSession::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

CloseReason TlsSession::handshake_failure() const {
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (verdict == X509_V_ERR_APPLICATION_VERIFICATION) return CloseReason::wrong_fingerprint;
  return verdict == X509_V_OK ? CloseReason::tls : CloseReason::untrusted;
}

TlsContext::TlsContext()
    : socket_method_{BIO_meth_new(BIO_TYPE_SOURCE_SINK, "martlet socket")},
      context_{SSL_CTX_new(TLS_method())} {
  CHECK(socket_method_ != nullptr);
  BIO_meth_set_write(socket_method_.get(), TlsSession::socket_write);
  BIO_meth_set_read(socket_method_.get(), TlsSession::socket_read);
  BIO_meth_set_ctrl(socket_method_.get(), socket_control);
  auto* context = context_.get();
  CHECK(context != nullptr);
  CHECK(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One call of the system brings header and body of a record, and the records behind it.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const std::string& certificate_pem,
                                                             const std::string& key_pem) {
  std::shared_ptr<TlsContext> made{new TlsContext};
  auto* context = made->context_.get();
  const bool usable = use_chain(context, certificate_pem) && use_key(context, key_pem);
  ERR_clear_error();
  if (!usable) return Error{Failure::malformed, "certificate or key that TLS cannot use"};
  // A client that comes back has a short handshake: nothing is signed. Always with a fresh key
  // exchange (psk_dhe_ke), never with early data. The ticket holds all; nothing is kept here.
  CHECK(SSL_CTX_set_num_tickets(context, 1) == 1);
  made->ticket_keys_ = std::make_unique<TicketKeys>();
  SSL_CTX_set_app_data(context, made->ticket_keys_.get());
  CHECK(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key) == 1);
  SSL_CTX_set_timeout(context, std::chrono::seconds{2 * TicketKeys::kSealFor}.count());
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  return std::shared_ptr<const TlsContext>{std::move(made)};
}

std::shared_ptr<const TlsContext> TlsContext::pinned_client() {
  std::shared_ptr<TlsContext> made{new TlsContext};
  SSL_CTX_set_verify(made->context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(made->context_.get(), verify_fingerprint, nullptr);
  made->remember_sessions();
  return made;
}

std::shared_ptr<const TlsContext> TlsContext::public_client() {
  std::shared_ptr<TlsContext> made{new TlsContext};
  SSL_CTX_set_verify(made->context_.get(), SSL_VERIFY_PEER, nullptr);
  // Without authorities nobody is trusted, which is the answer then.
  SSL_CTX_set_default_verify_paths(made->context_.get());
  made->remember_sessions();
  ERR_clear_error();
  return made;
}

void TlsContext::remember_sessions() {
  SSL_CTX_set_session_cache_mode(context_.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
}

TlsSession TlsContext::session(int descriptor) const {
  TlsSession session;
  session.ssl_.reset(SSL_new(context_.get()));
  BIO* bio = session.ssl_ == nullptr ? nullptr : BIO_new(socket_method_.get());
  if (bio == nullptr) return {};
  session.io_ = std::make_unique<TlsSession::SocketIo>(TlsSession::SocketIo{descriptor, 0});
  BIO_set_data(bio, session.io_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(session.ssl_.get(), bio, bio);
  return session;
}

TlsSession TlsContext::accept(int descriptor) const {
  auto made = session(descriptor);
  if (made) SSL_set_accept_state(made.ssl_.get());
  return made;
}

TlsSession TlsContext::connect(int descriptor, const TlsPeer& peer) const {
  auto made = session(descriptor);
  if (!made) return made;
  auto* ssl = made.ssl_.get();
  const auto& host = peer.server.host;
  SSL_set_connect_state(ssl);
  const bool by_address = is_address(host);
  // SSL_set_app_data takes no pointer to const, but the callbacks only read.
  bool ok = SSL_set_app_data(ssl, const_cast<TlsPeer*>(&peer)) == 1 &&
            SSL_set_alpn_protos(ssl, kAlpnFrames, sizeof kAlpnFrames - 1) == 0;
  if (!by_address)
    ok = ok && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;  // RFC 6066 section 3
  if (!peer.server.fingerprint.has_value()) {
    ok = ok && (by_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str())
                           : SSL_set1_host(ssl, host.c_str())) == 1;
  }
  if (ok && peer.resumption != nullptr) {
    if (const auto session = peer.resumption->take(peer.server))
      SSL_set_session(ssl, session.get());
  }
  return ok ? std::move(made) : TlsSession{};
}

}  // namespace martlet::net
