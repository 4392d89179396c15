// Machine is what the doctor knows of the machine: read once, and made up in
// tests.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/daemon/huge_pages.h"

namespace mosaic {

struct Machine {
  std::string kernel;             // Release: "6.1.0-18-amd64".
  std::vector<int> allowed_cpus;  // Of this process.
  std::map<int, int> cpu_nodes;   // CPU -> NUMA node, where known.
  bool has_stable_tsc = false;    // Runs at one rate, also while CPUs sleep.
  uint64_t memlock_bytes = 0;     // RLIMIT_MEMLOCK; UINT64_MAX: no limit.
  uint64_t available_bytes = 0;   // Memory that can be had without swapping,
                                  // and within the limit of the cgroup.
  bool is_root = false;
  std::vector<HugePages> huge_pages;

  static Machine Read();
};

// NUMA node of each of `cpus`, where known.
std::map<int, int> CpuNodes(const std::vector<int>& cpus);

// What is at a unix socket's path.
enum class SocketState : uint8_t {
  kFree,         // Nothing: a daemon can make it, and its directory.
  kNoFolder,     // Neither its directory nor the one above is there.
  kNotWritable,  // Its directory is not ours to write to.
  kStale,        // A socket that nobody listens on: a daemon replaces it.
  kInUse,        // Somebody answers.
  kNoSocket,     // Something else is in the way.
};
SocketState LookAtSocket(const std::string& path);

// Makes the directory of a socket at `path`, mode 0755, if it is not there.
// FAILED_PRECONDITION with the command that helps if it cannot be made.
absl::Status MakeSocketFolder(const std::string& path);

// Whether `address` and `port` can be listened on; errno's text if not.
std::string ListenProblem(const std::string& address, uint16_t port);

// NUMA node of a kernel interface or a PCI device; -1 where not known.
int NumaNodeOf(const std::string& interface_or_pci_address);

}  // namespace mosaic
