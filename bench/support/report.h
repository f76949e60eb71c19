#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace martlet::bench {

using Json = nlohmann::ordered_json;

/// The value below which `part` (0 to 1) of them lie; 0 if there are none. Sorts what it is given.
double percentile(std::vector<double>& values, double part);
/// The middle one, or the mean of the two in the middle; 0 if there are none.
double median(std::vector<double> values);

/// Results of the same shape become one: numbers their median, objects field by field, anything
/// else as in the first run. What the first run does not have is left out, and so is what a later
/// one lacks.
Json median_of(const std::vector<Json>& runs);

/// What a figure has to keep to. `path` is a JSON pointer into the medians.
struct Goal {
  const char* path;
  bool at_most;  ///< else at least
  double bound;
};
/// The goals whose figure is there, each with its value and whether it holds.
Json judge(const Json& medians, const std::vector<Goal>& goals);

/// Lines of "name  value", objects flattened with dots, and the goals below.
std::string table_of(const Json& result);

/// How often to run, and how to print.
struct ReportOptions {
  std::size_t runs = 1;
  bool table = false;
  void add_to(CLI::App& app);
};

/// `{benchmark, machine, options, runs, median, goals, each}` as one line on stdout; as a table on
/// stderr if asked for or if somebody looks at it.
void print_report(const std::string& benchmark, const Json& options, const std::vector<Json>& runs,
                  const std::vector<Goal>& goals, const ReportOptions& how);

}  // namespace martlet::bench
