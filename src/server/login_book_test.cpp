#include "server/login_book.h"

#include <gtest/gtest.h>

namespace martlet::server {
namespace {

using MarkBytes = std::array<std::uint8_t, 16>;
const DeviceId kDevice{{1}};

wire::LoginMark login(std::uint64_t number, std::uint8_t mark) { return {number, MarkBytes{mark}}; }

TEST(LoginBook, ALoginContinuesTheLastOneOrIsRefused) {
  struct Case {
    const char* name;
    wire::LoginMark login;
    std::uint8_t previous;
    bool is_taken;
  };
  const Case kCases[] = {
      {"the next", login(6, 60), 50, true},
      {"the same again: its answer was lost", login(5, 50), 40, true},
      {"the same number with another mark", login(5, 51), 40, false},
      {"the next of another line", login(6, 60), 51, false},
      {"an older one", login(4, 40), 30, false},
      {"a much older one that was never here", login(1, 77), 0, false},
      {"beyond the next: the server knows less than it did", login(9, 90), 80, true},
      {"no mark: an older client", {}, 0, true},
  };
  for (const auto& [name, next, previous, is_taken] : kCases) {
    SCOPED_TRACE(name);
    LoginBook book;
    ASSERT_FALSE(book.note(kDevice, login(5, 50), MarkBytes{40}));
    const auto conflict = book.note(kDevice, next, MarkBytes{previous});
    EXPECT_EQ(conflict.has_value(), !is_taken);
    if (!conflict) continue;
    EXPECT_EQ(*conflict, login(5, 50));
    // Who was refused changed nothing; who goes on from the last login is let in.
    EXPECT_FALSE(book.note(kDevice, login(6, 99), MarkBytes{50}));
  }
}

TEST(LoginBook, DevicesDoNotMeet) {
  LoginBook book;
  EXPECT_FALSE(book.note(kDevice, login(5, 50), MarkBytes{}));
  EXPECT_FALSE(book.note(DeviceId{{2}}, login(1, 1), MarkBytes{}));
  EXPECT_FALSE(book.note(kDevice, login(6, 60), MarkBytes{50}));
}

}  // namespace
}  // namespace martlet::server
