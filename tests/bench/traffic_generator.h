// Makes up TCP traffic over IPv4 and writes it as a pcap file, with what is in
// it: a bench that has read the file shows by the same numbers that it lost
// nothing and mixed nothing up.
//
// Each connection is a handshake, a request, its response with an
// acknowledgement for every other segment, and a close from the server's side.
// The same shape gives the same file.
//
// Memory   8 MiB, and a few hundred bytes for each open connection.

#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "dataplane/base/side.h"
#include "tests/bench/traffic_shape.h"

namespace mosaic::bench {

// What a file holds. Of streams: each byte once.
struct GroundTruth {
  uint32_t connections = 0;
  uint32_t concurrent = 0;
  uint64_t packets = 0;
  uint64_t wire_bytes = 0;
  uint64_t data_packets = 0;                       // With payload.
  std::array<uint64_t, kSides> stream_bytes = {};  // That the side sent.
  uint64_t bytesum = 0;                            // Of all payload bytes.
  uint8_t xor8 = 0;                                // Of all payload bytes.
  // Sum over all streams of their CRC32C, initial value 0xffffffff, no final
  // xor: tells the order of the bytes too.
  uint64_t crc32c_sum = 0;
  uint64_t reordered = 0;  // Segments.
  uint64_t resent = 0;     // Segments.
  uint64_t duration_micros = 0;

  // One line "name=number" for each.
  std::string Text() const;
};

// Writes `path`. INVALID_ARGUMENT, naming the field and
// its range, for a shape that cannot be; UNAVAILABLE with the system's reason
// if it cannot be written.
absl::StatusOr<GroundTruth> WriteTraffic(const TrafficShape& shape,
                                         const std::string& path);

// The same, and writes the ground truth as text to `path`.gt.
absl::StatusOr<GroundTruth> GenerateTraffic(const TrafficShape& shape,
                                            const std::string& path);

}  // namespace mosaic::bench
