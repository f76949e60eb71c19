#pragma once

#include <algorithm>
#include <memory>

#include "base/bytes.h"

namespace martlet {

/// Bytes that never change, and live as long as somebody holds them: an envelope on its way through
/// the server. One allocation holds them and their count; a copy of the object costs none. Copies
/// may be used on different threads.
class SharedBytes {
 public:
  SharedBytes() = default;
  /// Copies what it is given.
  SharedBytes(ByteView bytes) : size_{bytes.size()} {
    if (bytes.empty()) return;
    auto made = std::make_shared_for_overwrite<std::uint8_t[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), made.get());
    bytes_ = std::move(made);
  }
  SharedBytes(const Bytes& bytes) : SharedBytes{ByteView{bytes}} {}

  ByteView view() const { return {bytes_.get(), size_}; }
  operator ByteView() const { return view(); }
  const std::uint8_t* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool operator==(const SharedBytes& other) const { return equal(view(), other.view()); }

 private:
  std::shared_ptr<const std::uint8_t[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace martlet
