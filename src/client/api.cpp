#include "client/api.h"

#include "base/check.h"
#include "client/errors.h"

namespace martlet::client {
namespace {

struct CodeInfo {
  const char* name;
  int exit_code;
};

CodeInfo info_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return {"usage", 2};
    case ErrorCode::region_needed:
      return {"region_needed", 2};
    case ErrorCode::not_enrolled:
      return {"not_enrolled", 3};
    case ErrorCode::already_enrolled:
      return {"already_enrolled", 2};
    case ErrorCode::profile_in_use:
      return {"profile_in_use", 3};
    case ErrorCode::profile_damaged:
      return {"profile_damaged", 70};
    case ErrorCode::disk:
      return {"disk", 70};
    case ErrorCode::network:
      return {"network", 4};
    case ErrorCode::wrong_fingerprint:
      return {"wrong_fingerprint", 6};
    case ErrorCode::rate_limited:
      return {"rate_limited", 5};
    case ErrorCode::identity:
      return {"identity", 6};
    case ErrorCode::unknown_handle:
      return {"unknown_handle", 7};
    case ErrorCode::unknown_chat:
      return {"unknown_chat", 7};
    case ErrorCode::unknown_message:
      return {"unknown_message", 7};
    case ErrorCode::ambiguous_name:
      return {"ambiguous_name", 2};
    case ErrorCode::unknown_name:
      return {"unknown_name", 7};
    case ErrorCode::invitation_unknown:
      return {"invitation_unknown", 8};
    case ErrorCode::invitation_used:
      return {"invitation_used", 8};
    case ErrorCode::invitation_expired:
      return {"invitation_expired", 8};
    case ErrorCode::handle_taken:
      return {"handle_taken", 8};
    case ErrorCode::handle_refused:
      return {"handle_refused", 8};
    case ErrorCode::refused:
      return {"refused", 8};
    case ErrorCode::outdated:
      return {"outdated", 8};
    case ErrorCode::too_large:
      return {"too_large", 2};
    case ErrorCode::timed_out:
      return {"timed_out", 9};
    case ErrorCode::device_revoked:
      return {"device_revoked", 3};
    case ErrorCode::unknown_device:
      return {"unknown_device", 7};
    case ErrorCode::unknown_words:
      return {"unknown_words", 7};
    case ErrorCode::account_suspended:
      return {"account_suspended", 8};
    case ErrorCode::account_erased:
      return {"account_erased", 3};
    case ErrorCode::peer_suspended:
      return {"peer_suspended", 8};
    case ErrorCode::invitation_needed:
      return {"invitation_needed", 8};
    case ErrorCode::handle_local:
      return {"handle_local", 8};
    case ErrorCode::handle_unsupported:
      return {"handle_unsupported", 8};
    case ErrorCode::handle_last:
      return {"handle_last", 8};
    case ErrorCode::handles_full:
      return {"handles_full", 8};
    case ErrorCode::code_wrong:
      return {"code_wrong", 8};
    case ErrorCode::proof_over:
      return {"proof_over", 8};
    case ErrorCode::bug:
      return {"bug", 70};
  }
  CHECK(false && "an error code without a name");
  return {"bug", 70};
}

}  // namespace

const char* name_of(ErrorCode code) { return info_of(code).name; }
int exit_code_of(ErrorCode code) { return info_of(code).exit_code; }

ApiError errors::of_vault(const Error& error) {
  switch (error.failure) {
    case Failure::unavailable:
    case Failure::limit_reached:
      return kDisk;
    case Failure::corrupt:
      return kDamaged;
    case Failure::in_use:
      return kInUse;
    default:
      return kBug;
  }
}

}  // namespace martlet::client
