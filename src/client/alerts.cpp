#include "client/alerts.h"

#include <fmt/format.h>

namespace martlet::client {

Result<void> add_alert(store::Vault& vault, std::string text, UnixMillis now) {
  store::EventRecord event;
  event.kind = store::EventKind::alert;
  event.at = now;
  event.text = std::move(text);
  TRY(vault.add_event(event));
  return {};
}

std::string identity_alert(std::string_view who, std::string_view what) {
  return fmt::format(
      "The server's answer about {} cannot be trusted: {}. Nothing is sent to them. Compare public "
      "codes with them in person, and tell the server's operator.",
      who, what);
}

std::string borrowed_handle_alert(std::string_view shown_as, std::string_view handle) {
  return fmt::format(
      "A sender calls itself {}, but that handle belongs to somebody else or to nobody. It is "
      "shown "
      "as {}.",
      handle, shown_as);
}

std::string unlisted_device_alert() {
  return "A message came from a device that is not in its sender's device list. It was not shown.";
}

std::string forged_content_alert() {
  return "A message was meant for another account or bears another sender's name inside. It was "
         "not shown.";
}

std::string own_chain_alert(std::string_view what) {
  return fmt::format(
      "The server's device list of your own account cannot be trusted: {}. It was not taken over. "
      "Compare public codes with your contacts, and tell the server's operator.",
      what);
}

std::string running_twice_alert() {
  return "This device's profile seems to run twice: another copy of it has been online. Each copy "
         "gets only part of your messages. Use one of them and delete the other; on another "
         "machine, link a device of its own. If you have just restored an old copy here, all is "
         "well, but what arrived since then is missing.";
}

std::string no_device_alert(std::string_view who) {
  return fmt::format("{} has no device that this version of martlet can write to. Update martlet.",
                     who);
}

}  // namespace martlet::client
