// Runs tests/cli/transcripts/*.txt: what people type, what they see, and the exit status.
//
//   $ COMMAND       given to sh; its stdout and stderr are files
//   % COMMAND       the same on a terminal
//   TEXT            a line on stdout that has to come (on a terminal: on either)
//   ! TEXT          a line on stderr that has to come
//   = STATUS        the exit status, 0 if this line is missing
//   @ people NAMES  enrols them: the profile ./NAME, the handle NAME@example.org
//   @ server start|stop|kill
//
// In expected lines `*` stands for anything, and `<name>` for what a quoted JSON string may hold:
// it is kept, and from then on in the environment of the commands. Lines before the first of the
// above, and those that begin with `#`, are for the reader.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/pattern.h"
#include "cli/world.h"

namespace martlet::cli_test {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path{MARTLET_SOURCE_DIR} / "tests/cli/transcripts";

struct Step {
  int line = 0;
  char kind = '$';
  std::string command;
  std::vector<std::string> out;
  std::vector<std::string> err;
  int exit_code = 0;
};

std::vector<Step> load_steps(const fs::path& file) {
  std::ifstream in{file};
  std::vector<Step> steps;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with('#') || line.empty()) continue;
    const auto rest = line.size() > 2 ? line.substr(2) : std::string{};
    if (line.starts_with("$ ") || line.starts_with("% ") || line.starts_with("@ ")) {
      steps.push_back({number, line[0], rest, {}, {}, 0});
    } else if (steps.empty()) {
      continue;
    } else if (line.starts_with("! ")) {
      steps.back().err.push_back(rest);
    } else if (line.starts_with("= ")) {
      steps.back().exit_code = std::stoi(rest);
    } else {
      steps.back().out.push_back(line);
    }
  }
  return steps;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

class Play {
 public:
  explicit Play(const fs::path& file) : file_{file}, server_{folder_.path() / "server"} {
    kept_["PATH"] = program("") + ":" + ::getenv("PATH");
    kept_["XDG_DATA_HOME"] = (folder_.path() / "data").string();
    kept_["TZ"] = "UTC";
    kept_["MARTLET_PROFILE"] = "";
  }

  void run() {
    if (!server_.start()) return;
    for (const auto& step : load_steps(file_)) {
      SCOPED_TRACE(file_.filename().string() + ":" + std::to_string(step.line) + ": " +
                   step.command);
      if (step.kind == '@') {
        direct(step.command);
      } else {
        perform(step);
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    if (server_.running()) server_.stop();
  }

 private:
  void direct(const std::string& words) {
    std::istringstream in{words};
    std::string what;
    std::string word;
    in >> what;
    while (in >> word) {
      if (what == "people") {
        Person person{folder_.path() / word, word + "@example.org"};
        person.enroll(server_.invite(person.handle()));
      } else if (word == "start") {
        ASSERT_TRUE(server_.start());
      } else if (word == "stop") {
        server_.stop();
      } else {
        ASSERT_EQ(word, "kill");
        server_.kill();
      }
    }
  }

  void perform(const Step& step) {
    support::ProcessOptions options;
    options.words = {"sh", "-c", step.command};
    options.folder = folder_.path().string();
    options.added = kept_;
    options.on_terminal = step.kind == '%';
    const auto outcome = support::run(options);
    EXPECT_FALSE(outcome.timed_out);
    compare(step.out, lines_of(outcome.out), "stdout");
    if (!options.on_terminal) compare(step.err, lines_of(outcome.err), "stderr");
    EXPECT_EQ(outcome.exit_code, step.exit_code) << outcome.err;
  }

  void compare(const std::vector<std::string>& expected, const std::vector<std::string>& lines,
               const char* where) {
    EXPECT_EQ(lines.size(), expected.size()) << where << " has another number of lines:\n"
                                             << ::testing::PrintToString(lines);
    for (std::size_t i = 0; i < std::min(lines.size(), expected.size()); ++i) {
      EXPECT_TRUE(fits(expected[i], lines[i], kept_))
          << where << "\n  expected: " << expected[i] << "\n  but was:  " << lines[i];
    }
  }

  fs::path file_;
  TemporaryFolder folder_;
  Server server_;
  std::map<std::string, std::string> kept_;
};

class Transcripts : public ::testing::TestWithParam<std::string> {};

TEST_P(Transcripts, Plays) { Play{kFolder / (GetParam() + ".txt")}.run(); }

std::vector<std::string> transcript_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, Transcripts, ::testing::ValuesIn(transcript_names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace martlet::cli_test
