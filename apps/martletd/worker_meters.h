#pragma once

#include "base/meter.h"

namespace martlet::daemon {

/// What the office's worker counts. Written by its thread, read by any.
struct WorkerMeters {
  Meter queued;            ///< requests that wait for the office, as of its last turn
  SizeHistogram requests;  ///< that one turn of the office served
};

}  // namespace martlet::daemon
