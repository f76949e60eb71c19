#pragma once

#include <array>
#include <string_view>

namespace martlet::transparency {

inline constexpr std::size_t kRecoveryWordList = 2'048;

/// The English list of BIP-39, in its order, which is that of the alphabet. The first four letters
/// tell each word from all others. Its lines hash (SHA-256) to
/// 2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda.
extern const std::array<std::string_view, kRecoveryWordList> recovery_word_list;

}  // namespace martlet::transparency
