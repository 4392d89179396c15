// Metrics as a scraper reads them: the text format, taken apart.

#pragma once

#include <map>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace mosaic::testing {

struct MetricText {
  std::map<std::string, double> series;      // By name and labels as written.
  std::map<std::string, std::string> types;  // By family: "counter".
  std::map<std::string, std::string> helps;

  explicit MetricText(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) Add(line);
  }

  // Series whose text begins with `prefix`.
  size_t Count(const std::string& prefix) const {
    size_t count = 0;
    for (const auto& [name, value] : series) count += name.starts_with(prefix);
    return count;
  }

  // -1 if there is no such series.
  double Of(const std::string& name) const {
    const auto found = series.find(name);
    return found == series.end() ? -1 : found->second;
  }

 private:
  void Add(const std::string& line) {
    std::istringstream words(line);
    std::string hash;
    std::string kind;
    std::string family;
    if (line.starts_with("# ")) {
      words >> hash >> kind >> family;
      std::string rest;
      std::getline(words >> std::ws, rest);
      auto& known = kind == "TYPE" ? types : helps;
      EXPECT_TRUE(known.emplace(family, rest).second) << "twice: " << line;
      return;
    }
    const size_t space = line.rfind(' ');
    ASSERT_NE(space, std::string::npos) << line;
    EXPECT_TRUE(
        series.emplace(line.substr(0, space), std::stod(line.substr(space + 1)))
            .second)
        << "twice: " << line;
  }
};

}  // namespace mosaic::testing
