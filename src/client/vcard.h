#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace martlet::client {

/// One card of an address book. Texts are UTF-8 as somebody else wrote them: not yet handles.
struct VcardContact {
  /// FN, else the parts of N, else ORG, else empty. No control characters; blanks are single; cut
  /// to kNameBytesMax at the end of a code point.
  std::string name;
  std::vector<std::string> mails;    ///< hold an `@`, no blanks; at most kHandleBytesMax bytes
  std::vector<std::string> numbers;  ///< as written, with a digit; at most kVcardNumberBytesMax
  std::size_t line = 0;              ///< where the card begins in the file, from 1
};

struct VcardSkipped {
  std::size_t line;  ///< where it begins in the file, from 1
  Literal reason;
};

struct VcardFile {
  std::vector<VcardContact> contacts;  ///< in the order of the file, each with a mail or a number
  std::vector<VcardSkipped> skipped;   ///< the first kVcardSkippedMax
  std::size_t skipped_count = 0;       ///< all of them
};

/// Reads an export of an address book: vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), CRLF or LF,
/// with or without a byte order mark. One bad line costs that line, a card without END that card.
/// Properties nobody here needs (PHOTO, ADR, X-...) are not reported as skipped.
/// Fails with `malformed` if there is no card at all, with `limit_reached` beyond
/// kVcardFileBytesMax or kVcardContactsMax.
Result<VcardFile> parse_vcards(std::string_view file);

}  // namespace martlet::client
