#pragma once

#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace martlet::daemon {

/// A mail with a link that proves an address (spec/handles.md section 4). All of it is ASCII
/// without control characters: handles, domains and base64url are.
struct ProofMail {
  std::string from;      ///< address
  std::string to;        ///< address
  std::string server;    ///< what the server is called
  std::string asked_by;  ///< the account's default handle; empty: it has none yet
  std::string link;      ///< secret until it is used
};

/// The whole message (RFC 5322, multipart/alternative with a text and an HTML part), lines ended by
/// CRLF. `unique` makes its Message-ID and boundary; at least 16 random bytes.
std::string message_of(const ProofMail& mail, ByteView unique, UnixMillis now);

/// `Tue, 24 Nov 2026 13:53:30 +0000` (RFC 5322 section 3.3).
std::string mail_date(UnixMillis time);

/// With the five characters that mean something in HTML written as references.
std::string escape_html(std::string_view text);

}  // namespace martlet::daemon
