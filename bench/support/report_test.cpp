#include "report.h"

#include <gtest/gtest.h>

namespace martlet::bench {
namespace {

TEST(Percentile, IsOneOfTheValues) {
  const struct {
    const char* name;
    std::vector<double> values;
    double part;
    double expected;
  } kCases[] = {
      {"none", {}, 0.5, 0},
      {"one", {7}, 0.99, 7},
      {"the least", {3, 1, 2}, 0, 1},
      {"the middle", {3, 1, 2}, 0.5, 2},
      {"the greatest", {3, 1, 2}, 1, 3},
      {"never beyond what part says", {1, 2, 3, 4}, 0.99, 3},
  };
  for (auto item : kCases) {
    SCOPED_TRACE(item.name);
    EXPECT_EQ(percentile(item.values, item.part), item.expected);
  }
}

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({4, 1, 2, 9}), 3);
}

TEST(MedianOf, TakesFieldByField) {
  const std::vector<Json> runs{
      {{"name", "a"}, {"us", 3.0}, {"deep", {{"count", 10}}}, {"only_here", 1}},
      {{"name", "b"}, {"us", 1.0}, {"deep", {{"count", 30}}}},
      {{"name", "c"}, {"us", 2.0}, {"deep", {{"count", 20}}}, {"only_there", 2}},
  };
  const auto middle = median_of(runs);
  EXPECT_EQ(middle.dump(), R"({"name":"a","us":2.0,"deep":{"count":20}})");
  EXPECT_EQ(median_of({}).dump(), "{}");
}

TEST(MedianOf, LeavesOutWhatIsNotAlwaysANumber) {
  EXPECT_EQ(median_of({Json{{"us", 3}}, Json{{"us", "broken"}}}).dump(), "{}");
}

TEST(Judge, ComparesWhatIsThere) {
  const Json medians{{"us", 20}, {"deep", {{"rate", 5.5}}}, {"word", "x"}};
  const auto goals = judge(
      medians,
      {{"/us", true, 20}, {"/deep/rate", false, 6}, {"/missing", true, 1}, {"/word", true, 1}});
  ASSERT_EQ(goals.size(), 2U);
  EXPECT_EQ(goals[0].dump(), R"({"figure":"us","value":20.0,"at_most":20.0,"holds":true})");
  EXPECT_EQ(goals[1].dump(), R"({"figure":"deep/rate","value":5.5,"at_least":6.0,"holds":false})");
}

TEST(TableOf, HasALineForEachFigureAndGoal) {
  const Json result{{"benchmark", "courier"},
                    {"runs", 3},
                    {"median", {{"us", 1.25}, {"deep", {{"bytes", 12'345}}}}},
                    {"goals", judge({{"us", 1.25}}, {{"/us", true, 1}})}};
  EXPECT_EQ(table_of(result),
            "courier, median of 3\n"
            "  us          1.250\n"
            "  deep.bytes  12345\n"
            "  MISSED   us: 1.250 (at most 1.000)\n");
}

}  // namespace
}  // namespace martlet::bench
