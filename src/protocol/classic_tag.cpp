#include "protocol/classic_tag.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace martlet::protocol::classic {

Tag tag_of(ByteView salt, ByteView plain, const Digest& sender, const Digest& receiver) {
  CHECK(salt.size() == kSaltBytes);
  const auto whole = crypto::hmac_sha256(salt, {plain, ByteView{&kVersion, 1}, sender, receiver});
  Tag tag;
  std::copy_n(whole.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace martlet::protocol::classic
