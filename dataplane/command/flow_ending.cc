#include "dataplane/command/flow_ending.h"

#include "dataplane/flow/flow_table.h"

namespace mosaic {

bool FlowEnding::Step(WorkerFlows& flows, Timestamp now) {
  if (cancelled_.load(std::memory_order_relaxed)) return true;
  FlowTable& table = flows.table();
  uint32_t ended = 0;
  for (uint32_t looked = 0; looked < kRecordsPerStep && ended < kFlowsPerStep &&
                            next_ < table.high_water();
       ++looked, ++next_) {
    if (!table.InUse(next_)) continue;
    flows.End(table.At(next_), reason_, now);
    ++ended;
  }
  return next_ >= table.high_water();
}

}  // namespace mosaic
