// Plays a script of operations on a ReassemblyBuffer and on a NaiveStream at
// once and compares all that can be seen of them after each.
//
// A script is any string of bytes: the random tests make some, the fuzzer
// mutates others. Its first bytes choose pool, place in the stream and
// capacity.

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mosaic::testing {

// What is counted over many scripts, to show that they reach what they should.
struct ScriptCoverage {
  uint64_t operations = 0;
  uint64_t stored = 0;
  uint64_t duplicate = 0;
  uint64_t replaced = 0;
  uint64_t unverified = 0;
  uint64_t refused_beyond = 0;
  uint64_t refused_memory = 0;
  uint64_t conflicts = 0;
  uint64_t skipped = 0;
  uint64_t lost_by_resize = 0;
};

// Returns an empty string, or what differed first and after which operation.
std::string PlayReassemblyScript(std::span<const uint8_t> script,
                                 ScriptCoverage& coverage);

}  // namespace mosaic::testing
