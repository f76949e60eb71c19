// What a client meets when it calls connect().
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/limits.h"
#include "net/test_support.h"

namespace martlet::net::test {
namespace {

/// A listening port behind which is what the test says, or nothing at all.
class BarePort {
 public:
  enum class Kind { listening, closed };
  explicit BarePort(Kind kind, int backlog = 8)
      : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* general = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(descriptor_, general, sizeof address), 0);
    if (kind == Kind::listening) {
      EXPECT_EQ(::listen(descriptor_, backlog), 0);
    }
    socklen_t size = sizeof address;
    ::getsockname(descriptor_, general, &size);
    port_ = ntohs(address.sin_port);
  }
  ~BarePort() {
    if (thread_.joinable()) thread_.join();
    ::close(descriptor_);
  }
  BarePort(const BarePort&) = delete;
  BarePort& operator=(const BarePort&) = delete;
  std::uint16_t port() const { return port_; }
  /// Accepts one connection, hands its descriptor to `what`, then closes it.
  void accept_one(std::function<void(int)> what) {
    thread_ = std::thread{[this, what = std::move(what)] {
      const int accepted = ::accept(descriptor_, nullptr, nullptr);
      what(accepted);
      ::close(accepted);
    }};
  }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A TLS server that does not know our protocols, of one version.
void serve_other_tls(int descriptor, int version) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  BIO* bio = BIO_new_mem_buf(certificate().certificate_pem.data(), -1);
  X509* x509 = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context, x509);
  X509_free(x509);
  BIO_free(bio);
  bio = BIO_new_mem_buf(certificate().key_pem.data(), -1);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  BIO_free(bio);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, descriptor);
  if (SSL_accept(ssl) == 1) {
    std::uint8_t byte = 0;
    SSL_read(ssl, &byte, 1);
  }
  ERR_clear_error();
  SSL_free(ssl);
  SSL_CTX_free(context);
}

CloseReason connect_to(std::uint16_t port, const std::string& host = "127.0.0.1",
                       const ClientTls& tls = {certificate().fingerprint},
                       Milliseconds timeout = Milliseconds{20'000}) {
  Client client;
  client.connect(port, host, tls, timeout);
  EXPECT_FALSE(client.seen().closed.has_value()) << "not inside the call";
  const auto reason = client.run_until_closed();
  EXPECT_EQ(client.seen().opened_calls, 0);
  EXPECT_EQ(client.seen().closed_calls, 1);
  return reason;
}

TEST(Connect, FindsItsServerByNameAndByEveryAddress) {
  Server server;
  for (const auto* host : {"127.0.0.1", "localhost", "::ffff:127.0.0.1"}) {
    SCOPED_TRACE(host);
    Client client;
    client.connect(server.port(), host);
    EXPECT_TRUE(client.run_until_open());
  }
}

TEST(Connect, RefusesAServerOfAnotherFingerprint) {
  Server server;
  EXPECT_EQ(connect_to(server.port(), "127.0.0.1", {make_certificate().fingerprint}),
            CloseReason::wrong_fingerprint);
}

TEST(Connect, WithoutAFingerprintWantsAPublicAuthority) {
  Server server;
  EXPECT_EQ(connect_to(server.port(), "localhost", {}), CloseReason::untrusted);
  EXPECT_EQ(connect_to(server.port(), "127.0.0.1", {}), CloseReason::untrusted);
}

TEST(Connect, SaysThatNobodyListens) {
  const BarePort port{BarePort::Kind::closed};
  EXPECT_EQ(connect_to(port.port()), CloseReason::unreachable);
}

TEST(Connect, SaysThatTheNameHasNoAddress) {
  // A label may have 63 bytes, so no server is asked.
  EXPECT_EQ(connect_to(1, std::string(64, 'a') + ".example"), CloseReason::unresolved);
  EXPECT_EQ(connect_to(1, ""), CloseReason::unresolved);
}

TEST(Connect, GivesUpOnAServerThatDoesNotAnswer) {
  const BarePort port{BarePort::Kind::listening};
  EXPECT_EQ(connect_to(port.port(), "127.0.0.1", {certificate().fingerprint}, Milliseconds{100}),
            CloseReason::timed_out);
}

TEST(Connect, GivesUpOnAnAddressThatSwallowsEverything) {
  const BarePort port{BarePort::Kind::listening, 0};
  // When the queue of connections to be accepted is full, the system drops what comes.
  const RawPeer first{port.port()};
  EXPECT_EQ(connect_to(port.port(), "127.0.0.1", {certificate().fingerprint}, Milliseconds{100}),
            CloseReason::timed_out);
}

TEST(Connect, SaysThatTheServerHangsUp) {
  BarePort port{BarePort::Kind::listening};
  port.accept_one([](int) {});
  EXPECT_EQ(connect_to(port.port()), CloseReason::peer);
}

TEST(Connect, RefusesWhatIsNotOurTls) {
  const struct {
    const char* name;
    std::function<void(int)> server;
  } kCases[] = {
      {"an HTTP server without TLS",
       [](int descriptor) {
         const auto text = bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n");
         ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
         std::uint8_t byte = 0;
         while (::recv(descriptor, &byte, 1, 0) > 0) {
         }
       }},
      {"TLS 1.2", [](int descriptor) { serve_other_tls(descriptor, TLS1_2_VERSION); }},
      {"TLS 1.3 without our protocol",
       [](int descriptor) { serve_other_tls(descriptor, TLS1_3_VERSION); }},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    BarePort port{BarePort::Kind::listening};
    port.accept_one(each.server);
    EXPECT_EQ(connect_to(port.port()), CloseReason::tls);
  }
}

TEST(Connect, MayBeCalledFromWithinTheReactor) {
  Server server;
  Reactor reactor;
  const auto watch = std::make_shared<Watch>();
  reactor.post([&] {
    connect(reactor, "localhost", server.port(), ClientTls{certificate().fingerprint},
            Milliseconds{20'000}, make_handler(watch, {}));
  });
  EXPECT_TRUE(
      reactor.run_until([&] { return watch->now().opened_calls == 1; }, Milliseconds{30'000}));
}

TEST(Connect, AReactorMayGoAtAnyMoment) {
  Server server;
  for (int turns = 0; turns < 12; ++turns) {
    const auto watch = std::make_shared<Watch>();
    {
      Reactor reactor;
      connect(reactor, turns % 2 == 0 ? "localhost" : "127.0.0.1", server.port(),
              ClientTls{certificate().fingerprint}, Milliseconds{20'000}, make_handler(watch, {}));
      int left = turns;
      reactor.run_until([&] { return left-- == 0; }, Milliseconds{20});
    }
    EXPECT_EQ(watch.use_count(), 1);
    EXPECT_EQ(watch->now().closed_calls, 0);
  }
}

}  // namespace
}  // namespace martlet::net::test
