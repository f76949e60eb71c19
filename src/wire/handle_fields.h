#pragma once

#include "base/result.h"
#include "frames.pb.h"
#include "wire/handle_frames.h"

/// The part of wire/frames.cpp that is about handles. For the sources of wire/ alone.
namespace martlet::wire {

void put(pb::Frame& out, const HandleAdd& in);
void put(pb::Frame& out, const HandleAdded& in);
void put(pb::Frame& out, const HandleConfirm& in);
void put(pb::Frame& out, const HandleRemove& in);
void put(pb::Frame& out, const HandleDefault& in);
void put(pb::Frame& out, const HandleList& in);
void put(pb::Frame& out, const Handles& in);

/// `limit_reached` beyond kHandleBytesMax. What it says is whoever uses it to check.
Result<std::string> take_handle(const std::string& handle);

Result<HandleAdd> take_handle_add(const pb::HandleAdd& in);
Result<HandleAdded> take_handle_added(const pb::HandleAdded& in);
Result<HandleConfirm> take_handle_confirm(const pb::HandleConfirm& in);
Result<Handles> take_handles(const pb::Handles& in);

}  // namespace martlet::wire
