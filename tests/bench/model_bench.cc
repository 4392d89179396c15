// Prints what the model of events costs, in nanoseconds, the best of several
// rounds: attaching flows that all share one subscription, flows that change
// their handlers while they run, and events that nobody listens to.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/engine/pipeline.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr EventId kPacket = EventIdOf(EventKind::kPacketIn);
constexpr int kRounds = 7;

Verdict Ignore(void*, const EventCall&) { return Verdict::kForward; }

// Works with handlers, wants nothing by itself, and notes names of its flows.
class BenchFunction : public NetworkFunction {
 public:
  explicit BenchFunction(EventMask wants) : wants_(wants) {}
  EventMask subscriptions() const override { return wants_; }
  bool uses_handlers() const override { return true; }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  void Start(const WorkerView& view) override { worker = view; }
  Verdict OnEvent(const Event&, FlowView& flow) override {
    handles.push_back(flow.handle());
    return Verdict::kForward;
  }
  WorkerView worker;
  std::vector<FlowHandle> handles;

 private:
  const EventMask wants_;
};

// One worker with one monitor and one function.
struct Bench {
  Bench(size_t flows, EventMask wants)
      : slot("nfInstances/bench", std::make_unique<BenchFunction>(wants),
             FailurePolicy::kOpen, flows) {
    PipelineConfig config;
    config.limits.flows = flows;
    config.limits.timeouts.enabled = false;
    config.limits.pressure.half_open_percent = 100;
    pipeline =
        std::make_unique<Pipeline>(config, hash, handoff, 0, core_counters);
    snapshot.revision = 1;
    snapshot.monitors.resize(1);
    snapshot.monitors[0].nf_instances = {0};
    snapshot.nf_instances.resize(1);
    pipeline->SetSnapshot({&snapshot, slots, counters}, 0);
  }
  ~Bench() { pipeline->EndAll(EndReason::kShutdown, Timestamp()); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  BenchFunction& function() { return static_cast<BenchFunction&>(*slot.nf); }

  // A SYN of its own for each flow.
  void AddFlows(size_t count) {
    function().handles.reserve(count);
    Burst burst;
    for (size_t i = 0; i < count; ++i) {
      const auto port = static_cast<uint16_t>(1 + i % 65'000);
      Packet& packet = burst.packet[burst.size++];
      packet = store.Make(
          PacketBuilder()
              .Ipv4("10.0.0." + std::to_string(1 + i / 65'000), "10.1.0.1")
              .Tcp(port, 80)
              .Flags(tcp_flag::kSyn));
      packet.index = i;
      packet.clock = Timestamp::FromNanos(1'000'000'000);
      packet.time = packet.clock;
      if (burst.size == Burst::kMaxPackets || i + 1 == count) {
        pipeline->ProcessReceived(burst);
      }
    }
  }

  size_t subscriptions() {
    std::vector<const Subscription*> used;
    FlowTable& table = pipeline->tracker().table();
    for (uint32_t i = 0; i < table.high_water(); ++i) {
      if (table.InUse(i)) used.push_back(table.At(i).subscription);
    }
    std::ranges::sort(used);
    const auto rest = std::ranges::unique(used);
    return used.size() - rest.size();
  }

  PacketStore store;
  const FlowHash hash{{1, 2}};
  Handoff handoff{1};
  CoreCounters core_counters;
  MonitorCounters monitor_counters;
  NfSlot slot;
  std::vector<NfSlot*> slots = {&slot};
  std::vector<MonitorCounters*> counters = {&monitor_counters};
  Snapshot snapshot;
  std::unique_ptr<Pipeline> pipeline;
};

double NanosSince(Clock::time_point start, size_t steps) {
  const std::chrono::duration<double, std::nano> took = Clock::now() - start;
  return took.count() / static_cast<double>(steps);
}

void MeasureSharing(size_t flows) {
  Bench bench(flows, EventMask());
  bench.function().worker.Register(kPacket, Hook::kSender, {Ignore, nullptr});
  bench.AddFlows(flows);
  std::printf("%-52s %10zu\n", "flows with the same handlers",
              bench.pipeline->tracker().table().size());
  std::printf("%-52s %10zu\n", "  subscriptions they use",
              bench.subscriptions());
}

// Each flow changes its handlers, to one of `contents` different sets and back.
void MeasureChanges(size_t flows, size_t contents) {
  Bench bench(flows, EventMask::Of(EventKind::kConnectionStart, Hook::kSender));
  bench.AddFlows(flows);
  const WorkerView& worker = bench.function().worker;
  std::vector<int> opaque(contents);
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    size_t failed = 0;
    const Clock::time_point start = Clock::now();
    size_t next = 0;
    for (const FlowHandle& handle : bench.function().handles) {
      worker.VisitFlow(handle, [&](FlowView& flow) {
        const EventHandler handler{Ignore, &opaque[next++ % contents]};
        failed += flow.Register(kPacket, Hook::kSender, handler) !=
                  RegisterError::kNone;
      });
    }
    for (const FlowHandle& handle : bench.function().handles) {
      worker.VisitFlow(handle, [&](FlowView& flow) {
        failed +=
            flow.Register(kPacket, Hook::kSender, {}) != RegisterError::kNone;
      });
    }
    best = std::min(best, NanosSince(start, 2 * flows));
    if (failed > 0) std::printf("%zu changes failed\n", failed);
  }
  std::printf("ns per change, %6zu flows, %4zu different sets %16.1f\n", flows,
              contents, best);
}

// What the engine asks of a flow for a plain segment with payload.
void MeasureUnwanted(size_t flows) {
  Bench bench(flows, EventMask());
  bench.AddFlows(flows);
  FlowTracker& tracker = bench.pipeline->tracker();
  FlowTable& table = tracker.table();
  const Dispatcher& dispatcher = tracker.dispatcher();
  constexpr int kPasses = 100;
  double best = 1e9;
  double walk = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    uint64_t wanted = 0;
    Clock::time_point start = Clock::now();
    for (int pass = 0; pass < kPasses; ++pass) {
      for (uint32_t i = 0; i < flows; ++i) {
        asm volatile("" : : "r"(table.At(i).flags) : "memory");
      }
    }
    walk = std::min(walk, NanosSince(start, kPasses * flows));
    start = Clock::now();
    for (int pass = 0; pass < kPasses; ++pass) {
      for (uint32_t i = 0; i < flows; ++i) {
        const Flow& flow = table.At(i);
        asm volatile("" : : "r"(flow.flags) : "memory");
        wanted += dispatcher.Wants(flow, EventKind::kPacketIn, Hook::kSender,
                                   Side::kClient);
        wanted += dispatcher.Wants(flow, EventKind::kPacketIn, Hook::kReceiver,
                                   Side::kServer);
        wanted += dispatcher.Wants(flow, EventKind::kNewData, Hook::kNone,
                                   Side::kServer);
      }
    }
    best = std::min(best, NanosSince(start, kPasses * flows));
    if (wanted > 0) std::printf("%lu events wanted\n", wanted);
  }
  std::printf("ns per packet, three events that nobody listens to %13.2f\n",
              best - walk);
}

}  // namespace
}  // namespace mosaic

int main() {
  mosaic::MeasureSharing(1'000'000);
  for (const size_t flows : {100, 1'000, 10'000}) {
    mosaic::MeasureChanges(flows, 1);
    mosaic::MeasureChanges(flows, 64);
  }
  mosaic::MeasureUnwanted(64);
}
