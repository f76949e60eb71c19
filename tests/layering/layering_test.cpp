// The module list in CMakeLists.txt is the diagram; this test holds every #include against it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;
using Modules = std::map<std::string, std::set<std::string>>;

const fs::path kRoot{MARTLET_SOURCE_DIR};

std::string read_file(const fs::path& path) {
  std::ifstream in{path};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Folder -> the modules it may include, itself among them. Programs are listed by their folder.
Modules module_list(const std::string& cmake) {
  Modules modules;
  const std::regex line{R"(martlet_(module|program)\(\s*([^\s)]+)([^)]*)\))"};
  for (std::sregex_iterator it{cmake.begin(), cmake.end(), line}, end; it != end; ++it) {
    std::istringstream words{(*it)[3].str()};
    std::string name = (*it)[2].str();
    std::string word;
    if ((*it)[1] == "program") words >> name;
    auto& uses = modules[name];
    uses.insert(name);
    for (bool in_uses = false; words >> word;) {
      if (word == "USES" || word == "LINKS") {
        in_uses = word == "USES";
      } else if (in_uses) {
        uses.insert(word);
      }
    }
  }
  return modules;
}

/// The module that a path below src/, or an include of one, belongs to: the longest that fits.
std::string module_of(const Modules& modules, std::string path) {
  while (!path.empty()) {
    if (modules.contains(path)) return path;
    const auto slash = path.rfind('/');
    path = slash == std::string::npos ? "" : path.substr(0, slash);
  }
  return {};
}

std::vector<std::string> faults_in(const Modules& modules, const std::string& module,
                                   const std::string& name, const std::string& text) {
  std::vector<std::string> faults;
  const bool is_test =
      name.find("_test.") != std::string::npos || name.find("_contract.") != std::string::npos;
  const std::regex include{R"re(#include "([^"]+)")re"};
  for (std::sregex_iterator it{text.begin(), text.end(), include}, end; it != end; ++it) {
    const std::string target = (*it)[1].str();
    if (target.find(".pb.h") != std::string::npos) {
      if (module != "wire") faults.push_back(name + " includes protobuf's " + target);
      continue;
    }
    const auto used = module_of(modules, target);
    if (used.empty()) {
      faults.push_back(name + " includes \"" + target + "\", which is in no module");
    } else if (!modules.at(module).contains(used) && !is_test) {
      faults.push_back(name + ": " + module + " must not use " + used);
    }
  }
  return faults;
}

TEST(Layering, EveryIncludeIsInTheModuleList) {
  const auto modules = module_list(read_file(kRoot / "CMakeLists.txt"));
  ASSERT_TRUE(modules.contains("server"));
  ASSERT_TRUE(modules.contains("apps/martletd"));
  std::size_t files = 0;
  for (const auto* top : {"src", "apps"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      ++files;
      const auto name =
          fs::relative(entry.path(), kRoot / (std::string{top} == "src" ? "src" : "")).string();
      const auto module = module_of(modules, name);
      ASSERT_FALSE(module.empty()) << name << " is in no module";
      for (const auto& fault : faults_in(modules, module, name, read_file(entry.path()))) {
        ADD_FAILURE() << fault;
      }
    }
  }
  EXPECT_GT(files, 20U);
}

TEST(Layering, TheServerDoesNotOpenMessagesAndTheClientCoreHasNoSockets) {
  const auto modules = module_list(read_file(kRoot / "CMakeLists.txt"));
  EXPECT_FALSE(modules.at("server").contains("protocol"));
  EXPECT_FALSE(modules.at("apps/martletd").contains("protocol"));
  for (const auto* pure : {"protocol", "transparency", "server", "client"}) {
    EXPECT_FALSE(modules.at(pure).contains("net")) << pure;
  }
}

TEST(Layering, ArrowsPointDown) {
  // A module is listed behind all that it uses: so no cycle is possible.
  const auto cmake = read_file(kRoot / "CMakeLists.txt");
  const auto modules = module_list(cmake);
  for (const auto& [module, uses] : modules) {
    if (module.starts_with("apps/")) continue;
    for (const auto& used : uses) {
      if (used == module) continue;
      ASSERT_TRUE(modules.contains(used)) << module << " uses unknown " << used;
      const auto position = [&](const std::string& name) {
        std::smatch match;
        std::regex_search(cmake, match, std::regex{"martlet_module\\(" + name + "\\s"});
        return match.position();
      };
      EXPECT_LT(position(used), position(module)) << module << " uses " << used;
    }
  }
}

TEST(Layering, AWrongArrowIsFound) {
  const auto modules = module_list(
      "martlet_module(base)\nmartlet_module(net USES base)\nmartlet_module(server USES base)\n");
  EXPECT_EQ(faults_in(modules, "server", "server/a.cpp", "#include \"net/b.h\"\n").size(), 1U);
  EXPECT_EQ(faults_in(modules, "server", "server/a.cpp", "#include \"base/b.h\"\n").size(), 0U);
  EXPECT_EQ(faults_in(modules, "server", "server/a.cpp", "#include \"nowhere/b.h\"\n").size(), 1U);
}

}  // namespace
