// Whole workers on threads of their own, at all that they do: none asks the
// allocator for anything, or gives it anything back, from the first packet to
// the end of the last flow.

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dataplane/engine/engine.h"
#include "dataplane/parse/parsed_packet.h"
#include "gtest/gtest.h"
#include "tests/bench/memory_trace.h"
#include "tests/support/allocation_watch.h"
#include "tests/support/engine_harness.h"
#include "tests/support/fragments.h"
#include "tests/support/traffic_mix.h"
#include "tests/support/vector_source.h"

namespace mosaic::testing {
namespace {

// Holds everything back until it is opened.
class Gate : public PacketSource {
 public:
  explicit Gate(PacketSource& behind) : behind_(behind) {}
  void Open() { open_.store(true, std::memory_order_release); }

  size_t Receive(std::span<Packet> burst) override {
    return open_.load(std::memory_order_acquire) ? behind_.Receive(burst) : 0;
  }
  State state() const override {
    return open_.load(std::memory_order_acquire) ? behind_.state()
                                                 : State::kActive;
  }

 private:
  PacketSource& behind_;
  std::atomic<bool> open_{false};
};

// Two of them are a port's queue and its peer's.
class Nowhere : public PacketSink {
 public:
  size_t Send(std::span<Packet> packets) override {
    for (Packet& packet : packets) packet.Free();
    return packets.size();
  }
  std::optional<uint16_t> port() const override { return 0; }
};

// Hears everything, peeks, and works with handlers, an event of its own,
// timers, its context and its pointer.
class Reader : public NetworkFunction {
 public:
  EventMask subscriptions() const override { return AllEvents(); }
  ContextLayout context_layout() const override {
    return ContextLayout::Of<uint64_t>();
  }
  bool peeks() const override { return true; }
  bool uses_handlers() const override { return true; }
  bool compares_retransmissions() const override { return true; }
  void Configure(std::shared_ptr<const NfConfig>) override {}

  void Start(const WorkerView& worker) override {
    const Definition large = worker.DefineEvent(
        EventIdOf(EventKind::kNewData), {[](void*, const EventCall& call) {
          return call.event.data.size() > 100;
        }},
        {});
    worker.Register(large.id, Hook::kNone, {&Reader::Handle, this});
    worker.ArmTimer({Duration::Millis(1), Duration::Millis(1)});
  }

  Verdict OnEvent(const Event& event, FlowView& flow) override {
    ++flow.Context<uint64_t>();
    if (event.kind == EventKind::kConnectionStart) {
      flow.set_user(this);
      flow.ArmTimer({Duration::Seconds(1), Duration::Seconds(1)});
    }
    if (event.kind == EventKind::kNewData) {
      if (flow.id() % 3 > 0) read_ += flow.Peek(event.side, bytes_).bytes;
      if (flow.id() % 16 == 5) flow.SetBufferBytes(event.side, 8192);
      if (flow.id() % 32 == 7) {
        flow.Register(EventIdOf(EventKind::kPacketIn), Hook::kReceiver,
                      {&Reader::Handle, this});
      }
      if (flow.id() % 64 == 9) flow.StopMonitoring(event.side);
    }
    return flow.RunHandlers(event, nullptr);
  }
  Verdict OnPacket(const Event&) override { return Verdict::kForward; }

 private:
  static Verdict Handle(void* self, const EventCall&) {
    ++static_cast<Reader*>(self)->handled_;
    return Verdict::kForward;
  }

  std::array<uint8_t, 2048> bytes_;
  uint64_t read_ = 0;
  uint64_t handled_ = 0;
};

// Edits, holds, drops, sends and resets.
class Meddler : public NetworkFunction {
 public:
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kPacketIn, Hook::kSender) |
           EventMask::Of(EventKind::kNewData, Hook::kNone);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}

