#include "wire/handle_frames.h"

#include "base/limits.h"
#include "wire/fields.h"
#include "wire/handle_fields.h"

namespace martlet::wire {
namespace {

void put_row(pb::HandleRow& out, const HandleRow& in) {
  out.set_handle(in.handle);
  out.set_state(static_cast<std::uint32_t>(in.state));
  out.set_method(static_cast<std::uint32_t>(in.method));
  out.set_expires_ms(time_field(in.expires));
  out.set_retry_at_ms(time_field(in.retry_at));
  out.set_tries_left(in.tries_left);
}

Result<HandleRow> take_row(const pb::HandleRow& in) {
  HandleRow out;
  out.handle = TRY(take_handle(in.handle()));
  out.state = static_cast<HandleState>(in.state());
  out.method = static_cast<HandleMethod>(in.method());
  out.expires = TRY(take_time(in.expires_ms()));
  out.retry_at = TRY(take_time(in.retry_at_ms()));
  out.tries_left = in.tries_left();
  return out;
}

Result<std::string> take_code(const std::string& code) {
  if (code.size() > kProofCodeBytesMax) return Error{Failure::limit_reached, "a code too long"};
  return code;
}

}  // namespace

void put(pb::Frame& out, const HandleAdd& in) {
  auto& pb = *out.mutable_handle_add();
  pb.set_handle(in.handle);
  pb.set_method(static_cast<std::uint32_t>(in.method));
}
void put(pb::Frame& out, const HandleAdded& in) {
  auto& pb = *out.mutable_handle_added();
  put_row(*pb.mutable_row(), in.row);
  pb.set_text(in.text);
  pb.set_number(in.number);
}
void put(pb::Frame& out, const HandleConfirm& in) {
  auto& pb = *out.mutable_handle_confirm();
  pb.set_handle(in.handle);
  pb.set_code(in.code);
}
void put(pb::Frame& out, const HandleRemove& in) {
  out.mutable_handle_remove()->set_handle(in.handle);
}
void put(pb::Frame& out, const HandleDefault& in) {
  out.mutable_handle_default()->set_handle(in.handle);
}
void put(pb::Frame& out, const HandleList&) { out.mutable_handle_list(); }
void put(pb::Frame& out, const Handles& in) {
  auto& pb = *out.mutable_handles();
  for (const auto& row : in.rows) put_row(*pb.add_rows(), row);
}

Result<std::string> take_handle(const std::string& handle) {
  if (handle.size() > limits::kHandleBytesMax)
    return Error{Failure::limit_reached, "a handle too long"};
  return handle;
}

Result<HandleAdd> take_handle_add(const pb::HandleAdd& in) {
  HandleAdd out;
  out.handle = TRY(take_handle(in.handle()));
  out.method = static_cast<HandleMethod>(in.method());
  return out;
}
Result<HandleAdded> take_handle_added(const pb::HandleAdded& in) {
  HandleAdded out;
  out.row = TRY(take_row(in.row()));
  out.text = TRY(take_code(in.text()));
  out.number = TRY(take_code(in.number()));
  return out;
}
Result<HandleConfirm> take_handle_confirm(const pb::HandleConfirm& in) {
  HandleConfirm out;
  out.handle = TRY(take_handle(in.handle()));
  out.code = TRY(take_code(in.code()));
  return out;
}
Result<Handles> take_handles(const pb::Handles& in) {
  if (static_cast<std::size_t>(in.rows_size()) > kHandleRowsMax)
    return Error{Failure::limit_reached, "too many handles"};
  Handles out;
  for (const auto& row : in.rows()) out.rows.push_back(TRY(take_row(row)));
  return out;
}

}  // namespace martlet::wire
