// Turns the words of a configuration file into numbers, sizes and durations.
// Each answers with a message that says what is allowed if the word is none.

#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/duration.pb.h"

namespace mosaic::config {

// Whether a number may carry a unit of bytes.
enum class Unit : uint8_t {
  kNone,
  kBytes,  // B, kB, MB, GB, TB and KiB, MiB, GiB, TiB may follow.
};

// A whole decimal number in [0, max].
absl::StatusOr<uint64_t> ParseUnsigned(std::string_view word, uint64_t max,
                                       Unit unit);

// "true" or "false".
absl::StatusOr<bool> ParseBool(std::string_view word);

// A number with a unit of time (ns, us, ms, s, m, h) or a sum such as 1h30m, at
// most 10000 years, to the nanosecond. Negative ones are durations too.
absl::StatusOr<google::protobuf::Duration> ParseDurationWord(
    std::string_view word);

}  // namespace mosaic::config
