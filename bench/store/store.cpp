// What it costs to keep envelopes until they are acknowledged: append, one sync for so many, remove
// with the next sync. Both engines in one run, on the real disk, in turns.
#include <time.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/seeded_random.h"
#include "store/rocks/rocks_mailbox_store.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options {
  std::size_t items = 64'000;
  std::size_t a_sync = 64;
  std::size_t bytes = 1'024;
  std::size_t devices = 100;
  std::size_t waiting = 200'000;
  std::string data = fs::temp_directory_path().string();
};

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t disk_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator{folder}) bytes += entry.file_size();
  return bytes;
}

template <class T>
T must(Result<T> result) {
  CHECK(result.ok());
  return std::move(result).take();
}
void must(const Result<void>& result) { CHECK(result.ok()); }

class Envelopes {
 public:
  explicit Envelopes(const Options& options) : devices_(options.devices) {
    for (auto& device : devices_) device = random_.id<DeviceId>();
    Bytes sealed(options.bytes);
    random_.fill(sealed);
    item_.sealed = sealed;
    item_.expires = unix_millis(2'000'000'000'000);
    item_.suite = 1;
  }
  const store::MailboxItem& next() {
    item_.recipient = devices_[number_ % devices_.size()];
    item_.sender = devices_[(number_ * 7 + 1) % devices_.size()];
    item_.message = random_.id<MessageId>();
    ++number_;
    return item_;
  }

 private:
  SeededRandom random_{1};
  std::vector<DeviceId> devices_;
  store::MailboxItem item_;
  std::size_t number_ = 0;
};

template <class Store>
Json measure(const Options& options, const fs::path& folder) {
  auto store = must(Store::open(folder.string()));
  Envelopes envelopes{options};
  std::vector<std::pair<DeviceId, store::Sequence>> there;
  const auto cpu = cpu_seconds();
  const auto wall = wall_seconds();
  for (std::size_t done = 0; done < options.items; done += options.a_sync) {
    for (const auto& [device, sequence] : there) must(store->remove(device, sequence));
    there.clear();
    for (std::size_t i = 0; i < options.a_sync; ++i) {
      const auto& item = envelopes.next();
      there.emplace_back(item.recipient, must(store->append(item)));
    }
    must(store->sync());
  }
  const auto items = static_cast<double>(options.items);
  Json result{{"cpu_us_an_item", (cpu_seconds() - cpu) * 1e6 / items},
              {"items_a_second", items / (wall_seconds() - wall)}};
  for (const auto& [device, sequence] : there) must(store->remove(device, sequence));
  must(store->sync());
  must(store->scrub());
  result["disk_bytes_when_empty"] = disk_bytes(folder);

  const auto enqueue = wall_seconds();
  for (std::size_t i = 0; i < options.waiting; ++i) {
    must(store->append(envelopes.next()));
    if (i % 256 == 255) must(store->sync());
  }
  must(store->sync());
  result["enqueued_a_second"] = static_cast<double>(options.waiting) / (wall_seconds() - enqueue);
  result["disk_to_sealed_bytes"] = static_cast<double>(disk_bytes(folder)) /
                                   static_cast<double>(options.waiting * options.bytes);
  store.reset();
  const auto reopen = wall_seconds();
  store = must(Store::open(folder.string()));
  result["reopen_seconds"] = wall_seconds() - reopen;
  CHECK(store->total().items == options.waiting);
  return result;
}

int run(const Options& options) {
  std::string root = options.data + "/martlet-bench-store-XXXXXX";
  CHECK(mkdtemp(root.data()) != nullptr);
  Json result{{"benchmark", "store"},           {"items", options.items},
              {"items_a_sync", options.a_sync}, {"sealed_bytes", options.bytes},
              {"devices", options.devices},     {"waiting", options.waiting}};
  result["segments"] = measure<store::SegmentMailboxStore>(options, fs::path{root} / "segments");
  result["rocks"] = measure<store::RocksMailboxStore>(options, fs::path{root} / "rocks");
  result["rocks_to_segments_cpu"] = result["rocks"]["cpu_us_an_item"].get<double>() /
                                    result["segments"]["cpu_us_an_item"].get<double>();
  fs::remove_all(root);
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"What the mailbox engines cost, on the real disk. JSON on stdout."};
  app.add_option("--items", options.items, "appended and removed")
      ->check(CLI::Range(64, 100'000'000));
  app.add_option("--a-sync", options.a_sync, "appended before each sync")
      ->check(CLI::Range(1, 4'096));
  app.add_option("--bytes", options.bytes, "sealed bytes of each")->check(CLI::Range(0, 69'632));
  app.add_option("--devices", options.devices, "mailboxes")->check(CLI::Range(1, 1'000'000));
  app.add_option("--waiting", options.waiting, "how many wait for the second part")
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--data", options.data, "where the stores are made");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
