// When a monitor's stop policies end the monitoring of a side.

#pragma once

#include "dataplane/base/stop_reason.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"
#include "dataplane/policy/snapshot.h"

namespace mosaic {

// Whether the record goes with the monitoring.
enum class AfterStop : uint8_t { kKeepFlow, kForgetFlow };

StopReason ReasonOf(StopPolicy::Condition condition);

bool IsDue(const StopPolicy& stop, const Flow& flow, Timestamp now);

// Stops the sides of `attachment`, under `snapshot`, that a policy says are to
// be stopped now. kForgetFlow if one that fired asks for it.
AfterStop StopWhatIsDue(const Snapshot& snapshot, const Flow& flow,
                        Timestamp now, Attachment& attachment);

// Stops the sides that are not to be monitored at all.
void StopFromTheStart(const Snapshot& snapshot, Attachment& attachment);

}  // namespace mosaic
