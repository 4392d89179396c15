// Turns ports into the arguments by which EAL makes their devices. EAL has to
// know of them when it starts.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/io/device_spec.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/port_config.h"

namespace mosaic {

// Adds the devices of `ports` to `eal`. Looks at nothing but the configuration:
// INVALID_ARGUMENT that names the port, and leaves `eal` as it was, if one is
// wrong or two exclude each other.
absl::Status AddDevices(const std::vector<PortConfig>& ports, EalConfig& eal);

// The name by which DPDK knows the device of the port at place `index`.
std::string DeviceName(const DeviceSpec& spec, size_t index);

// Largest frame of the port, unless its device takes less.
uint32_t MaxFrameBytes(const PortConfig& port);

// The shared-memory ring of an af_packet device: slots of `frame_bytes`, in
// contiguous blocks.
struct AfPacketRing {
  uint32_t frame_bytes;
  uint32_t block_bytes;
  uint32_t frames;
};
AfPacketRing AfPacketRingFor(const PortConfig& port);

// Bytes that a packet's buffer must have room for, so that no device that we
// know has to chain buffers.
uint32_t BufferBytes(const PortConfig& port, DeviceKind kind);

}  // namespace mosaic
