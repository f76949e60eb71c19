// The sections [admin] and [limits].
#include <algorithm>

#include "apps/martletd/config_setters.h"
#include "apps/martletd/metrics_listener.h"

namespace martlet::daemon {
namespace {

/// 0: no limit; `least` lets the largest Send pass.
Setter rate_setter(std::size_t least, const char* expected, std::size_t server::SendRates::*rate) {
  return text_setter<std::int64_t>(expected, [=](std::int64_t number, Config& config) {
    config.send_rates.*rate = static_cast<std::size_t>(std::max<std::int64_t>(number, 0));
    return number == 0 || (number >= static_cast<std::int64_t>(least) && number <= kRateMax);
  });
}

}  // namespace

Setters limit_setters() {
  using server::SendRates;
  return {
      {"admin.metrics", text_setter<std::string>(
                            "\"ADDRESS:PORT\" with a loopback address, such as \"127.0.0.1:9464\"",
                            [](const std::string& text, Config& config) {
                              config.metrics = ListenAddress::parse(text);
                              return config.metrics && is_loopback(config.metrics->address);
                            })},
      {"limits.sends_a_minute",
       rate_setter(1, "0 (no limit), or 1 to 1000000000000", &SendRates::sends)},
      {"limits.envelopes_a_minute",
       rate_setter(limits::kEnvelopesASendMax, "0 (no limit), or 4096 to 1000000000000",
                   &SendRates::envelopes)},
      {"limits.bytes_a_minute",
       rate_setter(limits::kFrameBytesMax, "0 (no limit), or 4194304 to 1000000000000",
                   &SendRates::bytes)},
  };
}

}  // namespace martlet::daemon
