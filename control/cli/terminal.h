// What the terminal can do, and numbers in the form that people read.

#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace mosaic {

// True if `file` is a terminal that understands ANSI sequences.
bool IsTerminal(std::FILE* file);

// Lines and columns of the terminal behind `file`; 24 by 80 if unknown.
struct TerminalSize {
  int lines = 24;
  int columns = 80;
};
TerminalSize SizeOf(std::FILE* file);

// "12.3 KiB", "4.56 MiB": at most four significant digits.
std::string HumanBytes(uint64_t bytes);
// "1,234,567".
std::string Grouped(uint64_t number);

}  // namespace mosaic
