#include "cli/world.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

namespace martlet::cli_test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  auto name = (fs::temp_directory_path() / "martlet-test-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string program(const std::string& name) { return std::string{MARTLET_BIN_DIR} + "/" + name; }

bool Server::start() {
  std::vector<std::string> words{program("martletd"), "serve",  "--data",
                                 data_.string(),      "--name", "localhost",
                                 "--listen",          address()};
  if (!config_.empty()) words.insert(words.end(), {"--config", config_});
  process_.emplace(support::ProcessOptions{words, {}, {}, {}, false});
  const auto line = process_->wait_for_line("listening on ");
  if (!line) {
    const auto outcome = process_->wait(std::chrono::seconds{1});
    ADD_FAILURE() << "the server does not start: " << outcome.exit_code << "\n"
                  << outcome.out << outcome.err;
    return false;
  }
  port_ = line->substr(line->rfind(':') + 1);
  return true;
}

void Server::stop() {
  process_->signal(SIGTERM);
  const auto outcome = process_->wait(std::chrono::seconds{20});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

void Server::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

std::string Server::invite(const std::string& handle) const {
  const auto outcome =
      support::run({{program("martletd"), "invite", "--data", data_.string(), "--handle", handle},
                    {},
                    {},
                    {},
                    false});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find('\n'), outcome.out.size() - 1) << "one line: " << outcome.out;
  return outcome.out.substr(0, outcome.out.find('\n'));
}

std::string Server::address() const { return "127.0.0.1:" + port_; }

support::ProcessOptions Person::command(const std::vector<std::string>& words,
                                        const std::string& input) const {
  support::ProcessOptions options;
  options.words = {program("martlet"), "--json", "--profile", profile_.string()};
  options.words.insert(options.words.end(), words.begin(), words.end());
  options.input = input;
  return options;
}

Outcome Person::run(const std::vector<std::string>& words, const std::string& input) const {
  return support::run(command(words, input));
}

Process Person::start(const std::vector<std::string>& words) const {
  return Process{command(words)};
}

void Person::enroll(const std::string& url) const {
  auto name = handle_.substr(0, handle_.find('@'));
  name[0] = static_cast<char>(name[0] - 'a' + 'A');
  const auto outcome = run({"enroll", url, "--name", name});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  ASSERT_EQ(parse_lines(outcome.out).at(0)["handle"], handle_);
}

std::vector<Json> Person::lines(const std::vector<std::string>& words,
                                const std::string& input) const {
  const auto outcome = run(words, input);
  EXPECT_EQ(outcome.exit_code, 0) << handle_ << " " << words.front() << ": " << outcome.err;
  return parse_lines(outcome.out);
}

std::vector<std::string> Person::texts(const std::vector<std::string>& words) const {
  return texts_of(lines(words));
}

World::World()
    : server{folder.path() / "server"},
      alice{folder.path() / "alice", "alice@example.org"},
      bob{folder.path() / "bob", "bob@example.org"} {
  if (!server.start()) return;
  alice.enroll(server.invite(alice.handle()));
  bob.enroll(server.invite(bob.handle()));
}

Person World::enrolled(const std::string& name) {
  Person person{folder.path() / name, name + "@example.org"};
  person.enroll(server.invite(person.handle()));
  return person;
}

std::vector<Json> parse_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    auto json = Json::parse(line, nullptr, false);
    if (json.is_discarded()) {
      ADD_FAILURE() << "not JSON: " << line;
      continue;
    }
    lines.push_back(std::move(json));
  }
  return lines;
}

std::vector<std::string> texts_of(const std::vector<Json>& lines) {
  std::vector<std::string> texts;
  for (const auto& line : lines) {
    if (line["type"] == "message") texts.push_back(line["text"]);
  }
  return texts;
}

Json error_of(const Outcome& outcome) {
  std::vector<Json> errors;
  for (auto& line : parse_lines(outcome.err)) {
    if (line["type"] == "error") errors.push_back(std::move(line));
  }
  if (errors.size() == 1) return errors.front();
  ADD_FAILURE() << errors.size() << " errors: " << outcome.err;
  return {{"code", ""}, {"message", ""}, {"hint", ""}};
}

std::set<std::string> files_with(const fs::path& folder, const std::string& bytes) {
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in{entry.path(), std::ios::binary};
    std::ostringstream content;
    content << in.rdbuf();
    if (content.str().find(bytes) == std::string::npos) continue;
    found.insert(fs::relative(entry.path(), folder).string());
  }
  return found;
}

}  // namespace martlet::cli_test
