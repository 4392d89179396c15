#include "control/config/suggestion.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mosaic::config {
namespace {

// Longer words are nobody's typing mistake; the cost is quadratic.
constexpr size_t kMaxWordBytes = 64;
constexpr size_t kMinPartBytes = 4;

std::string Folded(std::string_view word) {
  std::string out;
  for (char c : word) {
    if (c != '_' && c != '-') out += absl::ascii_tolower(c);
  }
  return out;
}

// Edits that turn `a` into `b`, an edit being one letter inserted, removed,
// replaced, or two neighbours swapped (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1),
      row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = last;
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string ClosestMatch(std::string_view typed,
                         const std::vector<std::string>& candidates) {
  if (typed.size() > kMaxWordBytes) return "";
  const std::string word = Folded(typed);
  if (word.empty()) return "";

  std::string best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::string other = Folded(candidate);
    const size_t distance = EditDistance(word, other);
    if (distance < best_distance && distance < other.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty() || word.size() < kMinPartBytes) return best;

  for (const std::string& candidate : candidates) {
    const std::string other = Folded(candidate);
    const bool is_part = other.find(word) != std::string::npos ||
                         (other.size() >= kMinPartBytes &&
                          word.find(other) != std::string::npos);
    if (is_part) return candidate;
  }
  return "";
}

std::string Alternatives(std::string_view typed,
                         const std::vector<std::string>& allowed) {
  const std::string near = ClosestMatch(typed, allowed);
  std::string out = absl::StrCat("allowed: ", absl::StrJoin(allowed, ", "));
  if (!near.empty()) absl::StrAppend(&out, "; did you mean \"", near, "\"?");
  return out;
}

}  // namespace mosaic::config
