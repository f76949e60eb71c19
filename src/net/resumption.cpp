#include "net/resumption.h"

#include <openssl/ssl.h>

#include "net/limits.h"

namespace martlet::net {

void ReleaseTlsSession::operator()(ssl_session_st* handle) const noexcept {
  SSL_SESSION_free(handle);
}

void Resumption::keep(const ServerIdentity& server, TlsSessionPtr session) {
  kept_.remove_if([&](const auto& each) { return each.first == server; });
  kept_.emplace_front(server, std::move(session));
  if (kept_.size() > limits::kResumptionsMax) kept_.pop_back();
}

TlsSessionPtr Resumption::take(const ServerIdentity& server) {
  for (auto each = kept_.begin(); each != kept_.end(); ++each) {
    if (each->first != server) continue;
    auto session = std::move(each->second);
    kept_.erase(each);
    return session;
  }
  return nullptr;
}

}  // namespace martlet::net
