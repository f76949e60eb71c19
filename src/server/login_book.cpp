#include "server/login_book.h"

namespace martlet::server {

std::optional<wire::LoginMark> LoginBook::note(const DeviceId& device, const wire::LoginMark& login,
                                               const std::array<std::uint8_t, 16>& previous_mark) {
  if (login.number == 0) return std::nullopt;  // an older client
  const auto [entry, is_first] = last_.try_emplace(device, login);
  auto& last = entry->second;
  if (is_first || login == last) return std::nullopt;
  // Beyond the next one: we know an older login, because we were restarted with less.
  const bool continues = login.number > last.number + 1 ||
                         (login.number == last.number + 1 && previous_mark == last.mark);
  if (!continues) return last;
  last = login;
  return std::nullopt;
}

}  // namespace martlet::server
