#pragma once

#include <string>
#include <vector>

#include "apps/martletd/config.h"

namespace martlet::daemon {

/// One setting as it stands: what it does, its value, and who said so.
struct ExplainedSetting {
  std::string name;
  std::string value;   ///< as it would be written in TOML
  std::string source;  ///< "default", or file and line
  std::string about;
};

/// Every setting there is, in the order of docs/operator.md. No value of these is a secret.
std::vector<ExplainedSetting> explain(const Config& config);

std::string explained_text(const std::vector<ExplainedSetting>& settings);
/// One line of JSON: {"v":1,"type":"config","settings":[{"name","value","source","about"}]}
std::string explained_json(const std::vector<ExplainedSetting>& settings);

}  // namespace martlet::daemon
