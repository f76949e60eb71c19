#include "gateways/sms_callback.h"

#include <array>
#include <optional>

#include "base/handle.h"
#include "base/utf8.h"
#include "gateways/gateway_limits.h"

namespace martlet::gateways {
namespace {

constexpr Error kMalformed{Failure::malformed, "not what a gateway says of an incoming SMS"};

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

Result<std::string> unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return kMalformed;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return kMalformed;
    out += static_cast<char>(*high << 4U | *low);
    i += 2;
  }
  return out;
}

struct Fields {
  std::optional<std::string> key, from, text;
  std::size_t count = 0;

  std::optional<std::string>* named(std::string_view name) {
    if (name == "key") return &key;
    if (name == "from") return &from;
    return name == "text" ? &text : nullptr;
  }

  Result<void> add_all(std::string_view form) {
    if (form.size() > limits::kCallbackBytesMax) return kMalformed;
    while (!form.empty()) {
      const auto field = form.substr(0, form.find('&'));
      form.remove_prefix(std::min(field.size() + 1, form.size()));
      if (field.empty()) continue;
      if (++count > limits::kCallbackFieldsMax) return kMalformed;
      const auto equals = std::min(field.find('='), field.size());
      auto* const wanted = named(TRY(unescaped(field.substr(0, equals))));
      auto value = TRY(unescaped(field.substr(std::min(equals + 1, field.size()))));
      if (wanted == nullptr) continue;
      if (wanted->has_value()) return kMalformed;  // which of them counts?
      *wanted = std::move(value);
    }
    return {};
  }
};

Result<Fields> read_fields(std::string_view target, std::string_view body) {
  Fields fields;
  const auto query = target.find('?');
  if (query != target.npos) TRY(fields.add_all(target.substr(query + 1)));
  TRY(fields.add_all(body));
  return fields;
}

}  // namespace

std::string sms_callback_key(std::string_view target, std::string_view body) {
  auto fields = read_fields(target, body);
  return fields.ok() ? std::move(fields).take().key.value_or("") : "";
}

Result<SmsCallback> parse_sms_callback(std::string_view target, std::string_view body) {
  auto fields = TRY(read_fields(target, body));
  if (!fields.key || !fields.from || !fields.text) return kMalformed;
  const auto from = Handle::parse(*fields.from);
  if (!from.ok() || !from.value().is_number() || from.value().text() != *fields.from) {
    return kMalformed;
  }
  if (fields.text->size() > limits::kIncomingTextBytesMax || !is_utf8(*fields.text)) {
    return kMalformed;
  }
  return SmsCallback{std::move(*fields.from), std::move(*fields.text)};
}

}  // namespace martlet::gateways
