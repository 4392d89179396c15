// Takes the text of a mos.conf apart into blocks and the lines in them.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::mos {

// A line inside a block. Points into the text.
struct ConfLine {
  size_t number = 0;      // From 1.
  std::string_view text;  // Without comment and blanks around; not empty.
};

struct ConfBlock {
  size_t line = 0;
  std::string_view name;  // Empty for the file itself.
  std::vector<ConfLine> lines;
  std::vector<ConfBlock> blocks;
};

struct ConfFault {
  size_t line = 0;
  std::string text;
};

// The file as a block. What is wrong with braces goes to `faults`, and the rest
// is still read. Blocks inside blocks inside blocks are a fault: the format has
// two levels.
ConfBlock SplitConf(std::string_view text, std::vector<ConfFault>& faults);

// `key = value`; the key is empty for a line without `=`.
struct ConfSetting {
  std::string_view key;
  std::string_view value;
};
ConfSetting SplitSetting(std::string_view line);

// The words of `line`, which blanks part.
std::vector<std::string_view> SplitWords(std::string_view line);

}  // namespace mosaic::mos
