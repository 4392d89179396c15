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
std::vector<Case> GroupF();  // Fragments.
std::vector<Case> GroupX();  // IPv6.
std::vector<Case> GroupG();  // Gaps, middles of connections, buffers, time.
std::vector<Case> GroupK();  // What makes a flow's key.
std::vector<Case> GroupL();  // Lengths and mbufs.

}  // namespace mosaic::conformance
