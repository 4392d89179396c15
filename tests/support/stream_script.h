// Plays a script of operations on one side of a flow, as two functions that
// peek see it: segments, acknowledgements, peeking, resizing, policies, stops.
//
// The model behind it is plain: which bytes an honest sender sent, what each
// function read, what it was told is lost. No byte may be wrong, read twice or
// out of order; each byte up to the front was read, or was told as lost before
// it was missed; no more is held than the largest buffer of any script.
//
// A script is any string of bytes: the random test makes some, the fuzzer
// mutates others.

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mosaic::testing {

// What is counted over many scripts, to show that they reach what they should.
struct StreamCoverage {
  uint64_t operations = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_missed = 0;
  uint64_t gaps = 0;
  uint64_t buffer_full = 0;
  uint64_t overwritten = 0;
  uint64_t stops = 0;
};

// Returns an empty string, or what was wrong first.
std::string PlayStreamScript(std::span<const uint8_t> script,
                             StreamCoverage& coverage);

}  // namespace mosaic::testing
