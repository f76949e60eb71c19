#pragma once

#include "line.h"
#include "server/test_device.h"
#include "wire/frames.h"

/// The frames of martlet/1 on a line, while it is blocking.
namespace martlet::bench {

inline constexpr std::size_t kLengthBytes = 4;
std::size_t length_in(ByteView prefix);  ///< of kLengthBytes
Bytes with_length(ByteView frame);
wire::Frame parsed_frame(ByteView bytes);  ///< what is no frame ends the benchmark

void send_frame(Line& line, const wire::Frame& frame);
wire::Frame receive_frame(Line& line);
void log_in(Line& line, const server::TestDevice& device);

}  // namespace martlet::bench
