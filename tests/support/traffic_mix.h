// A few thousand packets of many flows, mixed: connections with loss,
// reordering, repeats and conflicts, closed in every way or left open;
// datagrams; silences in which flows expire. The same at every call.

#pragma once

#include <vector>

#include "dataplane/base/timestamp.h"
#include "tests/support/engine_harness.h"
#include "tests/support/packet_builder.h"

namespace mosaic::testing {

struct TimedPacket {
  Timestamp time;
  PacketBuilder packet;
};

std::vector<TimedPacket> MixedTraffic();

// An engine with short timeouts and a function that hears everything, for that
// traffic.
EngineSetup MixedTrafficSetup();

}  // namespace mosaic::testing
