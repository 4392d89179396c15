// PortLayout is what mos.conf says of ports and workers, before any device is
// there: which worker polls which queue, and where packets leave.
//
// When every netdev is a capture file that is read once, the captures are
// replayed: packets carry their recorded times, which are the clock, and the
// run ends when they do. Devices are opened then only to be sent to. Otherwise
// packets come from devices, live.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/io/port_config.h"
#include "dataplane/mos/mos_conf.h"

namespace mosaic::mos {

struct PortLayout {
  struct Queue {
    size_t device = 0;
    uint16_t queue = 0;
    friend bool operator==(const Queue&, const Queue&) = default;
  };

  bool replay = false;
  std::vector<std::string> captures;  // Of a replay, by netdev.
  // Ports to open, and the place of each netdev's among them, if it has one.
  std::vector<PortConfig> ports;
  std::vector<std::optional<size_t>> port_of;
  // By netdev: where what it receives leaves.
  std::vector<std::optional<size_t>> forward_to;

  // The queues that worker `worker` of `workers` polls; none in a replay.
  std::vector<Queue> QueuesOf(size_t worker, size_t workers) const;
};

// INVALID_ARGUMENT for a netdev that cannot serve so many workers.
absl::StatusOr<PortLayout> LayOutPorts(const MosConf& conf, size_t workers);

}  // namespace mosaic::mos
