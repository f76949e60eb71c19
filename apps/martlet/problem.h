#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/api.h"

namespace martlet::cli {

/// What goes to stderr when a verb fails: an ApiError, with what is known only at run time.
struct Problem {
  client::ErrorCode code;
  std::string message;  ///< one sentence, starts in lower case, no full stop
  std::string hint;     ///< what to do; may be empty
  std::optional<MessageId> message_id;
  std::vector<store::ContactRecord> candidates = {};  ///< of an ambiguous name
};

inline Problem problem_of(const client::ApiError& error) {
  return {error.code, error.message.text, error.hint.text, std::nullopt};
}

}  // namespace martlet::cli
