#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace martlet {

void check_failed(const char* file, int line, const char* text) noexcept {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, text);
  std::abort();
}

}  // namespace martlet
