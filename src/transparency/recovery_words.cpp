#include "transparency/recovery_words.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "transparency/recovery_word_list.h"

namespace martlet::transparency {
namespace {

constexpr std::size_t kBitsAWord = 11;
constexpr std::size_t kEntropyBits = RecoveryEntropy::kBytes * 8;
constexpr std::size_t kWordBytesMax = 8;
constexpr std::size_t kSimilarMax = 3;
constexpr std::string_view kSignInfo = "kt-recovery-sign-v1";
static_assert(kRecoveryWords * kBitsAWord == kEntropyBits + 8);  // 8 bits of checksum

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Where a word stands in the list; `word` in lower case.
std::optional<std::size_t> index_of(std::string_view word) {
  const auto found = std::ranges::lower_bound(recovery_word_list, word);
  if (found == recovery_word_list.end() || *found != word) return std::nullopt;
  return static_cast<std::size_t>(found - recovery_word_list.begin());
}

/// Slips that lead from one word to the other: another letter, one missing, one too many, or two
/// neighbours exchanged. Of the table of all beginnings three rows are enough.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> above;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row.back();
}

std::vector<std::string_view> similar_to(std::string_view word) {
  std::vector<std::string_view> similar;
  const auto shortened = word.substr(0, kWordBytesMax + 2);
  for (std::size_t steps = 1; steps <= 2; ++steps) {
    for (const auto candidate : recovery_word_list) {
      if (similar.size() == kSimilarMax) return similar;
      if (distance(shortened, candidate) == steps) similar.push_back(candidate);
    }
  }
  return similar;
}

/// The words of `text` in lower case, wiped with it.
struct Words {
  explicit Words(std::string_view text) : bytes{text} {
    std::ranges::transform(bytes, bytes.begin(), lower);
    const std::string_view all{bytes};
    for (std::size_t at = 0; at < all.size();) {
      if (is_blank(all[at])) {
        ++at;
        continue;
      }
      const auto end = static_cast<std::size_t>(
          std::find_if(all.begin() + static_cast<std::ptrdiff_t>(at), all.end(), is_blank) -
          all.begin());
      words.push_back(all.substr(at, end - at));
      at = end;
    }
  }
  ~Words() { crypto::wipe({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}); }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  std::string bytes;
  std::vector<std::string_view> words;
};

}  // namespace

RecoveryEntropy create_recovery_entropy(Random& random) {
  return RecoveryEntropy{[&](auto bytes) { random.fill(bytes); }};
}

RecoveryText recovery_words(const RecoveryEntropy& entropy) {
  const auto bytes = entropy.reveal();
  const auto checksum = crypto::sha256(bytes)[0];
  const auto byte_at = [&](std::size_t i) {
    return i < RecoveryEntropy::kBytes ? bytes[i] : checksum;
  };
  return RecoveryText{
      kRecoveryWords * (kWordBytesMax + 1), [&](std::span<std::uint8_t> out) {
        std::size_t used = 0;
        for (std::size_t word = 0; word < kRecoveryWords; ++word) {
          std::size_t index = 0;
          for (std::size_t bit = word * kBitsAWord; bit < (word + 1) * kBitsAWord; ++bit) {
            index = index << 1U | (std::size_t{byte_at(bit / 8)} >> (7 - bit % 8) & 1U);
          }
          if (word > 0) out[used++] = ' ';
          for (const char c : recovery_word_list[index]) {
            out[used++] = static_cast<std::uint8_t>(c);
          }
        }
        return used;
      }};
}

Result<RecoveryEntropy, RecoveryWordsFault> parse_recovery_words(std::string_view text) {
  using Kind = RecoveryWordsFault::Kind;
  const Words typed{text.substr(0, kRecoveryTextBytesMax)};
  for (std::size_t i = 0; i < std::min(typed.words.size(), kRecoveryWords); ++i) {
    if (index_of(typed.words[i])) continue;
    return RecoveryWordsFault{Kind::unknown, i + 1, similar_to(typed.words[i])};
  }
  if (typed.words.size() != kRecoveryWords || text.size() > kRecoveryTextBytesMax) {
    return RecoveryWordsFault{Kind::count, typed.words.size(), {}};
  }
  std::uint8_t checksum = 0;
  RecoveryEntropy entropy{[&](std::span<std::uint8_t, RecoveryEntropy::kBytes> out) {
    for (std::size_t bit = 0; bit < kRecoveryWords * kBitsAWord; ++bit) {
      const auto index = *index_of(typed.words[bit / kBitsAWord]);
      const auto value = index >> (kBitsAWord - 1 - bit % kBitsAWord) & 1U;
      auto& byte = bit < kEntropyBits ? out[bit / 8] : checksum;
      byte = static_cast<std::uint8_t>(std::size_t{byte} << 1U | value);
    }
  }};
  if (crypto::sha256(entropy.reveal())[0] != checksum) {
    return RecoveryWordsFault{Kind::checksum, 0, {}};
  }
  return entropy;
}

RecoverySeed recovery_seed_of(const RecoveryEntropy& entropy) {
  return RecoverySeed{
      [&](auto out) { crypto::hkdf_sha256({}, entropy.reveal(), bytes_of(kSignInfo), out); }};
}

}  // namespace martlet::transparency
