// The same packets give the same events on any number of workers.

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/engine_harness.h"
#include "tests/support/traffic_mix.h"

namespace mosaic::testing {
namespace {

using Events = std::map<uint64_t, std::vector<std::string>>;

enum class Receiving : uint8_t { kOneWorker, kEachInTurn };

Events Play(size_t workers, Receiving receiving) {
  EngineSetup setup = MixedTrafficSetup();
  setup.workers = workers;
  EngineHarness harness(setup);
  size_t sent = 0;
  for (const TimedPacket& packet : MixedTraffic()) {
    harness.SetTime(packet.time);
    harness.Send(packet.packet,
                 receiving == Receiving::kOneWorker ? 0 : sent++ % workers);
  }
  harness.EndAll();
  if (workers > 1) {
    EXPECT_GT(harness.Sum([](const CoreCounters& c) {
      return c.taken_over_packets.Read();
    }),
              0u);
  }
  return harness.recorded().by_flow;
}

TEST(Determinism, EventsOfAFlowDoNotDependOnTheNumberOfWorkers) {
  const Events expected = Play(1, Receiving::kOneWorker);
  EXPECT_GT(expected.size(), 60u);
  for (const size_t workers : {2, 3, 5}) {
    for (const Receiving receiving :
         {Receiving::kOneWorker, Receiving::kEachInTurn}) {
      const Events events = Play(workers, receiving);
      ASSERT_EQ(events.size(), expected.size());
      for (const auto& [flow, texts] : expected) {
        ASSERT_EQ(events.at(flow), texts)
            << "flow " << flow << " on " << workers << " workers";
      }
    }
  }
}

}  // namespace
}  // namespace mosaic::testing
