// Finds out why a port's device cannot work here, in words that tell what to do
// about it. EAL itself only leaves such a device out.

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "dataplane/io/port_config.h"

namespace mosaic {

// Looks at the system, without changing it, for what the device of `port`
// needs: its driver, the file, interface or PCI device, the rights. OK means
// that nothing is known to be missing. Errors name the port and the device:
// INVALID_ARGUMENT for a bad device text, NOT_FOUND for what does not exist,
// PERMISSION_DENIED for a missing right, FAILED_PRECONDITION for the rest.
//
// Call it before EAL starts, and again for a device that EAL has left out.
absl::Status CheckDevice(const PortConfig& port);

// The path at which the package of a DPDK driver, such as "net_pcap", has it.
std::string DriverFile(std::string_view driver);

}  // namespace mosaic
