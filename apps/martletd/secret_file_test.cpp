#include "apps/martletd/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() { fs::create_directories(root_); }
  ~SecretFileTest() override { fs::remove_all(root_); }
  fs::path write(const std::string& content, fs::perms mode = fs::perms{0600}) {
    const auto path = root_ / "secret";
    std::ofstream{path, std::ios::binary} << content;
    fs::permissions(path, mode);
    return path;
  }
  static std::string text_of(const gateways::GatewaySecret& secret) {
    return {secret.reveal().begin(), secret.reveal().end()};
  }

  fs::path root_ = fs::temp_directory_path() / ("martlet-secret-" + std::to_string(::getpid()));
};

TEST_F(SecretFileTest, HoldsOneLine) {
  const std::string longest(gateways::limits::kSecretBytesMax, 'x');
  for (const auto& [content, secret] : std::map<std::string, std::string>{
           {"secret", "secret"},
           {"secret\n", "secret"},
           {" pass word \n", " pass word "},
           {"p\u00e4ss", "p\u00e4ss"},
           {longest + "\n", longest},
       }) {
    const auto read = read_secret_file(write(content));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(text_of(read.value()), secret);
  }
  EXPECT_TRUE(read_secret_file(write("secret", fs::perms{0640})).ok());
}

TEST_F(SecretFileTest, ComplaintsNameTheFileAndNotItsContent) {
  struct Bad {
    const char* name;
    std::string content;
    fs::perms mode;
    const char* says;
  };
  const std::string longest(gateways::limits::kSecretBytesMax, 'x');
  const Bad kCases[] = {
      {"empty", "", fs::perms{0600}, "is empty"},
      {"a line break only", "\n", fs::perms{0600}, "is empty"},
      {"short", "hunter2", fs::perms{0600}, "too short"},
      {"two lines", "hunter2hunter2hunter2\nhunter2\n", fs::perms{0600}, "one secret"},
      {"two line breaks", "hunter2hunter2hunter2\n\n", fs::perms{0600}, "one secret"},
      {"of another system", "hunter2hunter2hunter2\r\n", fs::perms{0600}, "one secret"},
      {"a zero byte", std::string{"hunter2hunter2\0hunter2", 22}, fs::perms{0600}, "one secret"},
      {"too long", longest + "x", fs::perms{0600}, "one secret"},
      {"too long with its end", longest + "x\n", fs::perms{0600}, "one secret"},
      {"too long by far", longest + longest, fs::perms{0600}, "one secret"},
      {"everybody reads it", "hunter2hunter2hunter2", fs::perms{0604}, "everybody"},
      {"everybody writes it", "hunter2hunter2hunter2", fs::perms{0602}, "everybody"},
  };
  for (const auto& bad : kCases) {
    SCOPED_TRACE(bad.name);
    const auto path = write(bad.content, bad.mode);
    const auto read = read_secret_file(path, 16);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().exit, Exit::usage);
    EXPECT_TRUE(read.error().message.starts_with(path.string()));
    EXPECT_NE(read.error().message.find(bad.says), std::string::npos) << read.error().message;
    EXPECT_EQ((read.error().message + read.error().hint).find("hunter2"), std::string::npos);
  }
}

TEST_F(SecretFileTest, WhatIsNoFileIsNotRead) {
  EXPECT_FALSE(read_secret_file(root_ / "missing").ok());
  EXPECT_FALSE(read_secret_file(root_).ok());
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(read_secret_file(root_ / "pipe").ok());
}

}  // namespace
}  // namespace martlet::daemon
