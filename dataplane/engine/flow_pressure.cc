// What FlowTracker does when its table fills up: FlowPressure.

#include <algorithm>

#include "dataplane/engine/flow_tracker.h"

namespace mosaic {

Flow* FlowTracker::TakeRecord(const PacketContext& context, FlowOrigin origin) {
  const ParsedPacket& parsed = context.parsed;
  if (origin != FlowOrigin::kSyn) return table_.Insert(parsed.key, parsed.hash);
  if (half_open_.size() >= half_open_limit_) EvictHalfOpen(context.now);
  Flow* const flow = table_.Insert(parsed.key, parsed.hash);
  if (flow != nullptr || half_open_.size() == 0) return flow;
  EvictHalfOpen(context.now);
  return table_.Insert(parsed.key, parsed.hash);
}

void FlowTracker::EvictHalfOpen(Timestamp now) {
  End(table_.At(half_open_.oldest()), EndReason::kEvicted, now);
}

void FlowTracker::LeaveHalfOpen(Flow& flow) {
  flow.Clear(flow_flag::kHalfOpen);
  half_open_.Remove(table_.IndexOf(flow));
  counters_.half_open_flows.Set(half_open_.size());
}

// A flow that has had less than its full time gives way to others.
void FlowTracker::EndIdle(Flow& flow, Timestamp now) {
  const bool timed_out = flow.last_seen + FullTimeoutOf(flow) <= now;
  End(flow, timed_out ? EndReason::kTimeout : EndReason::kEvicted, now);
}

Duration FlowTracker::TimeoutOf(const Flow& flow) const {
  return pressure_ == PressureMode::kNormal ? FullTimeoutOf(flow)
                                            : TimeoutUnderPressure(flow);
}

Duration FlowTracker::TimeoutUnderPressure(const Flow& flow) const {
  const int64_t full = FullTimeoutOf(flow).nanos();
  if (pressure_ == PressureMode::kEmergency) {
    if ((flow.flags & (flow_flag::kClosed | flow_flag::kReset)) != 0 ||
        ((flow.end[0].flags | flow.end[1].flags) & end_flag::kFinSeen) != 0) {
      return Duration();
    }
    if (flow.Has(flow_flag::kHalfOpen)) return Duration::Nanos(full / 10);
  }
  // Linear from all of it at `pressure_from_` to a third in a full table.
  const auto room = static_cast<int64_t>(table_.capacity() - table_.size());
  const auto most =
      static_cast<int64_t>(table_.capacity() - pressure_from_) + 1;
  return Duration::Nanos(full / 3 +
                         full / (3 * most) * 2 * std::min(room, most));
}

void FlowTracker::SetPressure(PressureMode mode) {
  pressure_ = mode;
  for (size_t i = 0; i < kPressureModes; ++i) {
    counters_.pressure_mode[i].Set(i == static_cast<size_t>(mode) ? 1 : 0);
  }
}

void FlowTracker::UpdatePressure() {
  const size_t flows = table_.size();
  const size_t calm = emergency_from_ - limits_.flows / 20;
  PressureMode mode = PressureMode::kNormal;
  if (flows >= emergency_from_ ||
      (pressure_ == PressureMode::kEmergency && flows >= calm)) {
    mode = PressureMode::kEmergency;
  } else if (flows >= pressure_from_) {
    mode = PressureMode::kPressure;
  }
  if (mode != pressure_) SetPressure(mode);
}

void FlowTracker::Sweep(Timestamp now) {
  for (size_t i = 0; i < limits_.pressure.sweep; ++i) {
    if (hand_ >= table_.high_water()) hand_ = 0;
    Flow& flow = table_.At(hand_++);
    if (!table_.InUse(table_.IndexOf(flow))) continue;
    if (flow.last_seen + TimeoutOf(flow) <= now) EndIdle(flow, now);
  }
}

}  // namespace mosaic
