// Table lays out rows in columns, and Style decides whether text gets colours.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::ctl {

enum class Tone : uint8_t {
  kPlain,
  kDim,     // Headings.
  kBold,    // What a screen is about.
  kGood,    // Green: as it should be.
  kNotice,  // Yellow: to be looked at.
  kBad,     // Red: does not work, or is lost.
};

class Style {
 public:
  enum class Colors : uint8_t { kOff, kOn };

  explicit Style(Colors colors) : colors_(colors) {}

  // `text` in the colour of `tone`; as it is where colours are off, `tone` is
  // kPlain or `text` is empty.
  std::string Paint(Tone tone, std::string_view text) const;

 private:
  Colors colors_;
};

enum class Align : uint8_t { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  struct Cell {
    Cell(std::string cell_text,
         Tone cell_tone = Tone::kPlain)  // NOLINT(google-explicit-constructor):
                                         // a row is a list of texts.
        : text(std::move(cell_text)), tone(cell_tone) {}
    Cell(const char*
             cell_text)  // NOLINT(google-explicit-constructor): likewise.
        : text(cell_text) {}
    std::string text;
    Tone tone = Tone::kPlain;
  };

  static constexpr size_t kAnyWidth = SIZE_MAX;

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Adds a row; what is in its cells is made printable, an empty one shows "-".
  // REQUIRES: as many cells as columns.
  void Add(std::vector<Cell> row);

  bool empty() const { return rows_.empty(); }
  size_t rows() const { return rows_.size(); }

  // The heading and the rows, columns two blanks apart, no blanks at the end,
  // nothing beyond `max_columns`: text is cut, numbers are left out.
  std::vector<std::string> Lines(const Style& style,
                                 size_t max_columns = kAnyWidth) const;
  // Likewise, each with a newline.
  std::string Text(const Style& style, size_t max_columns = kAnyWidth) const;

 private:
  std::string Line(const std::vector<Cell>& row,
                   const std::vector<size_t>& widths, const Style& style,
                   size_t max_columns) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace mosaic::ctl
