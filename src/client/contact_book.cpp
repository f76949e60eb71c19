#include "client/contact_book.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "client/errors.h"
#include "client/names.h"
#include "client/typed_handle.h"
#include "client/vcard.h"

namespace martlet::client {
namespace {

using store::ContactRecord;

enum class Match : std::uint8_t { none, beginning, any_case, exact };

Match match(const std::string& name, const std::string& typed, const std::string& folded_typed) {
  if (name == typed) return Match::exact;
  const auto folded_name = folded(name);
  if (folded_name == folded_typed) return Match::any_case;
  const bool is_enough = folded_typed.size() >= ContactBook::kNamePrefixBytesMin;
  return is_enough && folded_name.starts_with(folded_typed) ? Match::beginning : Match::none;
}

bool is_one_contact(const std::vector<ContactRecord>& records) {
  const auto person = records.front().person;
  return records.size() == 1 ||
         (person != 0 && std::ranges::all_of(
                             records, [&](const auto& record) { return record.person == person; }));
}

}  // namespace

bool ContactBook::is_contact_name(const std::string& name) const {
  return !name.empty() && is_name(name) && name.find('@') == std::string::npos &&
         !parse_typed_handle(name, home_region(self_)).ok();
}

Answer<ContactRecord> ContactBook::add(const ContactAddRequest& request, UnixMillis now) {
  const auto handle = TRY(parse_typed_handle(request.handle, home_region(self_)));
  if (!is_contact_name(request.name)) return errors::kBadName;
  ContactRecord contact{request.name, handle.text(), now};
  const auto before = TRY(from_vault(vault_.contact_of_handle(handle.text())));
  if (before) contact.person = before->person;
  TRY(from_vault(vault_.transact([&]() -> Result<void> {
    TRY(vault_.put_contact(contact));
    if (contact.person == 0) return {};
    for (auto& other : TRY(vault_.contacts())) {
      if (other.person != contact.person || other.handle == contact.handle) continue;
      other.name = contact.name;
      TRY(vault_.put_contact(other));
    }
    return {};
  })));
  return contact;
}

/// One import: compares each card with what is there, and collects what to write.
class ContactBook::Import {
 public:
  Import(ContactBook& book, const std::vector<ContactRecord>& present, UnixMillis now)
      : book_{book}, region_{home_region(book.self_)}, now_{now} {
    for (const auto& record : present) present_.emplace(record.handle, record);
  }

  void take(const VcardContact& card) {
    ++result.cards;
    const auto handles = handles_of(card);
    if (handles.empty()) return;
    if (!book_.is_contact_name(card.name)) {
      return skip(card, handles.front(), "a card without a name that can be used");
    }
    const auto person = person_of(handles);
    for (const auto& handle : handles) put(card, handle, person);
  }

  std::vector<ContactRecord> changed;
  ContactImport result;

 private:
  std::vector<std::string> handles_of(const VcardContact& card) {
    std::vector<std::string> handles;
    auto typed = card.mails;
    typed.insert(typed.end(), card.numbers.begin(), card.numbers.end());
    for (const auto& text : typed) {
      const auto handle = parse_typed_handle(text, region_);
      if (!handle.ok()) {
        if (handle.error().code == ErrorCode::region_needed) ++result.without_country;
        skip(card, text, handle.error().message);
        continue;
      }
      const auto& own = handle.value().text();
      if (own == book_.self_.profile.handle) {
        skip(card, text, "your own handle");
      } else if (std::ranges::find(handles, own) == handles.end()) {
        handles.push_back(own);
      }
    }
    return handles;
  }

  /// The same as at an earlier import of the card.
  std::uint64_t person_of(const std::vector<std::string>& handles) {
    for (const auto& handle : handles) {
      const auto known = present_.find(handle);
      if (known != present_.end() && known->second.person != 0 && !taken_.contains(handle)) {
        return known->second.person;
      }
    }
    return 1 + book_.random_.below(0x7fff'ffff'ffff'fffe);
  }

  void put(const VcardContact& card, const std::string& handle, std::uint64_t person) {
    if (!taken_.insert(handle).second) {
      return skip(card, handle, "another card of the file has it, too");
    }
    const auto known = present_.find(handle);
    if (known == present_.end()) {
      ++result.added;
    } else if (known->second.name != card.name) {
      ++result.renamed;
    } else {
      ++result.unchanged;
      if (known->second.person == person) return;
    }
    const auto since = known == present_.end() ? now_ : known->second.added;
    changed.push_back({card.name, handle, since, person});
  }

  void skip(const VcardContact& card, const std::string& value, Literal reason) {
    ++result.skipped;
    if (result.skips.size() < limits::kVcardSkippedMax) {
      result.skips.push_back({card.line, card.name, value, reason});
    }
  }

  ContactBook& book_;
  const std::string region_;
  const UnixMillis now_;
  std::map<std::string, ContactRecord> present_;
  std::set<std::string> taken_;  ///< by a card of this file
};

Answer<ContactImport> ContactBook::import(std::string_view file, UnixMillis now) {
  const auto parsed = parse_vcards(file);
  if (!parsed.ok()) {
    return parsed.error().failure == Failure::limit_reached ? errors::kAddressBookTooLarge
                                                            : errors::kNoAddressBook;
  }
  const auto present = TRY(from_vault(vault_.contacts()));
  Import work{*this, present, now};
  for (const auto& skipped : parsed.value().skipped) {
    work.result.skips.push_back({skipped.line, {}, {}, skipped.reason});
  }
  work.result.skipped = parsed.value().skipped_count;
  for (const auto& card : parsed.value().contacts) work.take(card);
  if (!work.changed.empty()) {
    TRY(from_vault(vault_.transact([&]() -> Result<void> {
      for (const auto& contact : work.changed) TRY(vault_.put_contact(contact));
      return {};
    })));
  }
  return std::move(work.result);
}

Answer<std::vector<ContactRecord>> ContactBook::candidates(const std::string& name) {
  std::vector<ContactRecord> best;
  auto level = Match::none;
  const auto folded_name = folded(name);
  for (auto& contact : TRY(from_vault(vault_.contacts()))) {
    const auto found = match(contact.name, name, folded_name);
    if (found == Match::none || found < level) continue;
    if (found > level) best.clear();
    level = found;
    best.push_back(std::move(contact));
  }
  return best;
}

Answer<std::string> ContactBook::handle_of(const std::string& name) {
  const auto found = TRY(candidates(name));
  if (found.empty()) return errors::kUnknownName;
  if (found.size() == 1) return found.front().handle;
  if (!is_one_contact(found)) return errors::kAmbiguousName;
  std::string written_to;
  std::set<AccountId> accounts;
  for (const auto& contact : found) {
    const auto known = TRY(from_vault(vault_.handle(contact.handle)));
    if (!known) continue;
    accounts.insert(known->account);
    if (written_to.empty()) written_to = contact.handle;
  }
  if (accounts.size() != 1) return errors::kAmbiguousName;
  return written_to;
}

Answer<std::map<AccountId, std::string>> ContactBook::names_of_peers() {
  std::map<AccountId, std::string> names;
  for (const auto& chat : TRY(from_vault(vault_.chats()))) {
    for (const auto& known : TRY(from_vault(vault_.handles_of(chat.peer)))) {
      const auto contact = TRY(from_vault(vault_.contact_of_handle(known.handle)));
      if (contact) names.emplace(chat.peer, contact->name);
    }
  }
  return names;
}

}  // namespace martlet::client
