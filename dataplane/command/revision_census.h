// RevisionCensus asks a worker which configurations its flows are attached
// under.
//
// Ownership   The caller's; in_use() may be read once done() is true.
// Cost        One step, which looks at each subscription once.

#pragma once

#include "dataplane/command/snapshot_publisher.h"
#include "dataplane/command/worker_link.h"
#include "dataplane/event/subscription.h"

namespace mosaic {

class RevisionCensus : public WorkerTask {
 public:
  RevisionCensus() {
    in_use_.attached.reserve(SubscriptionTable::kMaxSubscriptions);
  }

  bool Step(WorkerFlows& flows, Timestamp now) override {
    static_cast<void>(now);
    in_use_.running = flows.current_revision();
    flows.AddAttachedRevisions(in_use_.attached);
    return true;
  }

  const SnapshotPublisher::InUse& in_use() const { return in_use_; }

 private:
  SnapshotPublisher::InUse in_use_;
};

}  // namespace mosaic
