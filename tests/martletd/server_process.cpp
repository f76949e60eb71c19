#include "server_process.h"

#include <stdlib.h>

namespace martlet::martletd_test {

namespace fs = std::filesystem;

std::string program() { return std::string{MARTLET_BIN_DIR} + "/martletd"; }

support::Outcome run_martletd(std::vector<std::string> words) {
  words.insert(words.begin(), program());
  support::ProcessOptions options;
  options.words = std::move(words);
  return support::run(options);
}

ServerProcess::ServerProcess() {
  auto name = (fs::temp_directory_path() / "martletd-test-XXXXXX").string();
  root_ = ::mkdtemp(name.data());
}

ServerProcess::~ServerProcess() {
  process_.reset();
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

std::vector<std::string> ServerProcess::serve_words(std::vector<std::string> more) const {
  std::vector<std::string> words{"serve", "--data", data()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void ServerProcess::start(std::vector<std::string> more) {
  if (server_.port == 0 && more.empty()) more = {"--name", "localhost", "--listen", "127.0.0.1:0"};
  support::ProcessOptions options;
  options.words = serve_words(std::move(more));
  options.words.insert(options.words.begin(), program());
  process_.emplace(options);
  const auto line = process_->wait_for_line("listening on ");
  if (!line) {
    const auto outcome = process_->wait(std::chrono::seconds{1});
    FAIL() << "it ends with " << outcome.exit_code << ": " << outcome.err;
  }
  server_ =
      parts_of(invite("nobody" + std::to_string(random_.below(1'000'000'000)) + "@example.org"));
}

void ServerProcess::kill() {
  process_->signal(SIGKILL);
  EXPECT_EQ(process_->wait().exit_code, 128 + SIGKILL);
}

support::Outcome ServerProcess::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

std::string ServerProcess::invite(const std::string& handle) const {
  const auto outcome = run_martletd({"invite", "--data", data(), "--handle", handle});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out.substr(0, outcome.out.find('\n'));
}

server::TestDevice ServerProcess::member(const std::string& handle) {
  auto device = server::TestDevice::make(random_);
  device.found_account(random_, SystemClock{}.now());
  const auto invitation = parts_of(invite(handle));
  DeviceClient client{invitation};
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(client.enrol(invitation.token, device)));
  return device;
}

MessageId ServerProcess::message(std::uint64_t number) const {
  std::array<std::uint8_t, 16> bytes{1};
  for (std::size_t i = 0; i < 8; ++i)
    bytes[8 + i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return MessageId{bytes};
}

wire::Send ServerProcess::send_to(const server::TestDevice& to, std::uint64_t number,
                                  std::size_t bytes) {
  Bytes sealed(bytes);
  random_.fill(sealed);
  return {message(number), {{to.account, to.head}}, {{to.id, 1, std::move(sealed)}}};
}

}  // namespace martlet::martletd_test
