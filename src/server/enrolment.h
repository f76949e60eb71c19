#pragma once

#include "base/random.h"
#include "server/messages.h"
#include "store/directory_store.h"

/// Invitations: the operator hands them out, newcomers enrol with them (spec/wire.md section 3).
namespace martlet::server {

/// Stores a new invitation; its token is known to whoever gets this answer and to nobody else.
/// Refuses with malformed (no handle, uses or lifetime out of bounds, several uses of one handle),
/// handle_taken or unavailable.
Result<Invited, wire::RefusalCode> invite(store::DirectoryStore& directory, Random& random,
                                          const Invite& request, UnixMillis now);

struct EnrolmentRules {
  std::string domain;  ///< where local names are
  bool open = false;   ///< without an invitation anybody may have a local name that is free
};

/// Lets an account in, durably. The same account with the same token gets the same answer again,
/// also when the invitation has expired or is used up meanwhile; so does one that came in without
/// (an empty token).
Result<wire::Enrolled, wire::RefusalCode> enrol(store::DirectoryStore& directory,
                                                const EnrolmentRules& rules,
                                                const wire::Enrol& request, UnixMillis now);

}  // namespace martlet::server
