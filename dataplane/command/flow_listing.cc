#include "dataplane/command/flow_listing.h"

#include <algorithm>

#include "dataplane/flow/flow_table.h"

namespace mosaic {
namespace {

// Orders by activity, ties by age, so that a list does not flicker.
bool MoreRecent(const FlowSummary& a, const FlowSummary& b) {
  if (a.last_packet != b.last_packet) return a.last_packet > b.last_packet;
  return a.id > b.id;
}

FlowSummary Summarise(const Flow& flow) {
  FlowSummary summary;
  summary.id = flow.id;
  summary.client = EndpointOf(flow.key, flow.client);
  summary.server =
      EndpointOf(flow.key, static_cast<EndpointIndex>(flow.client ^ 1));
  summary.protocol = flow.key.protocol;
  for (Side side : {Side::kClient, Side::kServer}) {
    summary.state[Index(side)] = flow.end[Index(side)].state;
    summary.sent[Index(side)] = CountersOf(flow, side);
  }
  summary.start = flow.start;
  summary.last_packet = flow.last_packet;
  return summary;
}

}  // namespace

FlowListing::FlowListing(size_t max_flows) : max_flows_(max_flows) {
  result_.reserve(max_flows + 1);
}

bool FlowListing::Step(FlowTable& flows, Timestamp now) {
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