  Verdict OnEvent(const Event& event, FlowView& flow) override {
    const uint64_t luck = ++events_ % 64;
    if (event.kind == EventKind::kNewData) {
      return luck == 11 ? Verdict::kDrop : Verdict::kForward;
    }
    if (event.packet->payload().empty()) return Verdict::kForward;
    switch (luck) {
      case 1:
        done_ += event.packet->Overwrite(PacketRegion::kPayload, 0, kBytes) ==
                 EditResult::kDone;
        break;
      case 2:
        done_ += event.packet->Insert(PacketRegion::kPayload, 0, kBytes) ==
                 EditResult::kDone;
        break;
      case 3:
        done_ += event.packet->Remove(PacketRegion::kPayload, 0, 1) ==
                 EditResult::kDone;
        break;
      case 4:
        flow.ArmTimer({Duration::Micros(100), Duration(), 1});
        return Verdict::kHold;
      case 5: {
        SegmentSpec segment;
        segment.from = event.side;
        segment.payload = kBytes;
        done_ += flow.Send(segment) == SendResult::kQueued;
        break;
      }
      case 6:
        if (flow.id() % 128 == 6) flow.Reset();
        break;
      case 7:
        if (flow.id() % 128 == 7) return Verdict::kBlockFlow;
        break;
      default:
        break;
    }
    return Verdict::kForward;
  }
  void OnTimer(const TimerEvent&, FlowView* flow) override {
    if (flow != nullptr) flow->Release(HeldFate::kForward);
  }

 private:
  static constexpr std::array<uint8_t, 3> kBytes = {'a', 'b', 'c'};
  uint64_t events_ = 0;
  uint64_t done_ = 0;
};

std::shared_ptr<const Snapshot> Everything() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = 1;
  snapshot->nf_instances.resize(2);
  snapshot->nf_instances[0].type = "reader";
  snapshot->nf_instances[1].type = "meddler";
  Monitor readers = StreamMonitor({0, 1});
  readers.midstream = Midstream::kPickup;
  readers.syn_filter = StreamFilter("tcp or udp or icmp or ip6");
  for (SidePolicy& side : readers.side) {
    side.buffer_bytes = 32'768;
    side.retain = Retain::kUnacked;
  }
  snapshot->monitors = {readers, RawMonitor({0})};
  for (size_t i = 0; i < snapshot->monitors.size(); ++i) {
    snapshot->monitors[i].name = "monitors/m" + std::to_string(i);
  }
  return snapshot;
}

// Lets `workers` workers process all that `source` has; with more than one,
// the first hands over what others own. Adds up what `read` reads of each.
class Play {
 public:
  Play(size_t workers, PacketSource& source) : gate_(source) {
    EngineConfig config;
    config.workers = workers;
    config.seed = {1, 2};
    config.worker.pipeline = MixedTrafficSetup().pipeline;
    // Small, so that bounds are met.
    config.worker.pipeline.limits.flows = 1024;
    config.worker.pipeline.limits.reassembly_bytes = size_t{1} << 20;
    config.worker.pipeline.limits.timers = 2048;
    config.worker.pipeline.handoff = HandoffPolicy::kWait;
    config.sinks.assign(workers, {&nowhere_});
    engine_ = std::make_unique<Engine>(
        config,
        [](const NfInstance& nf,
           size_t) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
          if (nf.type == "reader") return std::make_unique<Reader>();
          return std::make_unique<Meddler>();
        },
        std::vector<PacketSource*>{&gate_});
    EXPECT_TRUE(engine_->Apply(Everything(), Engine::LiveFlows::kKeep).ok());
    Run();
  }

  uint64_t allocator_calls() const { return allocator_calls_; }
  uint64_t Sum(const std::function<uint64_t(const CoreCounters&)>& read) const {
    uint64_t sum = 0;
    for (size_t i = 0; i < engine_->worker_count(); ++i) {
      sum += read(engine_->worker(i).counters());
    }
    return sum;
  }

 private:
  void Run() {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < engine_->worker_count(); ++i) {
      threads.emplace_back([this, i] {
        const AllocationWatch::Thread watched;
        engine_->RunWorker(i);
      });
    }
    while (!engine_->AllRunning()) std::this_thread::yield();
    AllocationWatch::Begin();
    gate_.Open();
    for (std::thread& thread : threads) thread.join();
    allocator_calls_ = AllocationWatch::End();
  }

  Gate gate_;
  Nowhere nowhere_;
  std::unique_ptr<Engine> engine_;
  uint64_t allocator_calls_ = 0;
};

void ExpectNoAllocation(const Play& play) {
  EXPECT_EQ(play.allocator_calls(), 0u) << AllocationWatch::FirstCaller();
}

bench::TrafficShape Disordered(std::string_view name, uint32_t connections,
                               uint32_t concurrent) {
  bench::TrafficShape shape = *bench::ShapeOf(name);
  shape.connections = connections;
  shape.concurrent = concurrent;
  shape.reorder = 0.05;
  shape.resend = 0.05;
  // Slow enough for connections that have ended to be forgotten.
  shape.interval_nanos = 1'000'000;
  return shape;
}

