#pragma once

namespace martlet {

/// Prints `file:line: CHECK failed: text` to stderr and aborts. Never called for bad input.
[[noreturn]] void check_failed(const char* file, int line, const char* text) noexcept;

}  // namespace martlet

/// Guards what only our own bug can break, in every build. Never judges input.
#define CHECK(condition) \
  ((condition) ? (void)0 : ::martlet::check_failed(__FILE__, __LINE__, #condition))
