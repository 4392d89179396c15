// What the plan says is what an engine takes: of address space, and at start.

#include "dataplane/engine/memory_plan.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/engine/engine.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr size_t kPageBytes = 4096;

struct ProcessMemory {
  uint64_t mapped = 0;
  uint64_t resident = 0;

  static ProcessMemory Now() {
    ProcessMemory memory;
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    unsigned long mapped = 0;
    unsigned long resident = 0;
    EXPECT_EQ(std::fscanf(file, "%lu %lu", &mapped, &resident), 2);
    std::fclose(file);
    memory.mapped = mapped * kPageBytes;
    memory.resident = resident * kPageBytes;
    return memory;
  }
};

// Only its context counts.
class WithContext : public NetworkFunction {
 public:
  static constexpr size_t kBytes = 40;
  EventMask subscriptions() const override { return {}; }
  ContextLayout context_layout() const override { return {kBytes}; }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event&, FlowView&) override {
    return Verdict::kForward;
  }
};

class Nowhere : public PacketSink {
 public:
  size_t Send(std::span<Packet> packets) override { return packets.size(); }
};

const MemoryPart& Part(const std::vector<MemoryPart>& parts,
                       const std::string& name) {
  for (const MemoryPart& part : parts) {
    if (part.name == name) return part;
  }
  ADD_FAILURE() << "no part " << name;
  return parts.front();
}

MemoryPlanInput InputFor(size_t flows, size_t workers) {
  MemoryPlanInput input;
  input.workers = workers;
  input.pipeline.limits.flows = flows;
  input.pipeline.limits.prefault = Prefault::kYes;
  return input;
}

double Ratio(uint64_t have, uint64_t want) {
  return static_cast<double>(have) / static_cast<double>(want);
}

TEST(MemoryPlan, IsWhatAnEngineMapsAndMakesResident) {
  constexpr size_t kFlows = size_t{1} << 18;
  constexpr size_t kWorkers = 2;
  MemoryPlanInput input = InputFor(kFlows, kWorkers);
  input.sends = true;
  input.functions = {{"nfInstances/a", WithContext::kBytes}};
  const std::vector<MemoryPart> parts = PlanWorkerMemory(input);

  Nowhere nowhere;
  EngineConfig config;
  config.workers = kWorkers;
  config.worker.pipeline = input.pipeline;
  config.sinks.assign(kWorkers, {&nowhere});
  const ProcessMemory before = ProcessMemory::Now();
  Engine engine(config,
                [](const NfInstance&,
                   size_t) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
                  return std::make_unique<WithContext>();
                },
                {});
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = 1;
  snapshot->nf_instances.resize(1);
  ASSERT_TRUE(engine.Apply(std::move(snapshot), Engine::LiveFlows::kKeep).ok());
  const ProcessMemory after = ProcessMemory::Now();

  EXPECT_NEAR(Ratio(after.mapped - before.mapped, kWorkers * TotalBytes(parts)),
              1, 0.03);
  EXPECT_NEAR(
      Ratio(after.resident - before.resident, kWorkers * BytesAtStart(parts)),
      1, 0.05);
}

TEST(MemoryPlan, CountsForEachFlowWhatTheTrackerSaysAndTheRestBesides) {
  const MemoryPlanInput input = InputFor(100'000, 1);
  const std::vector<MemoryPart> parts = PlanWorkerMemory(input);
  EngineConfig config;
  config.worker.pipeline = input.pipeline;
  Engine engine(config, nullptr, {});
  EXPECT_EQ(
      (Part(parts, "flow_table").bytes + Part(parts, "half_open_list").bytes +
       Part(parts, "flow_timers").bytes) /
          100'000,
      engine.worker(0).pipeline().tracker().bytes_per_flow());
  EXPECT_EQ(
      Part(parts, "reassembly").bytes,
      input.pipeline.limits.reassembly_bytes / sizeof(Chunk) * sizeof(Chunk));
  EXPECT_EQ(Part(parts, "held_segments").count,
            input.pipeline.limits.held_segments);
}

TEST(MemoryPlan, AContextTakesItsBytesRoundedToSixteenForEachFlow) {
  MemoryPlanInput input = InputFor(1000, 1);
  const uint64_t without = BytesPerFlow(PlanWorkerMemory(input));
  input.functions = {{"nfInstances/a", 40}, {"nfInstances/none", 0}};
  const std::vector<MemoryPart> parts = PlanWorkerMemory(input);
  EXPECT_EQ(Part(parts, "context of nfInstances/a").bytes, 48'000u);
  EXPECT_EQ(BytesPerFlow(parts), without + 48);
}

TEST(MemoryPlan, HasPathsOnlyWherePortsSendAndRingsOnlyBetweenWorkers) {
  const auto has = [](const MemoryPlanInput& input, const std::string& name) {
    for (const MemoryPart& part : PlanWorkerMemory(input)) {
      if (part.name == name) return true;
    }
    return false;
  };
  MemoryPlanInput input = InputFor(1000, 1);
  EXPECT_FALSE(has(input, "paths"));
  EXPECT_FALSE(has(input, "handoff_rings"));
  input.sends = true;
  input.workers = 3;
  EXPECT_TRUE(has(input, "paths"));
  EXPECT_EQ(Part(PlanWorkerMemory(input), "handoff_rings").count, 2u);
}

TEST(MemoryPlan, WithoutPrefaultTheTableIsNotThereAtStart) {
  MemoryPlanInput input = InputFor(1000, 1);
  input.pipeline.limits.prefault = Prefault::kNo;
  EXPECT_EQ(Part(PlanWorkerMemory(input), "flow_table").at_start, 0u);
}

}  // namespace
}  // namespace mosaic
