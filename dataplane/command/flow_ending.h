// FlowEnding ends the flows that a worker tracks. Those that come while it runs
// may stay, so it is for workers that take no new ones.
//
// Ownership   The control side's, until done().
// Cost        Each step ends at most kFlowsPerStep flows, between two bursts.

#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/base/end_reason.h"
#include "dataplane/command/worker_link.h"

namespace mosaic {

class FlowEnding : public WorkerTask {
 public:
  // An end tells network functions what a stream still held, so it costs as
  // much as some packets.
  static constexpr uint32_t kFlowsPerStep = 32;
  static constexpr uint32_t kRecordsPerStep = 512;

  explicit FlowEnding(EndReason reason) : reason_(reason) {}

  bool Step(WorkerFlows& flows, Timestamp now) override;

  // Flows that have not been ended stay.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  const EndReason reason_;
  std::atomic<bool> cancelled_{false};  // Written by control.
  uint32_t next_ = 0;
};

}  // namespace mosaic
