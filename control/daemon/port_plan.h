// PortPlan says which worker polls which queue of which port, and where packets
// leave. Made from the configuration alone, before any device is there.
//
//   ports       one receive queue for each worker where the device can have so
//               many; else its queues are dealt out, and packets of flows that
//               another worker owns are handed over in software
//   wire mode   every worker sends to the peer on a transmit queue of its own

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/io/port_config.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic {

struct PortPlan {
  struct Queue {
    size_t port = 0;
    uint16_t queue = 0;
    friend bool operator==(const Queue&, const Queue&) = default;
  };
  std::vector<PortConfig> ports;  // In the order of the configuration.
  // By worker: what it polls. Empty for one that is only handed packets.
  std::vector<std::vector<Queue>> rx_queues;
  // By port: where what it receives leaves; none in tap mode.
  std::vector<std::optional<size_t>> peers;
};

// The most workers that every port of `system` can serve.
// REQUIRES: `system` passed config::Validate().
size_t MostWorkers(const v1::SystemConfig& system);

// INVALID_ARGUMENT that names the port if one cannot serve so many workers.
// REQUIRES: `system` passed config::Validate(); workers > 0.
absl::StatusOr<PortPlan> PlanPorts(const v1::SystemConfig& system,
                                   size_t workers);

}  // namespace mosaic
