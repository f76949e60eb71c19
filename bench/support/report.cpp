#include "report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace martlet::bench {
namespace {

std::string first_value_in(const char* path, const std::string& name) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with(name) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// What the figures were measured on, and how much else ran there: a load average above 2 or so
/// before the run means that the machine was busy.
Json machine() {
  utsname system{};
  ::uname(&system);
  double load = 0;
  ::getloadavg(&load, 1);
  return {{"processor", first_value_in("/proc/cpuinfo", "model name")},
          {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"kernel", std::string{system.release}},
          {"load_average", load}};
}

void flatten(const Json& value, const std::string& name,
             std::vector<std::pair<std::string, std::string>>& rows) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      flatten(inner, name.empty() ? key : name + "." + key, rows);
    }
  } else if (value.is_number_float()) {
    char text[40];
    const auto number = value.get<double>();
    std::snprintf(text, sizeof text, std::abs(number) < 100 ? "%.3f" : "%.0f", number);
    rows.emplace_back(name, text);
  } else if (!value.is_array()) {
    rows.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

std::string rows_of(const Json& value) {
  std::vector<std::pair<std::string, std::string>> rows;
  flatten(value, "", rows);
  std::size_t width = 0;
  for (const auto& [name, text] : rows) width = std::max(width, name.size());
  std::string all;
  for (const auto& [name, text] : rows) {
    all += "  " + name + std::string(width - name.size() + 2, ' ') + text + "\n";
  }
  return all;
}

}  // namespace

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Json median_of(const std::vector<Json>& runs) {
  if (runs.empty()) return Json::object();
  const auto& first = runs.front();
  if (first.is_number()) {
    std::vector<double> values;
    for (const auto& run : runs) values.push_back(run.get<double>());
    const auto middle = median(std::move(values));
    if (first.is_number_integer() && middle == std::floor(middle)) return std::llround(middle);
    return middle;
  }
  if (!first.is_object()) return first;
  Json result = Json::object();
  for (const auto& [key, value] : first.items()) {
    std::vector<Json> inner;
    for (const auto& run : runs) {
      if (run.contains(key) && (run[key].is_number() == value.is_number())) {
        inner.push_back(run[key]);
      }
    }
    if (inner.size() == runs.size()) result[key] = median_of(inner);
  }
  return result;
}

Json judge(const Json& medians, const std::vector<Goal>& goals) {
  Json all = Json::array();
  for (const auto& goal : goals) {
    const Json::json_pointer path{goal.path};
    if (!medians.contains(path) || !medians[path].is_number()) continue;
    const auto value = medians[path].get<double>();
    all.push_back({{"figure", std::string{goal.path}.substr(1)},
                   {"value", value},
                   {goal.at_most ? "at_most" : "at_least", goal.bound},
                   {"holds", goal.at_most ? value <= goal.bound : value >= goal.bound}});
  }
  return all;
}

std::string table_of(const Json& result) {
  auto text = result.value("benchmark", std::string{"?"}) + ", median of " +
              std::to_string(result.value("runs", 1)) + "\n" + rows_of(result["median"]);
  if (!result.contains("goals")) return text;
  for (const auto& goal : result["goals"]) {
    const bool at_most = goal.contains("at_most");
    char line[200];
    std::snprintf(line, sizeof line, "  %-8s %s: %.3f (at %s %.3f)\n",
                  goal["holds"].get<bool>() ? "holds" : "MISSED",
                  goal["figure"].get<std::string>().c_str(), goal["value"].get<double>(),
                  at_most ? "most" : "least", goal[at_most ? "at_most" : "at_least"].get<double>());
    text += line;
  }
  return text;
}

void ReportOptions::add_to(CLI::App& app) {
  app.add_option("--runs", runs, "how often; figures are medians")->check(CLI::Range(1, 1'000));
  app.add_flag("--table", table, "a table on stderr, also where nobody looks");
}

void print_report(const std::string& benchmark, const Json& options, const std::vector<Json>& runs,
                  const std::vector<Goal>& goals, const ReportOptions& how) {
  const auto medians = median_of(runs);
  const Json result{{"benchmark", benchmark},
                    {"machine", machine()},
                    {"options", options},
                    {"runs", runs.size()},
                    {"median", medians},
                    {"goals", judge(medians, goals)},
                    {"each", runs}};
  std::printf("%s\n", result.dump().c_str());
  std::fflush(stdout);
  if (how.table || ::isatty(STDERR_FILENO) != 0) std::fputs(table_of(result).c_str(), stderr);
}

}  // namespace martlet::bench
