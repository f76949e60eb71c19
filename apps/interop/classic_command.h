#pragma once

#include <string>

namespace martlet::interop {

/// What the process answers with. Scripts of other implementations rely on it.
enum class Exit {
  ok = 0,
  output = 1,       ///< standard output did not take the result
  usage = 2,        ///< a wrong option, a key file that is none, or input that cannot be sealed
  framing = 10,     ///< not an envelope: length, version, signature not in strict DER
  signature = 11,   ///< not signed by the sender
  oaep = 12,        ///< not encrypted for this receiver, or a wrong length inside
  tag = 13,         ///< the tag does not fit plaintext, sender and receiver
  older_form = 14,  ///< the form without a tag, of before 2016
};

/// Paths of PEM files. Where a public key is asked for, a private one does too.
struct IdentityFiles {
  std::string ec;
  std::string rsa;
};

/// Prints the 249-byte directory encoding as hex, then H(id) as hex, a line each.
Exit print_identity(const IdentityFiles& identity);

/// Plaintext on standard input, envelope on standard output. `sender.ec` must be private.
Exit seal_stdin(const IdentityFiles& sender, const IdentityFiles& receiver);

/// Envelope on standard input, plaintext on standard output. `receiver.rsa` must be private. Writes
/// nothing to standard output when it refuses.
Exit open_stdin(const IdentityFiles& receiver, const IdentityFiles& sender);

}  // namespace martlet::interop
