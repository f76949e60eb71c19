// Envelopes of the classic suite a second on one core, beside the bare OpenSSL operations that they
// cannot do without, measured in turns so that a slow moment of the machine meets both.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "bare_openssl.h"
#include "base/check.h"
#include "crypto/system_random.h"
#include "protocol/classic.h"

namespace {

using namespace martlet;
using protocol::classic::Identity;

constexpr std::size_t kPlainBytes = 1'024;
constexpr int kRounds = 61;  // odd, for a median
constexpr double kRoundSeconds = 0.04;

/// CPU time of this thread: other processes on the machine do not count.
double cpu_seconds() {
  timespec time{};
  CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <class Work>
double seconds_of(int count, const Work& work) {
  const double start = cpu_seconds();
  for (int i = 0; i < count; ++i) work();
  return cpu_seconds() - start;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Rates a second of both, and the median of the ratios round by round.
template <class Ours, class Bare>
nlohmann::ordered_json compare(const Ours& ours, const Bare& bare) {
  seconds_of(20, ours);
  const int count = std::max(1, static_cast<int>(kRoundSeconds * 20 / seconds_of(20, bare)));
  std::vector<double> our_seconds;
  std::vector<double> bare_seconds;
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) {
    // Who goes first alternates.
    const bool ours_first = round % 2 == 0;
    double mine = ours_first ? seconds_of(count, ours) : 0;
    const double theirs = seconds_of(count, bare);
    if (!ours_first) mine = seconds_of(count, ours);
    our_seconds.push_back(mine);
    bare_seconds.push_back(theirs);
    ratios.push_back(theirs / mine);
  }
  return {{"per_second", count / median(our_seconds)},
          {"bare_per_second", count / median(bare_seconds)},
          {"ratio", median(ratios)}};
}

}  // namespace

int main() {
  const auto alice = crypto::SigningKey::generate();
  const auto alice_rsa = crypto::ClassicDecryptionKey::generate();
  const auto bob = crypto::SigningKey::generate();
  const auto bob_rsa = crypto::ClassicDecryptionKey::generate();
  const Identity from{alice.verifying_key(), alice_rsa.encryption_key()};
  const Identity to{bob.verifying_key(), bob_rsa.encryption_key()};
  crypto::SystemRandom random;
  const Bytes plain(kPlainBytes, 'm');
  bench::BareOpenssl bare{kPlainBytes};
  bare.seal();

  const auto seal = [&] { return protocol::classic::seal(alice, from, to, plain, random).take(); };
  const auto envelope = seal();
  const auto open = [&] {
    CHECK(protocol::classic::open(bob_rsa, to, from, envelope).take().size() == kPlainBytes);
  };
  nlohmann::ordered_json report{{"bench", "sealing"},
                                {"plain_bytes", kPlainBytes},
                                {"clock", "thread CPU"},
                                {"rounds", kRounds}};
  report["seal"] = compare([&] { CHECK(!seal().empty()); }, [&] { bare.seal(); });
  report["open"] = compare(open, [&] { bare.open(); });
  report["target_ratio"] = 0.9;
  std::printf("%s\n", report.dump().c_str());
  return EXIT_SUCCESS;
}
