// ApplyMetrics counts what became of the configurations that were asked for,
// and how long each step of taking one into use lasted.
//
// Threading   One writer at a time: whoever holds the lock that serialises
//             applies. Any reader.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/counter.h"
#include "dataplane/base/histogram.h"

namespace mosaic {

// How an apply ended. A dry run is none.
enum class ApplyOutcome : uint8_t {
  kOk,          // Every core runs it.
  kInvalid,     // Refused: the configuration is wrong. Nothing changed.
  kConflict,    // Refused: the etag is stale. The caller reads and tries again.
  kTimeout,     // A core did not take it up in time, so it was undone.
  kRolledBack,  // Undone for any other reason after it was published.
};
inline constexpr std::array<std::string_view, 5> kApplyOutcomeNames = {
    "ok", "invalid", "conflict", "timeout", "rolled_back"};

// The steps of an apply, in their order.
enum class ApplyPhase : uint8_t {
  kValidate,  // The messages are checked.
  kCompile,   // Filters become code, network functions are made.
  kPublish,   // Each core is given a pointer.
  kQuiesce,   // Until every core has taken it up.
};
inline constexpr std::array<std::string_view, 4> kApplyPhaseNames = {
    "validate", "compile", "publish", "quiesce"};

struct ApplyMetrics {
  // Nanoseconds.
  static constexpr std::array<uint64_t, 12> kDurationBounds = {
      10'000,      50'000,      100'000,       500'000,
      1'000'000,   5'000'000,   10'000'000,    50'000'000,
      100'000'000, 500'000'000, 1'000'000'000, 5'000'000'000};

  void Count(ApplyOutcome outcome) {
    applies[static_cast<size_t>(outcome)].Add(1);
  }
  // Each phase that was gone through, whatever the outcome.
  void Record(ApplyPhase phase, std::chrono::nanoseconds duration) {
    durations[static_cast<size_t>(phase)].Record(
        static_cast<uint64_t>(duration.count() < 0 ? 0 : duration.count()));
  }

  std::array<Counter, kApplyOutcomeNames.size()> applies;  // By ApplyOutcome.
  std::array<Histogram, kApplyPhaseNames.size()> durations = {
      Histogram(kDurationBounds), Histogram(kDurationBounds),
      Histogram(kDurationBounds),
      Histogram(kDurationBounds)};  // By ApplyPhase.

  Counter revision;               // The one that the control side holds.
  Counter last_apply_unix_nanos;  // When the last kOk ended; 0: none did.
};

}  // namespace mosaic
