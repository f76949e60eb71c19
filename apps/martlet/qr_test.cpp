#include "apps/martlet/qr.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

namespace martlet::cli {
namespace {

/// The drawing as rows of modules, dark or not. Fails the test on anything but the four blocks.
std::vector<std::vector<bool>> modules_of(const std::string& drawn) {
  std::vector<std::vector<bool>> rows(2);
  for (std::size_t i = 0; i < drawn.size();) {
    auto& upper = rows[rows.size() - 2];
    auto& lower = rows[rows.size() - 1];
    const auto is = [&](std::string_view block) {
      if (drawn.compare(i, block.size(), block) != 0) return false;
      i += block.size();
      return true;
    };
    if (is("\n")) {
      rows.resize(rows.size() + 2);
      continue;
    }
    const bool full = is("█");
    const bool top = !full && is("▀");
    const bool bottom = !full && !top && is("▄");
    const bool none = !full && !top && !bottom && is(" ");
    if (!full && !top && !bottom && !none) {
      ADD_FAILURE() << "an unknown sign at byte " << i;
      return {};
    }
    upper.push_back(full || top);
    lower.push_back(full || bottom);
  }
  rows.resize(rows.size() - 2);
  return rows;
}

/// What a QR reader that is not ours (zbarimg) sees in it.
std::string read_by_zbar(const std::string& drawn) {
  constexpr std::size_t kScale = 6;
  const auto rows = modules_of(drawn);
  const auto file = std::filesystem::temp_directory_path() /
                    ("martlet-qr-" + std::to_string(::getpid()) + ".pgm");
  std::ofstream image{file, std::ios::binary};
  image << "P5 " << rows.front().size() * kScale << ' ' << rows.size() * kScale << " 255\n";
  for (const auto& row : rows) {
    for (std::size_t copy = 0; copy < kScale; ++copy) {
      for (const bool dark : row) image << std::string(kScale, dark ? '\0' : '\xff');
    }
  }
  image.close();
  const auto command = "zbarimg --nodbus --quiet --raw -Sdisable -Sqrcode.enable " + file.string();
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "r"), ::pclose};
  std::string text;
  std::array<char, 4096> part{};
  while (const auto got = std::fread(part.data(), 1, part.size(), pipe.get())) {
    text.append(part.data(), got);
  }
  std::filesystem::remove(file);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST(Qr, IsReadByAnotherProgram) {
  const std::string payload =
      "MARTLET:"
      "AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIRDEQSSMJZIFEVCWLBNFYXTAMJSGM2DKNRXHA";
  for (const auto& text : {std::string{"M"}, payload, payload + payload + payload}) {
    const auto drawn = draw_qr(text, false);
    ASSERT_TRUE(drawn.ok());
    EXPECT_EQ(read_by_zbar(drawn.value()), text);
  }
}

TEST(Qr, HasAQuietZoneOfFourModules) {
  const auto rows = modules_of(draw_qr("MARTLET:A", false).value());
  const auto is_light = [](const std::vector<bool>& row) {
    return std::find(row.begin(), row.end(), true) == row.end();
  };
  for (std::size_t y = 0; y < 4; ++y) EXPECT_TRUE(is_light(rows[y]));
  EXPECT_FALSE(is_light(rows[4]));
  for (const auto& row : rows) {
    for (std::size_t x = 0; x < 4; ++x) EXPECT_FALSE(row[x] || row[row.size() - 1 - x]);
  }
}

TEST(Qr, ColoursEachLineAndEndsThem) {
  const auto plain = draw_qr("MARTLET:A", false).value();
  const auto coloured = draw_qr("MARTLET:A", true).value();
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count(plain, "\x1b"), 0U);
  EXPECT_EQ(count(coloured, "\x1b[30;107m"), count(plain, "\n"));
  EXPECT_EQ(count(coloured, "\x1b[0m\n"), count(plain, "\n"));
}

TEST(Qr, RefusesWhatDoesNotFit) {
  EXPECT_EQ(draw_qr(std::string(5'000, 'A'), false).error().failure, Failure::limit_reached);
  EXPECT_EQ(draw_qr("", false).error().failure, Failure::limit_reached);
}

}  // namespace
}  // namespace martlet::cli
