#include "dataplane/mos/conf_lines.h"

#include <string>
#include <utility>

#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

constexpr size_t kMaxDepth = 2;
constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::string_view Strip(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

class Splitter {
 public:
  explicit Splitter(std::vector<ConfFault>& faults) : faults_(faults) {
    open_.emplace_back();
  }

  void Line(size_t number, std::string_view line) {
    number_ = number;
    line = line.substr(0, line.find('#'));
    while (true) {
      const size_t brace = line.find_first_of("{}");
      const std::string_view before = Strip(line.substr(0, brace));
      if (brace == std::string_view::npos) {
        Text(before);
        return;
      }
      if (line[brace] == '{') {
        Open(before);
      } else {
        Text(before);
        Close();
      }
      line.remove_prefix(brace + 1);
    }
  }

  ConfBlock Finish() {
    // A name may stand in the line before its brace.
    if (!pending_.empty()) open_.back().lines.push_back(Take());
    while (open_.size() > 1) {
      faults_.push_back(
          {open_.back().line, Cat(open_.back().name, ": no } closes it")});
      CloseInnermost();
    }
    return std::move(open_.front());
  }

 private:
  ConfLine Take() {
    ConfLine line = pending_.front();
    pending_.clear();
    return line;
  }

  void Text(std::string_view text) {
    if (text.empty()) return;
    if (!pending_.empty()) open_.back().lines.push_back(Take());
    pending_.push_back({number_, text});
  }

  void Open(std::string_view name) {
    ConfBlock block;
    block.line = number_;
    if (name.empty() && !pending_.empty()) {
      const ConfLine line = Take();
      block.line = line.number;
      name = line.text;
    } else if (!pending_.empty()) {
      open_.back().lines.push_back(Take());
    }
    if (name.empty()) faults_.push_back({number_, "{ has no name before it"});
    block.name = name;
    // Deeper blocks are read, so that their braces match, and told.
    if (open_.size() > kMaxDepth) {
      faults_.push_back(
          {number_, Cat(name, ": blocks go ", kMaxDepth, " deep")});
    }
    open_.push_back(std::move(block));
  }

  void Close() {
    if (!pending_.empty()) open_.back().lines.push_back(Take());
    if (open_.size() == 1) {
      faults_.push_back({number_, "} closes nothing"});
      return;
    }
    CloseInnermost();
  }

  void CloseInnermost() {
    ConfBlock block = std::move(open_.back());
    open_.pop_back();
    open_.back().blocks.push_back(std::move(block));
  }

  std::vector<ConfFault>& faults_;
  std::vector<ConfBlock> open_;  // From the file to the innermost block.
  std::vector<ConfLine>
      pending_;  // The last line, if it may be a name: 0 or 1.
  size_t number_ = 0;
};

}  // namespace

ConfBlock SplitConf(std::string_view text, std::vector<ConfFault>& faults) {
  Splitter splitter(faults);
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    splitter.Line(++number, text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return splitter.Finish();
}

ConfSetting SplitSetting(std::string_view line) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  return {Strip(line.substr(0, equals)), Strip(line.substr(equals + 1))};
}

std::vector<std::string_view> SplitWords(std::string_view line) {
  std::vector<std::string_view> words;
  size_t begin = line.find_first_not_of(kBlanks);
  while (begin != std::string_view::npos) {
    const size_t end = line.find_first_of(kBlanks, begin);
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

}  // namespace mosaic::mos
