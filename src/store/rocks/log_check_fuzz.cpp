#include "base/check.h"
#include "store/rocks/log_check.h"

/// No file crashes the judge, and a whole one stays whole or is torn when it is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const ByteView log{data, size};
  if (store::judge_log(log) == store::LogState::whole && size > 0) {
    CHECK(store::judge_log(log.first(size - 1)) != store::LogState::damaged);
  }
  return 0;
}