// Without this the other tests would show nothing.
TEST(Allocation, IsSeenOnAWatchedThreadOnly) {
  const auto allocate = [] {
    const std::unique_ptr<int> made(new int(1));
    // Keeps the compiler from leaving both calls out.
    asm volatile("" : : "r"(made.get()) : "memory");
  };
  AllocationWatch::Begin();
  std::thread([&] { allocate(); }).join();
  EXPECT_EQ(AllocationWatch::End(), 0u);

  AllocationWatch::Begin();
  std::thread([&] {
    const AllocationWatch::Thread watched;
    allocate();
  }).join();
  EXPECT_EQ(AllocationWatch::End(), 2u);
  EXPECT_NE(AllocationWatch::FirstCaller(), "");
}

TEST(Allocation, WorkersDoNoneForConnectionsOfManySegments) {
  const auto made = bench::MakeTrace(Disordered("web", 1500, 500));
  ASSERT_TRUE(made.ok());
  for (const size_t workers : {1, 3}) {
    TraceSource source(*made->trace);
    const Play play(workers, source);
    ExpectNoAllocation(play);
    const auto sum = [&play](Counter CoreCounters::*counter) {
      return play.Sum(
          [=](const CoreCounters& c) { return (c.*counter).Read(); });
    };
    EXPECT_GE(sum(&CoreCounters::flows_created), 1500u);
    EXPECT_GT(sum(&CoreCounters::out_of_order_packets), 100u);
    EXPECT_GT(sum(&CoreCounters::retransmitted_packets), 100u);
    EXPECT_GT(sum(&CoreCounters::timers_fired), 100u);
    EXPECT_GT(sum(&CoreCounters::remapped_packets), 100u);
    EXPECT_GT(sum(&CoreCounters::originated_packets), 10u);
    EXPECT_GT(sum(&CoreCounters::tx_packets), 10'000u);
    EXPECT_GT(play.Sum([](const CoreCounters& c) {
      return c.packet_holds[static_cast<size_t>(HoldEnd::kReleased)].Read();
    }),
              10u);
    EXPECT_EQ(sum(&CoreCounters::handed_off_packets) > 0, workers > 1);
  }
}

// More flows at once than the table has room for.
TEST(Allocation, WorkersDoNoneForShortConnectionsAndAtTheBoundOfFlows) {
  const auto made = bench::MakeTrace(Disordered("small", 20'000, 8'000));
  ASSERT_TRUE(made.ok());
  for (const size_t workers : {1, 3}) {
    TraceSource source(*made->trace);
    const Play play(workers, source);
    ExpectNoAllocation(play);
    EXPECT_GT(play.Sum([](const CoreCounters& c) {
      return c.flow_table_full.Read();
    }),
              100u);
  }
}

// Both IP versions, datagrams in fragments, conflicts, connections that are
// closed in every way or time out, tuples that are used again.
TEST(Allocation, WorkersDoNoneForMixedTrafficFragmentsAndTimeouts) {
  std::vector<TimedPacket> traffic;
  uint32_t id = 0;
  for (const TimedPacket& packet : MixedTraffic()) {
    traffic.push_back(packet);
    if (++id % 4 > 0) continue;
    const std::string text(100, 'x');
    const PacketBuilder whole =
        PacketBuilder().Udp(static_cast<uint16_t>(id), 53).Payload(text);
    std::vector<PacketBuilder> parts = Fragments(whole, id, {16, 48});
    if (id % 16 == 0) parts.pop_back();  // Never whole.
    for (const PacketBuilder& part : parts) {
      traffic.push_back({packet.time, part});
    }
  }
  for (const size_t workers : {1, 3}) {
    VectorSource source(traffic);
    const Play play(workers, source);
    ExpectNoAllocation(play);
    const auto datagrams = [&play](DatagramEnd end) {
      return play.Sum([=](const CoreCounters& c) {
        return c.ip_datagrams[static_cast<size_t>(end)].Read();
      });
    };
    EXPECT_GT(datagrams(DatagramEnd::kReassembled), 100u);
    EXPECT_GT(datagrams(DatagramEnd::kTimedOut), 10u);
    EXPECT_GT(play.Sum([](const CoreCounters& c) {
      return c.flows_ended[static_cast<size_t>(EndReason::kTimeout)].Read();
    }),
              20u);
  }
}

}  // namespace
}  // namespace mosaic::testing
