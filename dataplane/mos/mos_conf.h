// MosConf is a mos.conf file, checked: what a program written for mOS says of
// its cores, ports and buffers. README.md has the format.
//
//   application { type, run, cpu_mask, ip_forward }         any number
//   mos { forward, nb_mem_channels, netdev { ... }, ... }   exactly one
//
// A `#` begins a comment. A key stands alone in its line, with `=` and a value;
// a block's braces may share lines with what they enclose.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mosaic::mos {

struct MosConf {
  static constexpr uint32_t kMaxConcurrency = 1u << 22;
  static constexpr uint32_t kMaxReceiveBufferBytes = 64u << 20;
  static constexpr uint32_t kMaxSeconds = 24 * 3600;
  static constexpr size_t kMaxDevices = 64;
  static constexpr size_t kMaxApplications = 20;  // MOS_APP.
  static constexpr size_t kMaxArguments = 20;     // MOS_APP_ARGC.

  // What mtcp_getconf() tells of an application; it changes nothing here.
  struct Application {
    std::vector<std::string> arguments;  // Of `run`.
    uint64_t cpu_mask = 0;
  };

  struct Device {
    std::string name;    // As nic_forward_table says it.
    std::string device;  // As dataplane/io/device_spec.h has it.
  };

  std::vector<Application> applications;

  std::vector<Device> devices;  // Not empty.
  uint64_t cpu_mask = 0;  // Of all devices together; a worker for each bit.
  // By device: where what it receives leaves. All none with `forward = 0`.
  std::vector<std::optional<size_t>> forward_to;

  uint32_t memory_channels = 0;       // nb_mem_channels; 0: DPDK chooses.
  uint32_t max_concurrency = 65'536;  // Flows of each worker.
  // rmem_size, or 0 with `no_ring_buffers = 1`: bytes kept for each side.
  uint32_t receive_buffer_bytes = 256 * 1024;
  // tcp_tw_interval and tcp_timeout where they are given; -1: never.
  std::optional<int> linger_seconds;
  std::optional<int> idle_seconds;
  std::string log_folder;  // mos_log; empty: messages go to standard error.

  // What is valid, but has no effect here: "FILE:LINE: KEY: why".
  std::vector<std::string> warnings;
};

// INVALID_ARGUMENT with every fault in a line of its own, "NAME:LINE: KEY: what
// is wrong, and what is allowed"; at most kMaxFaults of them.
inline constexpr size_t kMaxFaults = 20;
absl::StatusOr<MosConf> ParseMosConf(std::string_view text,
                                     std::string_view name);

}  // namespace mosaic::mos
