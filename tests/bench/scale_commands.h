// The commands of mosaic-bench that ask how cost grows with the number of
// flows. They make their traffic themselves, in memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mosaic::bench {

// grow: one workload on conc=N for each N.
struct GrowFlags {
  std::string workload = "events";
  std::vector<uint32_t> sizes = {1'024,  4'096,   16'384,
                                 65'536, 262'144, 1'048'576};
  uint32_t connections = 0;  // In all; 0: as the shape conc=N has.
  int repeat = 3;
  size_t burst_packets = 64;
  bool json = false;
};
void AddGrow(CLI::App& app, GrowFlags& flags);
// Prints a line, or a JSON object, and returns the exit code.
int Grow(const GrowFlags& flags);

// expire: that many idle connections time out.
struct ExpireFlags {
  size_t flows = size_t{1} << 20;
  bool json = false;
};
void AddExpire(CLI::App& app, ExpireFlags& flags);
int Expire(const ExpireFlags& flags);

}  // namespace mosaic::bench
