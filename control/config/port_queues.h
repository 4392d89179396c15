// What the device of a port means for its queues and for the number of workers,
// before any device is there.

#pragma once

#include <cstdint>

#include "dataplane/io/device_spec.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::config {

// The most workers that can use `port`, at most kMaxWorkers. A port in wire
// mode is sent to by every worker, on a transmit queue of the worker's own.
// REQUIRES: `spec` is its device.
uint32_t MostWorkers(const v1::PortConfig& port, const DeviceSpec& spec);

}  // namespace mosaic::config
