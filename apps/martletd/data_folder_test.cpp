#include "apps/martletd/data_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "apps/martletd/admin_socket.h"
#include "apps/martletd/identity.h"

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;

class DataFolderTest : public ::testing::Test {
 protected:
  DataFolderTest() { fs::create_directories(root_); }
  ~DataFolderTest() override { fs::remove_all(root_); }
  static mode_t mode_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777U;
  }

  fs::path root_ = fs::temp_directory_path() / ("martlet-folder-" + std::to_string(::getpid()));
  fs::path path_ = root_ / "data";
};

TEST_F(DataFolderTest, IsMadePrivate) {
  ASSERT_TRUE(DataFolder::open_or_create(path_).ok());
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(mode_of(path_ / "lock"), 0600U);
  EXPECT_TRUE(is_data_folder(path_));
}

TEST_F(DataFolderTest, AnEmptyFolderIsTakenAndMadePrivate) {
  fs::create_directory(path_);
  fs::permissions(path_, fs::perms{0755});
  ASSERT_TRUE(DataFolder::open_or_create(path_).ok());
  EXPECT_EQ(mode_of(path_), 0700U);
}

TEST_F(DataFolderTest, SomebodyElsesFolderIsLeftAlone) {
  fs::create_directory(path_);
  fs::permissions(path_, fs::perms{0755});
  std::ofstream{path_ / "holiday.jpg"} << "sand";
  const auto outcome = DataFolder::open_or_create(path_);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().exit, Exit::data_folder);
  EXPECT_EQ(mode_of(path_), 0755U);
  EXPECT_FALSE(fs::exists(path_ / "lock"));
}

TEST_F(DataFolderTest, PathsThatAreNoFolderAreRefused) {
  std::ofstream{path_} << "a file";
  EXPECT_FALSE(DataFolder::open_or_create(path_).ok());
  EXPECT_FALSE(DataFolder::open_or_create(root_ / "no" / "parent").ok());
  EXPECT_FALSE(DataFolder::open(root_ / "missing").ok());
  EXPECT_FALSE(fs::exists(root_ / "missing"));
}

TEST_F(DataFolderTest, IsOneProcesssAtATime) {
  {
    const auto first = DataFolder::open_or_create(path_);
    ASSERT_TRUE(first.ok());
    for (const auto& second :
         {DataFolder::open(path_).ok(), DataFolder::open_or_create(path_).ok()}) {
      EXPECT_FALSE(second);
    }
    const auto refused = DataFolder::open(path_);
    EXPECT_EQ(refused.error().exit, Exit::data_folder);
    EXPECT_NE(refused.error().message.find("another martletd is using"), std::string::npos);
  }
  EXPECT_TRUE(DataFolder::open(path_).ok());
}

TEST_F(DataFolderTest, PrivateFilesAreReplacedWhole) {
  const auto file = root_ / "secret";
  ASSERT_TRUE(write_private_file(file, "one").ok());
  ASSERT_TRUE(write_private_file(file, "two").ok());
  EXPECT_EQ(mode_of(file), 0600U);
  EXPECT_EQ(read_file(file).value(), "two");
  EXPECT_FALSE(fs::exists(root_ / "secret.new"));
  EXPECT_FALSE(write_private_file(root_ / "no" / "folder", "x").ok());
  EXPECT_FALSE(read_file(root_ / "missing").ok());
  ASSERT_TRUE(write_private_file(file, std::string(1024 * 1024 + 1, 'x')).ok());
  EXPECT_FALSE(read_file(file).ok());
}

TEST_F(DataFolderTest, TheIdentityIsMadeOnceAndItsKeyIsPrivate) {
  const auto folder = DataFolder::open_or_create(path_).take();
  Config config;
  config.name = "chat.example.org";
  EXPECT_FALSE(load_fingerprint(folder, config).ok());
  const auto first = load_identity(folder, config, SystemClock{}.now());
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(mode_of(folder.tls_key()), 0600U);
  const auto second = load_identity(folder, config, SystemClock{}.now());
  EXPECT_EQ(second.value().certificate_pem, first.value().certificate_pem);
  EXPECT_EQ(load_fingerprint(folder, config).value(), first.value().fingerprint);
  config.tls_certificate = root_ / "other.pem";
  EXPECT_FALSE(load_identity(folder, config, SystemClock{}.now()).ok());
  std::ofstream{config.tls_certificate} << "no certificate";
  config.tls_key = folder.tls_key();
  const auto broken = load_identity(folder, config, SystemClock{}.now());
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message.find("other.pem"), std::string::npos);
}

TEST_F(DataFolderTest, InvitationsNameTheServerAsItIsReached) {
  Config config;
  config.name = "chat.example.org";
  const Digest fingerprint{};
  const std::string zeros(43, 'A');
  EXPECT_EQ((InvitationUrls{config, 8443, fingerprint}.url("TOKEN")),
            "https://chat.example.org:8443/i/TOKEN#" + zeros);
  config.public_port = 443;
  EXPECT_EQ((InvitationUrls{config, 8443, fingerprint}.url("TOKEN")),
            "https://chat.example.org:443/i/TOKEN#" + zeros);
  config.tls_public = true;
  EXPECT_EQ((InvitationUrls{config, 8443, fingerprint}.url("TOKEN")),
            "https://chat.example.org:443/i/TOKEN");
  config.name = "::1";
  EXPECT_EQ((InvitationUrls{config, 8443, fingerprint}.url("T")), "https://[::1]:443/i/T");
}

TEST_F(DataFolderTest, TheAdminSocketTakesALineAndIsPrivate) {
  // A path far too long for a socket's address.
  const auto deep = root_ / std::string(100, 'a') / std::string(100, 'b');
  fs::create_directories(deep);
  EXPECT_FALSE(ask_running_server(deep, "hello").value());
  {
    const auto socket = AdminSocket::open(deep, [](std::string_view line) {
                          return std::string{"heard "} + std::string{line};
                        }).take();
    EXPECT_EQ(mode_of(deep / "admin.sock"), 0600U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_running_server(deep, "hello").value(), "heard hello");
    const std::string too_long(AdminSocket::kRequestBytesMax + 20'000, 'x');
    EXPECT_FALSE(ask_running_server(deep, too_long).ok());
    EXPECT_EQ(ask_running_server(deep, "again").value(), "heard again");
  }
  EXPECT_FALSE(ask_running_server(deep, "hello").value());  // its file is there, nobody listens
  const auto next = AdminSocket::open(deep, [](std::string_view) { return std::string{"new"}; });
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ask_running_server(deep, "hello").value(), "new");
}

}  // namespace
}  // namespace martlet::daemon
