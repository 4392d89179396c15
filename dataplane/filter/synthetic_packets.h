// Packets made for one filter, on which its native code is compared with the
// interpreter.

#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/filter/cbpf_program.h"

namespace mosaic {

// Packets that exercise `program`: plain ones of common protocols, with and
// without an Ethernet header, the same rewritten so that the program's
// comparisons meet their constants or just miss them, and random bytes. The
// same program always gives the same packets; none is longer than 128 bytes.
std::vector<std::vector<uint8_t>> PacketsFor(const CbpfProgram& program);

}  // namespace mosaic
