#include "client/vcard.h"

#include <algorithm>

#include "base/limits.h"
#include "client/vcard_lines.h"

namespace martlet::client {
namespace {

using vcard::Property;

constexpr std::string_view kDigits = "0123456789";

/// Splits at each `separator` that no backslash escapes, and takes the escapes off. An unknown
/// escape stays as it is: vCard 2.1 has none but `\;`.
std::vector<std::string> split_escaped(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\\' && (next == 'n' || next == 'N')) {
      parts.back() += '\n';
      ++i;
    } else if (c == '\\' && next != '\0' &&
               std::string_view{"\\,;:"}.find(next) != std::string::npos) {
      parts.back() += next;
      ++i;
    } else if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Control characters and runs of blanks become one blank, none at the ends.
std::string tidy(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte != 0x7f) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string cut_name(std::string name) {
  if (name.size() <= limits::kNameBytesMax) return name;
  std::size_t end = limits::kNameBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  name.resize(end);
  return name;
}

/// Given, additional, family: the order a person is called by, without titles.
std::string name_of_parts(std::string_view n) {
  auto parts = split_escaped(n, ';');
  parts.resize(3);
  return tidy(parts[1] + " " + parts[2] + " " + parts[0]);
}

class Reader {
 public:
  Result<VcardFile> read(std::string_view text) {
    vcard::Lines lines{text};
    while (const auto line = lines.next()) {
      const auto property = vcard::parse_property(*line);
      if (!property.ok()) {
        skip(line->number, property.error().reason);
      } else if (vcard::is_keyword(property.value(), "BEGIN", "VCARD")) {
        begin(line->number);
      } else if (vcard::is_keyword(property.value(), "END", "VCARD")) {
        end(line->number);
      } else if (!in_card_) {
        skip(line->number, "outside a card");
      } else if (agents_ == 0) {
        take(property.value(), line->number);
      }
      if (file_.contacts.size() > limits::kVcardContactsMax) {
        return Error{Failure::limit_reached, "more cards than an address book may hold"};
      }
    }
    if (in_card_) skip(began_, "a card without END");
    if (!any_card_) return Error{Failure::malformed, "no vCard in it"};
    return std::move(file_);
  }

 private:
  void skip(std::size_t line, Literal reason) {
    ++file_.skipped_count;
    if (file_.skipped.size() < limits::kVcardSkippedMax) file_.skipped.push_back({line, reason});
  }

  void begin(std::size_t line) {
    any_card_ = true;
    if (agent_next_ || agents_ > 0) {  // vCard 2.1 puts an assistant's whole card inside
      agent_next_ = false;
      ++agents_;
      return;
    }
    if (in_card_) skip(began_, "a card without END");
    in_card_ = true;
    began_ = line;
    card_ = {};
    card_.line = line;
    parts_name_.clear();
    organization_.clear();
  }

  void end(std::size_t line) {
    agent_next_ = false;
    if (!in_card_) return skip(line, "END without a card");
    if (agents_ > 0) {
      --agents_;
      return;
    }
    in_card_ = false;
    if (card_.mails.empty() && card_.numbers.empty()) {
      return skip(began_, "a card with neither mail nor number");
    }
    if (card_.name.empty()) card_.name = parts_name_.empty() ? organization_ : parts_name_;
    card_.name = cut_name(std::move(card_.name));
    file_.contacts.push_back(std::move(card_));
  }

  void take(const Property& property, std::size_t line) {
    const auto& name = property.name;
    agent_next_ = name == "AGENT" && property.value.empty();
    if (name != "FN" && name != "N" && name != "ORG" && name != "EMAIL" && name != "TEL") return;
    const auto value = vcard::text_value(property);
    if (!value.ok()) return skip(line, value.error().reason);
    if (name == "FN") {
      if (card_.name.empty()) card_.name = tidy(split_escaped(value.value(), '\0').front());
    } else if (name == "N") {
      if (parts_name_.empty()) parts_name_ = name_of_parts(value.value());
    } else if (name == "ORG") {
      if (organization_.empty()) organization_ = tidy(split_escaped(value.value(), ';').front());
    } else if (name == "EMAIL") {
      take_mail(value.value(), line);
    } else {
      take_number(value.value(), line);
    }
  }

  void take_mail(std::string_view value, std::size_t line) {
    const auto mail = tidy(split_escaped(vcard::without_scheme(value, "mailto:"), '\0').front());
    if (mail.empty()) return;  // phones export empty fields
    if (mail.find('@') == std::string::npos || mail.find(' ') != std::string::npos) {
      return skip(line, "not a mail address");
    }
    if (mail.size() > limits::kHandleBytesMax) return skip(line, "a mail address too long");
    add(card_.mails, mail, line);
  }

  void take_number(std::string_view value, std::size_t line) {
    const auto bare = vcard::without_scheme(value, "tel:");
    const auto parts = split_escaped(bare, bare.size() < value.size() ? ';' : '\0');
    for (const auto& part : parts) {  // RFC 3966
      if (part.starts_with("phone-context=")) return skip(line, "a number of a private network");
    }
    const auto number = tidy(parts.front());
    if (number.empty()) return;
    if (number.find_first_of(kDigits) == std::string::npos) return skip(line, "not a number");
    if (number.size() > limits::kVcardNumberBytesMax) return skip(line, "a number too long");
    add(card_.numbers, number, line);
  }

  void add(std::vector<std::string>& list, const std::string& text, std::size_t line) {
    if (std::find(list.begin(), list.end(), text) != list.end()) return;
    if (list.size() == limits::kVcardAddressesMax) return skip(line, "too many in one card");
    list.push_back(text);
  }

  VcardFile file_;
  VcardContact card_;
  std::string parts_name_;
  std::string organization_;
  std::size_t began_ = 0;
  std::size_t agents_ = 0;
  bool in_card_ = false;
  bool any_card_ = false;
  bool agent_next_ = false;
};

}  // namespace

Result<VcardFile> parse_vcards(std::string_view file) {
  if (file.size() > limits::kVcardFileBytesMax) {
    return Error{Failure::limit_reached, "an address book too large"};
  }
  return Reader{}.read(file);
}

}  // namespace martlet::client
