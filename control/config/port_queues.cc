#include "control/config/port_queues.h"

#include <algorithm>

#include "control/config/validate.h"

namespace mosaic::config {

uint32_t MostWorkers(const v1::PortConfig& port, const DeviceSpec& spec) {
  constexpr auto kMost = static_cast<uint32_t>(kMaxWorkers);
  if (port.mode() != v1::PORT_MODE_WIRE) return kMost;
  const DeviceTraits& traits = TraitsOf(spec.kind);
  const uint32_t queues = traits.queues_are_pairs && port.rx_queues() > 0
                              ? port.rx_queues()
                              : traits.max_queues;
  return std::min(queues, kMost);
}

}  // namespace mosaic::config
