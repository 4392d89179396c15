// What a bench run does with the traffic: the network functions of mosaic-bench
// and the results that are compared with a trace's ground truth.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "dataplane/api/network_function.h"
#include "tests/bench/payload_digest.h"

namespace mosaic::bench {

enum class Workload : uint8_t {
  kFloor,   // Parse and look up flows; nothing else.
  kEvents,  // Both ends' states; START, STATE_CHANGE and END, no payload.
  kRead,    // Sum and xor of every payload byte in order.
  kCrc,     // CRC32C of each direction: proves the order of the bytes.
};

std::optional<Workload> WorkloadOf(std::string_view name);

// What was seen. Sums over connections, so workers' results add up.
struct Results {
  uint64_t connections_started = 0;
  uint64_t connections_ended = 0;
  uint64_t bytes_client_to_server = 0;
  uint64_t bytes_server_to_client = 0;
  ByteSum payload;
  uint64_t crc32c_sum = 0;  // Initial value 0xffffffff, no final xor.
  uint64_t state_changes = 0;

  void Add(const Results& other);
};

// A function for one worker that does `workload` and adds to `results`, which
// outlives it. REQUIRES: workload != kFloor.
std::unique_ptr<NetworkFunction> MakeWorkload(Workload workload,
                                              Results& results);

}  // namespace mosaic::bench
