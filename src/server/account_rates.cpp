#include "server/account_rates.h"

#include "base/check.h"

namespace martlet::server {

AccountRates::AccountRates(const SendRates& rates, UnixMillis now, std::size_t accounts_max)
    : rates_{rates},
      buckets_{{{std::max<std::size_t>(rates.sends, 1), now},
                {std::max<std::size_t>(rates.envelopes, 1), now},
                {std::max<std::size_t>(rates.bytes, 1), now}},
               now,
               accounts_max} {
  CHECK(rates.envelopes == 0 || rates.envelopes >= limits::kEnvelopesASendMax);
  CHECK(rates.bytes == 0 || rates.bytes >= limits::kFrameBytesMax);
}

Milliseconds AccountRates::charge(const AccountId& account, std::size_t envelopes,
                                  std::size_t bytes, UnixMillis now,
                                  std::array<Meter, kRateKinds>& limited) {
  if (rates_.sends == 0 && rates_.envelopes == 0 && rates_.bytes == 0) return Milliseconds{0};
  struct Charge {
    RateKind kind;
    std::size_t rate;
    TokenBucket& bucket;
    std::size_t amount;
  };
  auto& mine = buckets_.of(account, now);
  const std::array<Charge, 3> charges{
      {{RateKind::sends, rates_.sends, mine.sends, 1},
       {RateKind::envelopes, rates_.envelopes, mine.envelopes, envelopes},
       {RateKind::bytes, rates_.bytes, mine.bytes, bytes}}};
  for (const auto& charge : charges) {
    const auto wait = charge.rate == 0 ? Milliseconds{0} : charge.bucket.wait(now);
    if (wait.count() == 0) continue;
    limited.at(static_cast<std::size_t>(charge.kind)).add();
    return std::max(wait, kWaitMin);
  }
  for (const auto& charge : charges) {
    if (charge.rate > 0) charge.bucket.spend(charge.amount);
  }
  return Milliseconds{0};
}

}  // namespace martlet::server
