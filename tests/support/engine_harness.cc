#include "tests/support/engine_harness.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "gtest/gtest.h"

namespace mosaic::testing {
namespace {

std::string_view Name(EventKind kind) {
  static constexpr std::string_view kNames[kEventKinds] = {
      "start", "packet", "rexmit", "error", "data", "state", "orphan", "end"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view Name(Hook hook) {
  static constexpr std::string_view kNames[kHooks] = {"snd", "rcv", ""};
  return kNames[static_cast<size_t>(hook)];
}

std::string_view Name(Side side) {
  return side == Side::kClient ? "client" : "server";
}

std::string Text(const Event& event) {
  std::string text(Name(event.kind));
  if (event.hook != Hook::kNone) (text += ' ') += Name(event.hook);
  (text += ' ') += Name(event.side);
  switch (event.kind) {
    case EventKind::kError:
      (text += ' ') += mosaic::Name(event.error.cause);
      text += ' ' + std::to_string(event.error.offset) + '+' +
              std::to_string(event.error.length);
      break;
    case EventKind::kNewData:
      text += ' ' + std::to_string(event.offset) + ' ' +
              std::string(event.data.begin(), event.data.end());
      break;
    case EventKind::kStateChange:
      (text += ' ') += mosaic::Name(event.old_state);
      (text += '>') += mosaic::Name(event.new_state);
      break;
    case EventKind::kConnectionEnd:
      (text += ' ') += mosaic::Name(event.end_reason);
      break;
    case EventKind::kConnectionStart:
    case EventKind::kPacketIn:
    case EventKind::kRetransmission:
    case EventKind::kOrphan:
      break;
  }
  return text;
}

// Writes down what it is told, then does as its setup says.
class RecordingFunction : public NetworkFunction {
 public:
  RecordingFunction(const FunctionSetup& setup, Recording& recording)
      : setup_(setup), recording_(recording) {}

  EventMask subscriptions() const override { return setup_.wants; }
  ContextLayout context_layout() const override {
    if (setup_.context.bytes > 0) return setup_.context;
    return {setup_.context_bytes};
  }
  bool peeks() const override { return setup_.peeks; }
  bool uses_handlers() const override { return setup_.uses_handlers; }
  void Start(const WorkerView& worker) override {
    if (setup_.on_start) setup_.on_start(worker);
  }
  void OnTimer(const TimerEvent& timer, FlowView* flow) override {
    if (setup_.on_timer) setup_.on_timer(timer, flow);
  }
  bool compares_retransmissions() const override {
    return setup_.compares_retransmissions;
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}

  Verdict OnEvent(const Event& event, FlowView& flow) override {
    const std::string text = Text(event);
    recording_.events.push_back(text);
    recording_.by_flow[flow.id()].push_back(std::to_string(event.now.nanos()) +
                                            ' ' + text);
    if (event.kind == EventKind::kNewData) {
      recording_.data[Index(event.side)].append(event.data.begin(),
                                                event.data.end());
      recording_.data_offsets[Index(event.side)].push_back(event.offset);
    } else if (event.kind == EventKind::kError) {
      recording_.errors.push_back(event.error);
    } else if (event.kind == EventKind::kConnectionEnd) {
      for (Side side : {Side::kClient, Side::kServer}) {
        recording_.counters_at_end[Index(side)] = flow.counters(side);
      }
    }
    Verdict verdict = Verdict::kForward;
    if (setup_.uses_handlers) verdict = flow.RunHandlers(event, nullptr);
    if (setup_.on_event)
      verdict = std::max(verdict, setup_.on_event(event, flow));
    return verdict;
  }

  Verdict OnPacket(const Event& event) override {
    recording_.events.push_back(event.kind == EventKind::kOrphan ? "orphan"
                                                                 : "raw");
    return setup_.on_packet ? setup_.on_packet(event) : Verdict::kForward;
  }

 private:
  const FunctionSetup& setup_;
  Recording& recording_;
};

std::shared_ptr<const PacketFilter> Compiled(std::string_view expression,
                                             FilterBase base) {
  auto filter = PacketFilter::Compile(expression, base, CheckInThisProcess);
  MOSAIC_CHECK(filter.ok());
  return *std::move(filter);
}

template <size_t n>
uint64_t Total(const std::array<Counter, n>& counters) {
  uint64_t total = 0;
  for (const Counter& counter : counters) total += counter.Read();
  return total;
}

}  // namespace

EventMask EventsOf(std::vector<EventKind> kinds) {
  EventMask mask;
  for (EventKind kind : kinds) {
    for (Hook hook : {Hook::kSender, Hook::kReceiver, Hook::kNone}) {
      mask = mask | EventMask::Of(kind, hook);
    }
  }
  return mask;
}

EventMask AllEvents() {
  return EventMask::AllOf(Side::kClient) | EventMask::AllOf(Side::kServer);
}

Monitor StreamMonitor(std::vector<size_t> functions) {
  Monitor monitor;
  monitor.name = "monitors/stream";
  monitor.nf_instances = std::move(functions);
  return monitor;
}

Monitor RawMonitor(std::vector<size_t> functions) {
  Monitor monitor = StreamMonitor(std::move(functions));
  monitor.name = "monitors/raw";
  monitor.type = MonitorType::kRaw;
  return monitor;
}

std::shared_ptr<const PacketFilter> StreamFilter(std::string_view expression) {
  return Compiled(expression, FilterBase::kInnermostIp);
}

std::shared_ptr<const PacketFilter> FrameFilter(std::string_view expression) {
  return Compiled(expression, FilterBase::kFrame);
}

std::vector<std::string> Recording::Only(std::string_view prefix) const {
  std::vector<std::string> found;
  for (const std::string& event : events) {
    if (event.starts_with(prefix)) found.push_back(event);
  }
  return found;
}

std::vector<StreamError> Recording::ErrorsOf(ErrorCause cause) const {
  std::vector<StreamError> found;
  for (const StreamError& error : errors) {
    if (error.cause == cause) found.push_back(error);
  }
  return found;
}

EngineSetup::EngineSetup() : functions(1), monitors({StreamMonitor({0})}) {
  pipeline.limits.flows = 256;
  pipeline.limits.reassembly_bytes = size_t{4} << 20;
  pipeline.limits.timeouts.enabled = false;
  pipeline.limits.timers = 256;
  pipeline.limits.expiry_budget = SIZE_MAX;
  pipeline.handoff = HandoffPolicy::kWait;
}

EngineHarness::EngineHarness(EngineSetup setup)
    : setup_(std::move(setup)),
      recordings_(setup_.functions.size()),
      hash_(setup_.seed),
      handoff_(setup_.workers),
      slots_(setup_.workers),
      slot_pointers_(setup_.workers),
      counters_(setup_.workers),
      monitor_counters_(setup_.workers) {
  for (size_t worker = 0; worker < setup_.workers; ++worker) {
    for (size_t i = 0; i < setup_.functions.size(); ++i) {
      const FunctionSetup& function = setup_.functions[i];
      slots_[worker].push_back(std::make_unique<NfSlot>(
          "nfInstances/" + std::to_string(i),
          std::make_unique<RecordingFunction>(function, recordings_[i]),
          function.failure_policy, setup_.pipeline.limits.flows));
      slot_pointers_[worker].push_back(slots_[worker].back().get());
    }
    pipelines_.push_back(
        std::make_unique<Pipeline>(setup_.pipeline, hash_, handoff_, worker,
                                   counters_[worker], setup_.sinks));
    if (worker < setup_.observers.size()) {
      tracker(worker).dispatcher().SetObserver(*setup_.observers[worker]);
    }
  }
  Configure(setup_.monitors, LiveFlows::kKeep);
}

EngineHarness::~EngineHarness() {
  EndAll();
  ExpectAccountsBalance();
  EXPECT_EQ(Sum([](const CoreCounters& c) { return c.pending_bytes.Read(); }),
            0u);
  EXPECT_EQ(store_.held(), 0u) << "packets nobody gave back";
  for (const auto& pipeline : pipelines_) {
    FlowTracker& tracker = pipeline->tracker();
    EXPECT_EQ(tracker.table().size(), 0u);
    EXPECT_EQ(pipeline->buffers().lent(), 0u);
    EXPECT_EQ(pipeline->translator().remapped_flows(), 0u);
    EXPECT_EQ(pipeline->holds().held(), 0u);
    EXPECT_EQ(tracker.stream_states().lent(), 0u);
    EXPECT_EQ(tracker.rare_states().lent(), 0u);
    EXPECT_EQ(tracker.link_states().lent(), 0u);
    EXPECT_EQ(tracker.chunks().free_chunks(), tracker.chunks().total_chunks());
  }
}

void EngineHarness::Configure(std::vector<Monitor> monitors,
                              LiveFlows live_flows) {
  Snapshot& snapshot = snapshots_.emplace_back();
  snapshot.revision = snapshots_.size();
  snapshot.monitors = std::move(monitors);
  snapshot.nf_instances.resize(setup_.functions.size());
  for (size_t worker = 0; worker < setup_.workers; ++worker) {
    std::vector<MonitorCounters*>& counters =
        monitor_counter_pointers_.emplace_back();
    for (const Monitor& monitor : snapshot.monitors) {
      counters.push_back(&monitor_counters_[worker][monitor.name]);
    }
    pipelines_[worker]->SetSnapshot(
        {&snapshot, slot_pointers_[worker], counters},
        live_flows == LiveFlows::kReevaluate ? snapshot.revision : 0);
  }
}

void EngineHarness::Send(const PacketBuilder& packet, size_t receiver) {
  Add(store_.Make(packet));
  if (!collecting_ || burst_.size == Burst::kMaxPackets) Run(receiver);
}

void EngineHarness::SendFrame(std::span<const uint8_t> frame,
                              const std::function<void(Packet&)>& edit) {
  Packet packet = store_.Make(frame);
  edit(packet);
  SendPacket(std::move(packet));
}

void EngineHarness::SendPacket(Packet packet) {
  Add(std::move(packet));
  if (!collecting_ || burst_.size == Burst::kMaxPackets) Run(0);
}

void EngineHarness::SendAlone(const PacketBuilder& packet) {
  Add(store_.Make(packet));
  pipelines_[0]->ProcessReceived(burst_);
}

void EngineHarness::Add(Packet packet) {
  clock_ = std::max(clock_, time_);
  Packet& made = burst_.packet[burst_.size];
  made = std::move(packet);
  made.time = time_;
  made.clock = clock_;
  made.index = next_index_++;
  ++burst_.size;
}

void EngineHarness::EndBurst(size_t receiver) {
  collecting_ = false;
  Run(receiver);
}

void EngineHarness::Run(size_t receiver) {
  pipelines_[receiver]->ProcessReceived(burst_);
  ProcessHandedOver();
}

void EngineHarness::ProcessHandedOver() {
  if (setup_.workers == 1) return;
  size_t moved;
  do {
    moved = 0;
    for (const auto& pipeline : pipelines_) {
      moved += pipeline->ProcessHandedOver();
    }
  } while (moved > 0);
}

void EngineHarness::RunTimers() {
  clock_ = std::max(clock_, time_);
  for (const auto& pipeline : pipelines_) pipeline->AdvanceTo(clock_);
}

void EngineHarness::EndAll(EndReason reason) {
  ProcessHandedOver();
  RunTimers();
  for (const auto& pipeline : pipelines_) pipeline->EndAll(reason, clock_);
}

size_t EngineHarness::flows() const {
  size_t flows = 0;
  for (const auto& pipeline : pipelines_) {
    flows += pipeline->tracker().table().size();
  }
  return flows;
}

const Flow& EngineHarness::flow() const {
  for (const auto& pipeline : pipelines_) {
    FlowTable& table = pipeline->tracker().table();
    for (uint32_t i = 0; i < table.high_water(); ++i) {
      if (table.InUse(i)) return table.At(i);
    }
  }
  MOSAIC_CHECK(!"there is a flow");
  return pipelines_[0]->tracker().table().At(0);
}

uint64_t EngineHarness::Sum(
    const std::function<uint64_t(const CoreCounters&)>& read) const {
  uint64_t sum = 0;
  for (const CoreCounters& counters : counters_) sum += read(counters);
  return sum;
}

void EngineHarness::ExpectAccountsBalance() const {
  using C = const CoreCounters&;
  EXPECT_EQ(Sum([](C c) {
              return c.rx_packets.Read() + c.originated_packets.Read();
            }),
            Sum([](C c) {
              return c.tx_packets.Read() + c.consumed_packets.Read() +
                     c.held_packets.Read() + Total(c.dropped_packets) +
                     c.handed_off_packets.Read() - c.taken_over_packets.Read();
            }))
      << "each packet has one fate";
  EXPECT_EQ(Sum([](C c) { return c.stream_bytes.Read(); }), Sum([](C c) {
              return Total(c.delivered_bytes) + c.duplicate_bytes.Read() +
                     c.unverified_bytes.Read() + c.late_after_gap_bytes.Read() +
                     c.replaced_bytes.Read() + Total(c.refused_bytes) +
                     Total(c.discarded_bytes) + c.pending_bytes.Read();
            }))
      << "each stream byte has one account";
  for (size_t worker = 0; worker < pipelines_.size(); ++worker) {
    EXPECT_EQ(Total(counters_[worker].buffer_bytes),
              pipelines_[worker]->tracker().usage().buffer_bytes)
        << "buffer memory is the sides' together";
  }
}

}  // namespace mosaic::testing
