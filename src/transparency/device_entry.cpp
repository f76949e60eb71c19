#include "transparency/device_entry.h"

#include "base/check.h"
#include "crypto/classic_rsa.h"
#include "crypto/hash.h"

namespace martlet::transparency {
namespace {

constexpr std::uint8_t kKeyIdTag = 0x11;
constexpr std::uint8_t kDeviceNameTag = 0x13;
constexpr std::array<std::uint8_t, 7> kClassicKeyHead{0x30, 0x81, 0xa9, 0x02, 0x81, 0xa1, 0x00};
constexpr std::array<std::uint8_t, 5> kClassicKeyTail{0x02, 0x03, 0x01, 0x00, 0x01};

}  // namespace

DeviceEntry classic_device_entry(Role role, ByteView classic_key) {
  CHECK(is_classic_key_shape(classic_key));
  DeviceEntry entry{role, {}, {}};
  entry.suites.push_back({kSuiteClassic, copy_of(classic_key)});
  return entry;
}

bool is_classic_key_shape(ByteView key) {
  if (key.size() != crypto::kClassicRsaPublicDerBytes) return false;
  const auto modulus = key.subspan(kClassicKeyHead.size(), crypto::kClassicRsaBytes);
  return equal(key.first(kClassicKeyHead.size()), kClassicKeyHead) &&
         equal(key.last(kClassicKeyTail.size()), kClassicKeyTail) &&
         (modulus.front() & 0x80U) != 0 && (modulus.back() & 1U) != 0;
}

const Bytes* suite_key(const std::vector<SuiteKey>& suites, std::uint8_t suite) {
  const auto found = std::ranges::find(suites, suite, &SuiteKey::suite);
  return found == suites.end() ? nullptr : &found->key;
}

Digest key_id_of(std::uint8_t alg, ByteView public_key) {
  const std::array<std::uint8_t, 2> head{kKeyIdTag, alg};
  return crypto::sha256({head, public_key});
}

DeviceId device_id_of(const crypto::VerifyingKey& key) {
  return DeviceId{key_id_of(kAlgP256, key.compressed())};
}

Result<Digest> device_name_commitment(std::span<const std::uint8_t, 32> opening,
                                      std::string_view name, std::string_view platform) {
  if (name.size() > 255 || platform.size() > 255) {
    return Error{Failure::limit_reached, "a device's name and platform have at most 255 bytes"};
  }
  const std::array<std::uint8_t, 1> tag{kDeviceNameTag};
  const std::array<std::uint8_t, 1> name_bytes{static_cast<std::uint8_t>(name.size())};
  const std::array<std::uint8_t, 1> platform_bytes{static_cast<std::uint8_t>(platform.size())};
  return crypto::sha256(
      {tag, opening, name_bytes, bytes_of(name), platform_bytes, bytes_of(platform)});
}

}  // namespace martlet::transparency
