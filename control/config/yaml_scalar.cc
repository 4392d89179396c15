#include "control/config/yaml_scalar.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "control/config/diagnostic.h"

namespace mosaic::config {
namespace {

struct ByteUnit {
  std::string_view suffix;
  uint64_t bytes;
};

constexpr std::array<ByteUnit, 9> kByteUnits = {{
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000 * 1000 * 1000},
    {"TB", uint64_t{1000} * 1000 * 1000 * 1000},
    {"KiB", 1024},
    {"MiB", 1024 * 1024},
    {"GiB", 1024 * 1024 * 1024},
    {"TiB", uint64_t{1024} * 1024 * 1024 * 1024},
}};

// Google's Duration ends here (315,576,000,000 s).
constexpr absl::Duration kMaxDuration = absl::Hours(24 * 3'652'500LL);

bool IsDigits(std::string_view word) {
  if (word.empty()) return false;
  for (char c : word) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

absl::string_view View(std::string_view word) {
  return {word.data(), word.size()};
}

absl::Status NotInRange(std::string_view word, uint64_t max) {
  return absl::OutOfRangeError(
      absl::StrCat(View(word), " is not in [0, ", max, "]"));
}

// Splits "256KiB" or "256 KiB" at the first byte that is no digit.
void SplitUnit(std::string_view word, std::string_view* digits,
               std::string_view* suffix) {
  size_t end = 0;
  while (end < word.size() && absl::ascii_isdigit(word[end])) ++end;
  *digits = word.substr(0, end);
  *suffix = word.substr(end);
  if (!suffix->empty() && suffix->front() == ' ') suffix->remove_prefix(1);
}

}  // namespace

absl::StatusOr<uint64_t> ParseUnsigned(std::string_view word, uint64_t max,
                                       Unit unit) {
  std::string_view digits = word;
  uint64_t scale = 1;
  if (unit == Unit::kBytes) {
    std::string_view suffix;
    SplitUnit(word, &digits, &suffix);
    for (const ByteUnit& known : kByteUnits) {
      if (suffix == known.suffix) {
        scale = known.bytes;
        suffix = "";
      }
    }
    if (!suffix.empty()) digits = "";
  }
  if (!digits.empty() && digits[0] == '-' && IsDigits(digits.substr(1))) {
    return NotInRange(word, max);
  }
  if (!IsDigits(digits)) {
    return absl::InvalidArgumentError(
        unit == Unit::kBytes
            ? absl::StrCat(Quoted(word),
                           " is not a number of bytes such as 262144, 256KiB "
                           "or 1MB; units: B, kB, MB, GB, TB, KiB, MiB, GiB, "
                           "TiB")
            : absl::StrCat(Quoted(word), " is not a whole number in [0, ", max,
                           "]"));
  }
  uint64_t value = 0;
  if (!absl::SimpleAtoi(View(digits), &value) || value > max / scale) {
    return NotInRange(word, max);
  }
  return value * scale;
}

absl::StatusOr<bool> ParseBool(std::string_view word) {
  if (word == "true") return true;
  if (word == "false") return false;
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(word), " is not true or false"));
}

absl::StatusOr<google::protobuf::Duration> ParseDurationWord(
    std::string_view word) {
  absl::Duration duration;
  if (IsDigits(word)) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(word), " has no unit; write ", View(word), "s for seconds"));
  }
  if (!absl::ParseDuration(View(word), &duration) ||
      duration == absl::InfiniteDuration() ||
      duration == -absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(word), " is not a duration such as 300s, 1.5s, 200ms or 5m"));
  }
  if (duration < -kMaxDuration || duration > kMaxDuration) {
    return absl::OutOfRangeError(
        absl::StrCat(View(word), " is longer than 10000 years"));
  }
  google::protobuf::Duration out;
  out.set_seconds(absl::ToInt64Seconds(duration));
  out.set_nanos(static_cast<int32_t>((duration - absl::Seconds(out.seconds())) /
                                     absl::Nanoseconds(1)));
  return out;
}

}  // namespace mosaic::config
