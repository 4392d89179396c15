#include "dataplane/command/flow_page.h"

#include <algorithm>
#include <utility>

#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow_table.h"

namespace mosaic {
namespace {

bool OlderId(const FlowSummary& a, const FlowSummary& b) { return a.id < b.id; }

bool IsAttachedToOne(const Flow& flow,
                     const std::vector<std::string>& monitors) {
  const Subscription& subscription = *flow.subscription;
  return std::ranges::any_of(
      subscription.attachments(), [&](const Attachment& attachment) {
        const std::string& name =
            subscription.on.snapshot->monitors[attachment.monitor].name;
        return std::ranges::count(monitors, name) > 0;
      });
}

}  // namespace

FlowPage::FlowPage(Query query, size_t max_flows)
    : query_(std::move(query)), max_flows_(max_flows) {
  result_.reserve(max_flows + 1);
}

void FlowPage::Consider(const Flow& flow) {
  if (flow.id < query_.min_id) return;
  if (result_.size() == max_flows_ && flow.id > result_.front().id) return;
  if (!query_.monitors.empty() && !IsAttachedToOne(flow, query_.monitors)) {
    return;
  }
  FlowSummary summary = Summarise(flow);
  if (query_.matches && !query_.matches(summary)) return;
  result_.push_back(summary);
  std::push_heap(result_.begin(), result_.end(), OlderId);
  if (result_.size() > max_flows_) {
    std::pop_heap(result_.begin(), result_.end(), OlderId);
    result_.pop_back();
  }
}

bool FlowPage::Step(WorkerFlows& flows, Timestamp now) {
  static_cast<void>(now);
  if (cancelled_.load(std::memory_order_relaxed)) return true;
  FlowTable& table = flows.table();
  const uint32_t end = std::min(table.high_water(), next_ + kFlowsPerStep);
  for (; next_ < end; ++next_) {
    if (table.InUse(next_)) Consider(table.At(next_));
  }
  if (next_ < table.high_water()) return false;
  std::sort_heap(result_.begin(), result_.end(), OlderId);
  return true;
}

}  // namespace mosaic
