// The section [store]: how what waits is kept.
#include <charconv>

#include "apps/martletd/config_setters.h"

namespace martlet::daemon {
namespace {

struct DiskUnit {
  const char* name;
  std::uint64_t bytes;
};
constexpr DiskUnit kDiskUnits[] = {
    {"TB", 1'000'000'000'000}, {"GB", 1'000'000'000}, {"MB", 1'000'000}};

bool set_engine(const std::string& text, Config& config) {
  using Engine = StoreSettings::Engine;
  for (const auto engine : {Engine::segments, Engine::rocks}) {
    if (text != name_of(engine)) continue;
    config.store.mailboxes = engine;
    return true;
  }
  return false;
}

}  // namespace

const char* name_of(StoreSettings::Engine engine) {
  return engine == StoreSettings::Engine::rocks ? "rocks" : "segments";
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t count = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{}) return std::nullopt;
  for (const auto& [name, bytes] : kDiskUnits) {
    if (std::string_view{at, static_cast<std::size_t>(end - at)} != name) continue;
    if (count > ~std::uint64_t{0} / bytes) return std::nullopt;
    return count * bytes;
  }
  return std::nullopt;
}

std::string bytes_text(std::uint64_t bytes) {
  for (const auto& [name, unit] : kDiskUnits) {
    if (bytes > 0 && bytes % unit == 0) return std::to_string(bytes / unit) + name;
  }
  return "";
}

Setters store_setters() {
  return {
      {"store.mailboxes", text_setter<std::string>("\"segments\" or \"rocks\"", set_engine)},
      {"store.disk_max",
       text_setter<std::string>("a size such as \"20GB\": MB, GB or TB, at least 64MB",
                                [](const std::string& text, Config& config) {
                                  const auto bytes = parse_bytes(text);
                                  config.store.disk_bytes_max = bytes.value_or(0);
                                  return bytes && *bytes >= kDiskBytesLeast;
                                })},
      {"store.accept_damage", text_setter<bool>("true or false", [](bool value, Config& config) {
         config.store.accept_damage = value;
         return true;
       })}};
}

Outcome<void> check_store(const std::filesystem::path& file, const Config& config) {
  if (config.store.mailboxes == StoreSettings::Engine::rocks && config.store.disk_bytes_max > 0) {
    return Complaint{Exit::usage,
                     file.string() + ": `store.disk_max` needs `store.mailboxes` = \"segments\"",
                     "the other engine knows no ceiling"};
  }
  return {};
}

std::string first_store_config() {
  return "\n"
         "# [store]                          # default: what waits may take all of the disk\n"
         "# disk_max = \"20GB\"              # beyond it messages are refused for later\n";
}

}  // namespace martlet::daemon
