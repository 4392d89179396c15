#include "dataplane/command/flow_listing.h"

#include <algorithm>

#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow_table.h"

namespace mosaic {
namespace {

// Orders by activity, ties by age, so that a list does not flicker.
bool MoreRecent(const FlowSummary& a, const FlowSummary& b) {
  if (a.last_packet != b.last_packet) return a.last_packet > b.last_packet;
  return a.id > b.id;
}

SideMonitoring MonitoringOf(const Flow& flow, Side side) {
  SideMonitoring monitoring;
  const Subscription& subscription = *flow.subscription;
  monitoring.buffer_bytes = subscription.side[Index(side)].buffer_bytes;
  monitoring.read = monitoring.buffer_bytes > 0;
  monitoring.buffered_bytes = BufferedBytes(flow, side);
  const auto attachments = subscription.attachments();
  for (const Attachment& attachment : attachments) {
    if (monitoring.read || attachment.IsStopped(side)) continue;
    const SidePolicy& policy =
        SidePolicyOf(*subscription.on.snapshot, attachment, side);
    monitoring.buffer_bytes =
        std::max(monitoring.buffer_bytes, policy.buffer_bytes);
  }
  const auto stopped = [side](const Attachment& a) {
    return a.IsStopped(side);
  };
  monitoring.stopped =
      !attachments.empty() && std::ranges::all_of(attachments, stopped);
  if (monitoring.stopped) {
    monitoring.stop_reason = attachments.front().stop_reason[Index(side)];
  }
  return monitoring;
}

}  // namespace

FlowSummary Summarise(const Flow& flow) {
  FlowSummary summary;
  summary.id = flow.id;
  summary.client = EndpointOf(flow.key, flow.client);
  summary.server =
      EndpointOf(flow.key, static_cast<EndpointIndex>(flow.client ^ 1));
  summary.protocol = flow.key.protocol;
  summary.origin = flow.origin;
  for (Side side : {Side::kClient, Side::kServer}) {
    summary.state[Index(side)] = flow.end[Index(side)].state;
    summary.sent[Index(side)] = CountersOf(flow, side);
    summary.received[Index(side)] = MonitoringOf(flow, side);
  }
  summary.start = flow.start;
  summary.last_packet = flow.last_packet;
  summary.monitors = flow.subscription->monitors;
  summary.revision = flow.subscription->revision;
  return summary;
}

FlowListing::FlowListing(size_t max_flows) : max_flows_(max_flows) {
  result_.reserve(max_flows + 1);
}

bool FlowListing::Step(WorkerFlows& worker, Timestamp now) {
  FlowTable& flows = worker.table();
  static_cast<void>(now);
  const uint32_t end = std::min(flows.high_water(), next_ + kFlowsPerStep);
  for (; next_ < end; ++next_) {
    if (!flows.InUse(next_)) continue;
    const Flow& flow = flows.At(next_);
    if (result_.size() == max_flows_ &&
        (result_.empty() || flow.last_packet < result_.front().last_packet)) {
      continue;
    }
    result_.push_back(Summarise(flow));
    std::push_heap(result_.begin(), result_.end(), MoreRecent);
    if (result_.size() > max_flows_) {
      std::pop_heap(result_.begin(), result_.end(), MoreRecent);
      result_.pop_back();
    }
  }
  if (next_ < flows.high_water()) return false;
  std::sort_heap(result_.begin(), result_.end(), MoreRecent);
  return true;
}

}  // namespace mosaic
