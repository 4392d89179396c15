#include "dataplane/engine/memory_plan.h"

#include <algorithm>

namespace mosaic {
namespace {

constexpr const char* kFlows = "system.limits.flows_per_worker";

// Both collect parts; `at_start` is all of a part's bytes, or none.
enum class Resident : uint8_t { kAtStart, kWhenUsed };

class Plan {
 public:
  void Add(std::string name, std::string per, uint64_t count, uint64_t bytes,
           Resident resident, std::string setting = "") {
    parts_.push_back({std::move(name), std::move(per), count, bytes,
                      resident == Resident::kAtStart ? bytes : 0,
                      std::move(setting)});
  }
  std::vector<MemoryPart>& parts() { return parts_; }

 private:
  std::vector<MemoryPart> parts_;
};

void AddFlowParts(const MemoryPlanInput& input, Plan& plan) {
  const WorkerLimits& limits = input.pipeline.limits;
  const size_t flows = limits.flows;
  plan.Add("flow_table", "flow", flows, FlowTable::BytesFor(flows),
           limits.prefault == Prefault::kYes ? Resident::kAtStart
                                             : Resident::kWhenUsed,
           kFlows);
  plan.Add("half_open_list", "flow", flows, HalfOpenList::BytesFor(flows),
           limits.prefault == Prefault::kYes ? Resident::kAtStart
                                             : Resident::kWhenUsed,
           kFlows);
  plan.Add("flow_timers", "flow", flows, TimerWheel::BytesFor(flows),
           Resident::kAtStart, kFlows);
  plan.Add("stream_states", "flow", flows, StreamStatePool::BytesFor(2 * flows),
           Resident::kWhenUsed, kFlows);
  plan.Add("link_states", "flow", flows, LinkStatePool::BytesFor(flows),
           Resident::kWhenUsed, kFlows);
  plan.Add("rare_states", "flow", flows,
           BoundedPool<TcpRare>::BytesFor(RareStates::StatesFor(flows)),
           Resident::kWhenUsed, kFlows);
  plan.Add("hold_lists", "flow", flows, HoldQueue::BytesForFlows(flows),
           Resident::kWhenUsed, kFlows);
  plan.Add("end_order", "flow", flows, FlowTracker::EndOrderBytesFor(flows),
           Resident::kWhenUsed, kFlows);
  if (input.sends) {
    plan.Add("paths", "flow", flows, SegmentSender::BytesFor(flows),
             Resident::kWhenUsed, kFlows);
  }
  for (const MemoryPlanInput::Function& function : input.functions) {
    const size_t stride = NfSlot::StrideOf(function.context_bytes);
    if (stride == 0) continue;
    plan.Add("context of " + function.name, "flow", flows, flows * stride,
             Resident::kWhenUsed, kFlows);
  }
  std::ranges::stable_sort(plan.parts(), std::greater<>(), &MemoryPart::bytes);
}

void AddPools(const WorkerLimits& limits, Plan& plan) {
  const size_t chunks = FlowTracker::ChunksFor(limits.reassembly_bytes);
  plan.Add("reassembly", "chunk", chunks, chunks * sizeof(Chunk),
           Resident::kWhenUsed, "system.limits.reassembly_bytes_per_worker");
  plan.Add("held_segments", "segment", limits.held_segments,
           BoundedPool<HeldSegment>::BytesFor(limits.held_segments),
           Resident::kWhenUsed);
  plan.Add("edit_buffers", "buffer", limits.edit.buffers,
           PacketBuffers::BytesFor(limits.edit.buffers), Resident::kWhenUsed);
  plan.Add("remapped_flows", "remap", limits.edit.remapped_flows,
           SeqTranslator::BytesFor(limits.edit.remapped_flows),
           Resident::kWhenUsed);
  plan.Add("held_packets", "packet", limits.hold.packets,
           HoldQueue::BytesForPlaces(limits.hold.packets), Resident::kAtStart);
  plan.Add("timers", "timer", limits.timers,
           FunctionTimers::BytesFor(limits.timers), Resident::kWhenUsed);
}

void AddFragments(const FragmentLimits& limits, Plan& plan) {
  const size_t chunks = std::max<size_t>(limits.bytes / sizeof(Chunk), 1);
  plan.Add("fragments", "chunk", chunks, chunks * sizeof(Chunk),
           Resident::kWhenUsed, "system.fragments.buffer_bytes_per_worker");
  plan.Add("fragmented_datagrams", "datagram", limits.datagrams,
           IpReassembly::BytesForDatagrams(limits.datagrams),
           Resident::kAtStart, "system.fragments.datagrams_per_worker");
  plan.Add("whole_datagrams", "datagram", DatagramPool::kDatagrams,
           DatagramPool::Bytes(), Resident::kWhenUsed);
}

}  // namespace

std::vector<MemoryPart> PlanWorkerMemory(const MemoryPlanInput& input) {
  Plan plan;
  AddFlowParts(input, plan);
  AddPools(input.pipeline.limits, plan);
  AddFragments(input.pipeline.limits.fragments, plan);
  // Each worker's share: a ring to every other one.
  const uint64_t rings = input.workers - 1;
  if (rings > 0) {
    plan.Add("handoff_rings", "ring", rings,
             rings * Handoff::kRingPackets * sizeof(HandedPacket),
             Resident::kAtStart, "system.workers");
  }
  return std::move(plan.parts());
}

uint64_t TotalBytes(const std::vector<MemoryPart>& parts) {
  uint64_t sum = 0;
  for (const MemoryPart& part : parts) sum += part.bytes;
  return sum;
}

uint64_t BytesAtStart(const std::vector<MemoryPart>& parts) {
  uint64_t sum = 0;
  for (const MemoryPart& part : parts) sum += part.at_start;
  return sum;
}

uint64_t BytesPerFlow(const std::vector<MemoryPart>& parts) {
  uint64_t sum = 0;
  for (const MemoryPart& part : parts) {
    if (part.per == "flow") sum += part.bytes_each();
  }
  return sum;
}

}  // namespace mosaic
