// Plays a script of bytes as insertions, look-ups and removals on a FlowTable,
// and compares each result with a std::unordered_map.

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mosaic::testing {

// What went wrong first, or an empty string.
std::string PlayFlowTableScript(std::span<const uint8_t> script);

}  // namespace mosaic::testing
