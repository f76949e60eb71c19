#pragma once

#include <optional>

#include "wire/frames.h"

/// The frames that a message on its way consists of, read and written field by field, without
/// protobuf's copies in between. They are the same bytes.
namespace martlet::wire {

/// A Send, Accepted, Deliver or Acknowledge in the order and form in which every encoder writes
/// them, within all limits. Nothing: another frame, or one written in another way that is allowed,
/// or a wrong one; the full parser tells. An envelope's sealed bytes are copied once, into their
/// own allocation.
std::optional<Frame> parse_hot_frame(ByteView encoded);

/// What encode() makes of such a frame, appended to `out`.
void append_frame(Bytes& out, std::uint64_t request, const Accepted& accepted);
void append_frame(Bytes& out, std::uint64_t request, const Deliver& deliver);

}  // namespace martlet::wire
