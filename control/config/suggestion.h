// Finds the word that somebody probably meant.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mosaic::config {

// The word of `candidates` that `typed` most resembles, or "" if none is near:
// case and `_`, `-` do not count, a third of the letters may be wrong, missing,
// surplus or swapped with a neighbour, and a part of at least four letters
// stands for the whole. Among equals the first wins.
std::string ClosestMatch(std::string_view typed,
                         const std::vector<std::string>& candidates);

// "allowed: a, b, c", followed by `; did you mean "b"?` if `typed` is near one.
std::string Alternatives(std::string_view typed,
                         const std::vector<std::string>& allowed);

}  // namespace mosaic::config
