// Which copy of a stream byte wins when a new segment overlaps one that is
// held and has not been handed to any reader.

#pragma once

#include <cstdint>

namespace mosaic {

enum class OverlapPolicy : uint8_t {
  kFirst,  // The copy that came first.
  kLast,   // The copy that came last.
  kLinux,  // As that system's own stack resolves it, by how the new segment
  kBsd,    // lies to each queued one; the table is in reassembly_buffer.cc.
  kWindows,
  kSolaris,
};

}  // namespace mosaic
