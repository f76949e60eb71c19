#include "apps/martlet/render_handles.h"

#include <map>

namespace martlet::cli {

const char* word_for(wire::HandleState state) {
  switch (state) {
    case wire::HandleState::confirmed:
      return "confirmed";
    case wire::HandleState::sending:
      return "sending";
    case wire::HandleState::retrying:
      return "retrying";
    case wire::HandleState::waiting:
      return "pending";
    case wire::HandleState::refused:
      return "refused";
    case wire::HandleState::given_up:
      return "given_up";
    case wire::HandleState::expired:
      return "expired";
    case wire::HandleState::spent:
      return "spent";
    case wire::HandleState::moved:
      return "moved";
  }
  return "unknown";
}

const char* word_for(wire::HandleMethod method) {
  switch (method) {
    case wire::HandleMethod::automatic:
      return "automatic";
    case wire::HandleMethod::mail_link:
      return "mail_link";
    case wire::HandleMethod::sms_code:
      return "sms_code";
    case wire::HandleMethod::inbound_sms:
      return "inbound_sms";
  }
  return "unknown";
}

std::pair<std::string, std::string> split_handle_event(std::string_view text) {
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos) return {std::string{text}, {}};
  return {std::string{text.substr(0, blank)}, std::string{text.substr(blank + 1)}};
}

std::string handle_event_text(std::string_view text) {
  static const std::map<std::string_view, const char*> kSentences{
      {"pending", " is being proven for your account"},
      {"confirmed", " is yours now: people reach you by it"},
      {"default", " is what others see of you from now on"},
      {"removed", " is no longer yours"},
      {"moved", " is no longer yours: another account has proven it"},
      {"retrying", " cannot be written to at the moment; the server goes on trying"},
      {"refused", " was refused by its mail server or gateway"},
      {"given_up", " could not be written to; the server has given up"},
      {"expired", " was not confirmed in time"},
      {"spent", " was not confirmed: too many wrong codes"},
  };
  const auto [what, handle] = split_handle_event(text);
  const auto sentence = kSentences.find(what);
  return handle + (sentence == kSentences.end() ? " has changed" : sentence->second);
}

}  // namespace martlet::cli
