// Packets without a flow, as stream monitors are shown them.

#include <algorithm>
#include <array>

#include "dataplane/engine/flow_tracker.h"
#include "dataplane/engine/monitor_filters.h"

namespace mosaic {
namespace {

bool WantsOrphans(const NfSlot& slot) {
  EventMask wants = slot.wants;
  if (slot.default_handlers != nullptr) {
    wants = wants | slot.default_handlers->mask();
  }
  return wants.Any(EventMask::Of(EventKind::kOrphan, Hook::kNone));
}

}  // namespace

void FlowTracker::LearnOrphanListeners() {
  wants_orphans_ = false;
  for (const Monitor& monitor : on_.snapshot->monitors) {
    if (monitor.type != MonitorType::kStream || !on_.Runs(monitor)) continue;
    for (size_t nf : monitor.nf_instances) {
      wants_orphans_ |= WantsOrphans(*on_.slots[nf]);
    }
  }
}

Verdict FlowTracker::RaiseOrphan(const PacketContext& context) {
  if (new_flows_ == NewFlows::kPass) {
    counters_.drain_passed_packets.Add(1);
    return Verdict::kForward;
  }
  counters_.orphan_packets.Add(1);
  std::array<NfSlot*, Subscription::kMaxLinks> chain;
  size_t count = 0;
  uint64_t matched = 0;
  for (size_t i = 0; i < on_.snapshot->monitors.size(); ++i) {
    const Monitor& monitor = on_.snapshot->monitors[i];
    if (monitor.type != MonitorType::kStream || !on_.Runs(monitor) ||
        !Matches(monitor.orphan_filter, IpBytes(context.parsed))) {
      continue;
    }
    matched |= uint64_t{1} << i;
    CountMatch(*on_.counters[i], MonitorFilter::kOrphan);
    if (!wants_orphans_) continue;
    for (size_t nf : monitor.nf_instances) {
      NfSlot* const slot = on_.slots[nf];
      if (!WantsOrphans(*slot)) continue;
      const auto used = std::span(chain).first(count);
      if (count < chain.size() && std::ranges::count(used, slot) == 0) {
        chain[count++] = slot;
      }
    }
  }
  const bool observed =
      matched != 0 && dispatcher_.ObservesPackets(EventKind::kOrphan);
  if (count == 0 && !observed) return Verdict::kForward;
  PacketView view = ViewOf(context, Side::kClient, nullptr, EditStage::kRaw);
  Event event;
  event.kind = EventKind::kOrphan;
  event.now = context.now;
  event.packet = &view;
  if (observed) {
    dispatcher_.ObservePacket(event, context.parsed, matched, *on_.snapshot);
  }
  if (count == 0) return Verdict::kForward;
  return dispatcher_.RaiseWithoutFlow(std::span(chain).first(count), event);
}

}  // namespace mosaic
