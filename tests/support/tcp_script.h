// Segments of one TCP connection as a script of bytes, judged by the engine and
// by NaiveTcp: both ends' SYNs, several of them, data in and out of order, in
// and out of the window, old and new timestamps, FINs, RSTs, forged ones.

#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "dataplane/stats/core_counters.h"

namespace mosaic::testing {

// What scripts have reached.
struct TcpCoverage {
  uint64_t segments = 0;
  uint64_t bytes = 0;        // In order.
  uint64_t established = 0;  // Scripts in which both ends were.
  uint64_t over = 0;         // Scripts that ended closed or reset.
  std::map<Anomaly, uint64_t> anomalies;
};

// Plays the script. After each segment, states of both ends, bytes in order and
// every count of anomalies must be the same. Returns what is not, with the
// segments up to there; empty if nothing is.
std::string PlayTcpScript(std::span<const uint8_t> script,
                          TcpCoverage& coverage);

}  // namespace mosaic::testing
