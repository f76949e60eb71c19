#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"

namespace martlet {

/// What the caller can do about it, not what went wrong inside.
enum class Failure : std::uint8_t {
  malformed,      ///< not what it claims to be: drop it
  forged,         ///< a tag or signature did not verify: drop it, explain nothing
  not_found,      ///< no such thing: a normal answer
  refused,        ///< well formed, but not allowed: do not repeat it
  limit_reached,  ///< too long, too many or too soon: send less, or later
  unavailable,    ///< a disk or peer did not answer: retry with back-off
  in_use,         ///< another process holds it: say so and stop
  corrupt,        ///< our own stored bytes are wrong: stop, tell the operator
};

/// A text known at compile time, so no error can carry a key or a message.
struct Literal {
  consteval Literal(const char* literal) : text{literal} {}
  const char* text;
};

struct Error {
  Failure failure;
  Literal reason;
};

/// A value or an error. Dropping one is a compile error; reading the wrong side aborts.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  Result(E error) : state_{std::in_place_index<1>, std::move(error)} {}
  bool ok() const { return state_.index() == 0; }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T value() && { return std::move(*this).take(); }  ///< by value: safe in a range-for
  T take() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const E& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(E error) : error_{std::move(error)} {}
  bool ok() const { return !error_.has_value(); }
  void take() && { CHECK(ok()); }
  const E& error() const {
    CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace martlet

/// `auto x = TRY(f());` gives the value, or returns the error from this function. May be nested.
/// In a braced or an argument list it comes before whatever owns memory: a return from the middle
/// of one destroys nothing of what the list has made so far.
#define TRY(expression) TRY_NAMED(expression, TRY_JOIN(try_result_, __COUNTER__))
#define TRY_JOIN(a, b) TRY_JOIN_EXPANDED(a, b)
#define TRY_JOIN_EXPANDED(a, b) a##b
#define TRY_NAMED(expression, name)      \
  __extension__({                        \
    auto name = (expression);            \
    if (!name.ok()) return name.error(); \
    std::move(name).take();              \
  })
