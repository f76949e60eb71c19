#pragma once

#include <string>

#include "base/result.h"

namespace martlet::daemon {

/// Exit statuses, as --help lists them.
enum class Exit : int {
  ok = 0,
  usage = 2,        ///< wrong options or settings
  data_folder = 3,  ///< in use, damaged, or not one of ours
  network = 4,      ///< address in use or not ours; no server answers
  not_found = 7,    ///< nobody has this handle
  refused = 8,      ///< well asked, but the answer is no
  bug = 70,
};

/// What went wrong, for the operator who typed the command. May quote what he typed.
struct Complaint {
  Exit exit;
  std::string message;
  std::string hint = {};  ///< what to do about it
};

template <class T>
using Outcome = Result<T, Complaint>;

}  // namespace martlet::daemon
