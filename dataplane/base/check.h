// CHECK for broken invariants: says what failed, where, and ends the process.
//
// Only for what can be wrong by a mistake in this program. Bytes from the wire
// get an enum and a counter, configuration gets a status.

#pragma once

namespace mosaic::internal {

[[noreturn]] void CheckFailed(const char* condition, const char* file,
                              int line);

}  // namespace mosaic::internal

#define MOSAIC_CHECK(condition)       \
  (__builtin_expect(!!(condition), 1) \
       ? static_cast<void>(0)         \
       : ::mosaic::internal::CheckFailed(#condition, __FILE__, __LINE__))
