#include "bare_server.h"

#include <netinet/in.h>
#include <openssl/pem.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "crypto/certificate.h"
#include "process.h"
#include "raw_line.h"
#include "server_under_load.h"

namespace martlet::bench {
namespace {

void use_certificate(SSL_CTX* context) {
  const auto files = crypto::make_self_signed("localhost", SystemClock{}.now(), 30);
  BIO* bio =
      BIO_new_mem_buf(files.certificate_pem.data(), static_cast<int>(files.certificate_pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(files.key_pem.data(), static_cast<int>(files.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    give_up("no certificate");
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

int listen_anywhere(std::uint16_t& port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(descriptor, SOMAXCONN) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    give_up("the bare server cannot listen");
  }
  port = ntohs(address.sin_port);
  return descriptor;
}

}  // namespace

int run_bare_server() {
  raise_descriptor_limit();
  const auto context = make_bare_context();
  use_certificate(context.get());
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  std::printf("listening on :%u\n", unsigned{port});
  std::fflush(stdout);
  for (;;) {
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) give_up("the bare server cannot accept");
    SSL* ssl = SSL_new(context.get());  // held for as long as the process lives
    SSL_set_fd(ssl, descriptor);
    if (SSL_accept(ssl) != 1) give_up("a bare handshake failed");
  }
}

BareServer::BareServer() {
  const int out = spawn(own_program(), {"--bare-server"}, true, pid_);
  const auto said = read_until(out, "listening on ");
  ::close(out);
  if (said.find("listening on :") == std::string::npos) give_up("the bare server does not start");
  port_ = static_cast<std::uint16_t>(std::stoi(said.substr(said.find(':') + 1)));
}

BareServer::~BareServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::uint64_t BareServer::pss_bytes() const { return memory_of(pid_, "Pss"); }
double BareServer::cpu_seconds() const { return cpu_seconds_of(pid_); }

}  // namespace martlet::bench
