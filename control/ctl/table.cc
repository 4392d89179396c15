#include "control/ctl/table.h"

#include <algorithm>
#include <utility>

#include "control/ctl/printable_text.h"
#include "dataplane/base/check.h"

namespace mosaic::ctl {
namespace {

constexpr size_t kGap = 2;

std::string_view SequenceOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kDim:
      return "\x1b[2m";
    case Tone::kBold:
      return "\x1b[1m";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kNotice:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
  }
  return "";
}

}  // namespace

std::string Style::Paint(Tone tone, std::string_view text) const {
  std::string painted(text);
  if (colors_ == Colors::kOff || tone == Tone::kPlain || text.empty()) {
    return painted;
  }
  painted.insert(0, SequenceOf(tone));
  painted += "\x1b[0m";
  return painted;
}

void Table::Add(std::vector<Cell> row) {
  MOSAIC_CHECK(row.size() == columns_.size());
  for (Cell& cell : row) {
    cell.text = cell.text.empty() ? "-" : Printable(cell.text);
  }
  rows_.push_back(std::move(row));
}

std::vector<std::string> Table::Lines(const Style& style,
                                      size_t max_columns) const {
  std::vector<size_t> widths(columns_.size());
  std::vector<Cell> heading;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths[i] = ColumnsOf(columns_[i].title);
    for (const auto& row : rows_) {
      widths[i] = std::max(widths[i], ColumnsOf(row[i].text));
    }
    heading.emplace_back(columns_[i].title, Tone::kDim);
  }
  std::vector<std::string> lines = {Line(heading, widths, style, max_columns)};
  for (const auto& row : rows_) {
    lines.push_back(Line(row, widths, style, max_columns));
  }
  return lines;
}

std::string Table::Line(const std::vector<Cell>& row,
                        const std::vector<size_t>& widths, const Style& style,
                        size_t max_columns) const {
  std::string line;
  size_t at = 0;       // Columns written.
  size_t pending = 0;  // Blanks to write before the next text.
  for (size_t i = 0; i < row.size(); ++i) {
    const size_t width = ColumnsOf(row[i].text);
    const size_t padding = widths[i] - width;
    if (columns_[i].align == Align::kRight) {
      pending += padding;
      // A part of a number would be another number.
      if (at + pending + width > max_columns) break;
    }
    if (at + pending >= max_columns) break;
    line.append(pending, ' ');
    at += pending;
    const std::string_view shown = FirstColumns(row[i].text, max_columns - at);
    line += style.Paint(row[i].tone, shown);
    at += ColumnsOf(shown);
    pending = kGap + (columns_[i].align == Align::kLeft ? padding : 0);
  }
  return line;
}

std::string Table::Text(const Style& style, size_t max_columns) const {
  std::string text;
  for (const std::string& line : Lines(style, max_columns)) {
    text += line;
    text += '\n';
  }
  return text;
}

}  // namespace mosaic::ctl
