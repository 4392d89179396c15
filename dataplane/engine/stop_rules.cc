#include "dataplane/engine/stop_rules.h"

namespace mosaic {

StopReason ReasonOf(StopPolicy::Condition condition) {
  switch (condition) {
    case StopPolicy::Condition::kPayloadBytes:
      return StopReason::kPayloadBytes;
    case StopPolicy::Condition::kPackets:
      return StopReason::kPackets;
    case StopPolicy::Condition::kAge:
      return StopReason::kAge;
    case StopPolicy::Condition::kTcpState:
      return StopReason::kTcpState;
    case StopPolicy::Condition::kImmediately:
      break;
  }
  return StopReason::kImmediately;
}

bool IsDue(const StopPolicy& stop, const Flow& flow, Timestamp now) {
  switch (stop.condition) {
    case StopPolicy::Condition::kImmediately:
      return true;
    case StopPolicy::Condition::kPayloadBytes:
      return flow.end[Index(Other(stop.side))].delivered >= stop.amount;
    case StopPolicy::Condition::kPackets:
      return flow.hot[Index(Other(stop.side))].packets >= stop.amount;
    case StopPolicy::Condition::kAge:
      return now - flow.start >= stop.age;
    case StopPolicy::Condition::kTcpState:
      return flow.end[Index(stop.side)].state == stop.state;
  }
  return false;
}

AfterStop StopWhatIsDue(const Snapshot& snapshot, const Flow& flow,
                        Timestamp now, Attachment& attachment) {
  AfterStop after = AfterStop::kKeepFlow;
  for (const StopPolicy& stop : StopPoliciesOf(snapshot, attachment)) {
    if (attachment.IsStopped(stop.side) || !IsDue(stop, flow, now)) continue;
    attachment.Stop(stop.side, ReasonOf(stop.condition));
    if (stop.forget_flow) after = AfterStop::kForgetFlow;
  }
  return after;
}

void StopFromTheStart(const Snapshot& snapshot, Attachment& attachment) {
  for (const StopPolicy& stop : StopPoliciesOf(snapshot, attachment)) {
    if (stop.condition != StopPolicy::Condition::kImmediately) continue;
    attachment.Stop(stop.side, StopReason::kImmediately);
  }
}

}  // namespace mosaic
