#include "bare_server.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "loopback.h"
#include "process.h"
#include "tls_ptr.h"

namespace martlet::bench {
namespace {

/// Buffers released while idle, as martletd does.
TlsContextPtr make_bare_context() {
  auto context = make_tls_context();
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  use_fresh_certificate(context.get());
  return context;
}

}  // namespace

int run_bare_server() {
  raise_descriptor_limit();
  const auto context = make_bare_context();
  std::uint16_t port = 0;
  const int listener = listen_on_loopback(port, Blocking::yes);
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
