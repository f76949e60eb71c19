#include "apps/martletd/stores.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "store/rocks/rocks_mailbox_store.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;
using Engine = StoreSettings::Engine;

DeviceId device(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = number;
  return DeviceId{bytes};
}

store::MailboxItem item(std::uint8_t to, std::uint8_t number) {
  store::MailboxItem made;
  made.recipient = device(to);
  made.sender = device(99);
  std::array<std::uint8_t, 16> message{};
  message[0] = number;
  made.message = MessageId{message};
  made.expires = unix_millis(1'000'000 + number);
  made.sealed = Bytes(100, number);
  return made;
}

class StoresTest : public ::testing::Test {
 protected:
  ~StoresTest() override { fs::remove_all(root_); }
  Outcome<Stores> open(Engine engine, bool accept_damage = false) {
    StoreSettings settings;
    settings.mailboxes = engine;
    settings.accept_damage = accept_damage;
    return Stores::open(folder_, settings);
  }
  static void fill(store::MailboxStore& mailboxes, std::uint8_t first, std::uint8_t count) {
    for (auto i = first; i < first + count; ++i) {
      ASSERT_TRUE(mailboxes.append(item(static_cast<std::uint8_t>(i % 3), i)).ok());
    }
    ASSERT_TRUE(mailboxes.sync().ok());
  }
  /// The numbers of what waits, mailbox by mailbox, in order.
  static std::vector<std::vector<int>> numbers(store::MailboxStore& mailboxes) {
    std::vector<std::vector<int>> all;
    for (std::uint8_t to = 0; to < 3; ++to) {
      auto& mine = all.emplace_back();
      const auto items = mailboxes.read(device(to), 0, 1'000, 1'000'000);
      EXPECT_TRUE(items.ok());
      if (!items.ok()) continue;
      for (const auto& waiting : items.value()) {
        mine.push_back(waiting.item.sealed.view()[0]);
        EXPECT_EQ(waiting.item.expires, unix_millis(1'000'000 + mine.back()));
      }
    }
    return all;
  }

  const fs::path root_ =
      fs::temp_directory_path() / ("martlet-stores-" + std::to_string(::getpid()));
  DataFolder folder_ = DataFolder::open_or_create(root_).take();
  const std::vector<std::vector<int>> kNine{{0, 3, 6}, {1, 4, 7}, {2, 5, 8}};
};

TEST_F(StoresTest, WhatWaitsMovesToTheOtherEngineAndBack) {
  {
    const auto stores = open(Engine::rocks);
    ASSERT_TRUE(stores.ok()) << stores.error().message;
    fill(*stores.value().mailboxes, 0, 9);
  }
  for (const auto engine : {Engine::segments, Engine::segments, Engine::rocks, Engine::segments}) {
    SCOPED_TRACE(name_of(engine));
    const auto stores = open(engine);
    ASSERT_TRUE(stores.ok()) << stores.error().message;
    EXPECT_EQ(numbers(*stores.value().mailboxes), kNine);
    EXPECT_EQ(fs::exists(folder_.rocks_mailboxes()), engine == Engine::rocks);
    EXPECT_EQ(fs::exists(folder_.segment_mailboxes()), engine == Engine::segments);
  }
  EXPECT_FALSE(fs::exists(folder_.rocks_mailboxes().string() + ".moved"));
}

TEST_F(StoresTest, AMoveThatAKillBrokeOffIsFinished) {
  {
    auto rocks = store::RocksMailboxStore::open(folder_.rocks_mailboxes().string()).take();
    fill(*rocks, 0, 9);
    auto segments = store::SegmentMailboxStore::open(folder_.segment_mailboxes().string()).take();
    fill(*segments, 0, 4);  // so far it came
  }
  fs::create_directories(folder_.rocks_mailboxes().string() + ".moved");
  const auto stores = open(Engine::segments);
  ASSERT_TRUE(stores.ok()) << stores.error().message;
  EXPECT_EQ(numbers(*stores.value().mailboxes), kNine);
  EXPECT_FALSE(fs::exists(folder_.rocks_mailboxes()));
  EXPECT_FALSE(fs::exists(folder_.rocks_mailboxes().string() + ".moved"));
}

TEST_F(StoresTest, ADamagedFileIsNamedAndNothingIsOpenedUnlessItIsAccepted) {
  {
    const auto stores = open(Engine::segments);
    ASSERT_TRUE(stores.ok()) << stores.error().message;
    for (std::uint8_t i = 0; i < 9; ++i) fill(*stores.value().mailboxes, i, 1);
  }
  fs::remove(folder_.segment_mailboxes() / "index");
  const auto file = folder_.segment_mailboxes() / "0000000000000001.log";
  {
    std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
    out.seekp(40 + 256 + 2 * 200);  // the fourth of them
    out.write("\x55\xaa\x55\xaa\x55\xaa\x55\xaa", 8);
  }
  const auto refused = open(Engine::segments);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().exit, Exit::data_folder);
  EXPECT_EQ(refused.error().message.find("damaged: " + file.string()), 0U)
      << refused.error().message;
  const auto accepted = open(Engine::segments, true);
  ASSERT_TRUE(accepted.ok()) << accepted.error().message;
  EXPECT_EQ(accepted.value().damaged, file);
  EXPECT_EQ(numbers(*accepted.value().mailboxes),
            (std::vector<std::vector<int>>{{0, 6}, {1, 4, 7}, {2, 5, 8}}));
}

}  // namespace
}  // namespace martlet::daemon
