#pragma once

#include <map>
#include <string_view>

#include "base/random.h"
#include "client/self.h"

namespace martlet::client {

/// The address book: names for handles. What came with one card of a file is one contact with
/// several handles; what was added by hand is a contact each. Owned by the engine's thread.
class ContactBook {
 public:
  /// All outlive the object.
  ContactBook(store::Vault& vault, const Self& self, Random& random)
      : vault_{vault}, self_{self}, random_{random} {}

  /// Names a handle; if it belongs to an imported contact, all of that. Fails with usage.
  Answer<store::ContactRecord> add(const ContactAddRequest& request, UnixMillis now);
  /// Takes over all cards of a vCard file: each mail and number becomes a handle of its contact,
  /// and the file's names replace earlier ones. The same file again changes nothing. What cannot be
  /// used is skipped and told, and numbers without a country belong to the home region. Fails with
  /// usage (no vCard at all) or too_large.
  Answer<ContactImport> import(std::string_view file, UnixMillis now);

  /// Whom `name` may mean: exactly so named, else whatever the case, else by the beginning of the
  /// name (from kNamePrefixBytesMin bytes on), such as a first name. By name, then handle.
  Answer<std::vector<store::ContactRecord>> candidates(const std::string& name);
  /// The one handle that `name` means. Of a contact's several the one that was written to before.
  /// Fails with unknown_name or ambiguous_name: then candidates() has at least two.
  Answer<std::string> handle_of(const std::string& name);
  /// What we call the peers of our chats, by whatever handle we know them.
  Answer<std::map<AccountId, std::string>> names_of_peers();

  static constexpr std::size_t kNamePrefixBytesMin = 2;

 private:
  class Import;
  bool is_contact_name(const std::string& name) const;

  store::Vault& vault_;
  const Self& self_;
  Random& random_;
};

}  // namespace martlet::client
