#include "net/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

namespace martlet::net {

TicketKeys::Key::~Key() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

std::shared_ptr<const TicketKeys::Key> TicketKeys::to_seal(Time now) {
  const std::lock_guard lock{mutex_};
  forget_old(now);
  if (present_ != nullptr && now - present_->born < kSealFor) return present_;
  auto made = std::make_shared<Key>();
  made->born = now;
  if (RAND_bytes(made->name.data(), static_cast<int>(made->name.size())) != 1 ||
      RAND_priv_bytes(made->cipher.data(), static_cast<int>(made->cipher.size())) != 1 ||
      RAND_priv_bytes(made->mac.data(), static_cast<int>(made->mac.size())) != 1) {
    return nullptr;
  }
  previous_ = std::move(present_);
  present_ = std::move(made);
  return present_;
}

std::shared_ptr<const TicketKeys::Key> TicketKeys::to_open(std::span<const std::uint8_t> name,
                                                           Time now) {
  const std::lock_guard lock{mutex_};
  forget_old(now);
  for (const auto& key : {present_, previous_}) {
    if (key != nullptr && std::ranges::equal(key->name, name)) return key;
  }
  return nullptr;
}

void TicketKeys::forget_old(Time now) {
  for (auto* key : {&present_, &previous_}) {
    if (*key != nullptr && now - (*key)->born >= 2 * kSealFor) key->reset();
  }
}

}  // namespace martlet::net
