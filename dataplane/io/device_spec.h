// DeviceSpec is a port's device as configuration writes it, taken apart.
//
//   pcap:FILE[,tx=FILE][,loop=1]         receives what a capture file holds,
//                                        writes what is sent to another
//   null[:size=BYTES]                    receives frames of zeros, drops what
//                                        is sent; size=0 receives nothing
//   ring                                 receives what it sends
//   memif:SOCKET[,role=server|client][,id=N]   shared memory with a process
//   af_packet:INTERFACE                  a kernel interface
//   af_xdp:INTERFACE[,start_queue=N]     the same, past most of the kernel
//   tap:INTERFACE                        a kernel interface that it makes
//   0000:01:00.0[,key=value]...          a PCI device; what follows goes to
//                                        its driver
//
// The kernel takes the outer VLAN tag out of a frame before af_packet sees it,
// and DPDK's driver puts it back as one of type 0x8100, whatever it was. Tags
// of other types (0x88a8) need af_xdp or a NIC. The MTU of a tap's interface is
// the kernel's, 1500, until somebody sets it.
//
// A file or interface name cannot hold a comma, bracket or quotation mark: DPDK
// takes devices apart by them.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace mosaic {

enum class DeviceKind : uint8_t {
  kPcap,
  kNull,
  kRing,
  kMemif,
  kAfPacket,
  kAfXdp,
  kTap,
  kPci,
};

struct DeviceSpec {
  DeviceKind kind = DeviceKind::kNull;
  std::string target;  // File, socket, interface or PCI address; may be empty.
  std::vector<std::pair<std::string, std::string>> options;  // As written.

  // The option's value, or `otherwise` where it is not set.
  std::string_view Option(std::string_view key,
                          std::string_view otherwise = "") const;
};

// INVALID_ARGUMENT, with what is allowed, for a text that is none of the forms.
absl::StatusOr<DeviceSpec> ParseDevice(std::string_view text);

// What is known about a kind before the device is there.
struct DeviceTraits {
  std::string_view word;    // "af_packet"; "" for PCI.
  std::string_view form;    // "af_packet:INTERFACE", for messages.
  std::string_view driver;  // DPDK's name of the driver; "" for PCI.
  // Debian's package of the driver; "" for PCI, where it depends on the device.
  std::string_view package;
  uint16_t max_queues;
  // Whether there are as many receive as transmit queues, no matter what: a
  // receive queue that nobody polls would swallow its share of the traffic.
  bool queues_are_pairs;
  // Whether the device enforces an MTU of its own. The others carry whatever
  // fits into their buffers.
  bool has_mtu;
};

const DeviceTraits& TraitsOf(DeviceKind kind);

}  // namespace mosaic
