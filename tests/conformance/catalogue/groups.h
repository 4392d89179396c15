// The catalogue's groups.

#pragma once

#include <vector>

#include "tests/conformance/catalogue/case.h"

namespace mosaic::conformance {

std::vector<Case> GroupO();  // Overlaps.
std::vector<Case> GroupS();  // Connection set-up.
std::vector<Case> GroupR();  // Teardown and re-use.
std::vector<Case> GroupW();  // Window, acknowledgements, timestamps.
std::vector<Case> GroupU();  // Checksums, flags, options, urgent data.

}  // namespace mosaic::conformance
