// What the verbs of the command line decide by themselves.
#include "apps/martlet/verbs.h"

#include <gtest/gtest.h>

namespace martlet::cli {
namespace {

using store::MessageState;

TEST(HasCome, NeedsTheServersWordAndTheState) {
  struct Case {
    MessageState state;
    bool accepted;
    MessageState wanted;
    bool has_come;
  };
  const Case cases[] = {
      {MessageState::queued, false, MessageState::sent, false},
      {MessageState::failed, false, MessageState::sent, false},
      {MessageState::sent, true, MessageState::sent, true},
      {MessageState::sent, true, MessageState::delivered, false},
      {MessageState::delivered, true, MessageState::sent, true},
      {MessageState::read, true, MessageState::delivered, true},
      // The receipt of one device has overtaken the server's answer.
      {MessageState::delivered, false, MessageState::sent, false},
      {MessageState::read, false, MessageState::read, false},
  };
  for (const auto& c : cases) {
    client::Progress progress;
    progress.state = c.state;
    progress.accepted = c.accepted;
    EXPECT_EQ(has_come(progress, c.wanted), c.has_come)
        << static_cast<int>(c.state) << c.accepted << static_cast<int>(c.wanted);
  }
}

}  // namespace
}  // namespace martlet::cli
