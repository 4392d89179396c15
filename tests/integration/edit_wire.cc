// A wire between two ports with one function in it that changes TCP streams in
// both directions: behind each 'I' it puts "nserted", and it removes each 'R'.
//
// usage: edit_wire LEFT RIGHT     (devices, "af_packet:left" for instance)
//
//   ready
//   end rx=2000 tx=1990 originated=40 edits=300 refused=20 buffers=0
//
// It runs until its standard input ends.

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/engine/pipeline.h"
#include "dataplane/event/nf_slot.h"
#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/device_check.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/port.h"
#include "dataplane/io/tsc_clock.h"

namespace mosaic {
namespace {

class StreamEditor : public NetworkFunction {
 public:
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kPacketIn, Hook::kSender);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}

  ContextLayout context_layout() const override { return {sizeof(Front)}; }

  // Lets data pass in order only, since lengths change in order only: what
  // comes early is dropped and comes again.
  Verdict OnEvent(const Event& event, FlowView& flow) override {
    PacketView& packet = *event.packet;
    if (packet.payload().empty()) return Verdict::kForward;
    Front& front = flow.Context<Front>();
    const size_t side = Index(packet.sender());
    const int32_t ahead = packet.seq().Since(SeqNum(front.next[side]));
    if (front.known[side] && ahead > 0) return Verdict::kDrop;
    const Verdict verdict = Edit(packet);
    if (verdict != Verdict::kForward) return verdict;
    const SeqNum end =
        packet.seq() + static_cast<uint32_t>(packet.payload().size());
    if (!front.known[side] || end > SeqNum(front.next[side])) {
      front.next[side] = end.raw();
      front.known[side] = true;
    }
    return Verdict::kForward;
  }

 private:
  // Behind the highest byte that went on, by sender.
  struct Front {
    uint32_t next[kSides];
    bool known[kSides];
  };

  static Verdict Edit(PacketView& packet) {
    for (size_t at = packet.payload().size(); at > 0; --at) {
      EditResult result = EditResult::kDone;
      if (packet.payload()[at - 1] == 'I') {
        result = packet.Insert(PacketRegion::kPayload, at, kPutIn);
      } else if (packet.payload()[at - 1] == 'R') {
        result = packet.Remove(PacketRegion::kPayload, at - 1, 1);
      }
      // What was sent before carries its edits already, whatever is in it.
      if (result == EditResult::kAlreadySent) break;
      if (result != EditResult::kDone) return Verdict::kDrop;
    }
    return Verdict::kForward;
  }

  static constexpr uint8_t kPutIn[] = {'n', 's', 'e', 'r', 't', 'e', 'd'};
};

class Wire {
 public:
  Wire(PortSet& ports, Timestamp now)
      : left_(ports.port(0)),
        right_(ports.port(1)),
        slot_("editor", std::make_unique<StreamEditor>(), FailurePolicy::kOpen,
              WorkerLimits().flows),
        pipeline_(Config(), hash_, handoff_, 0, counters_,
                  {&right_.tx_queue(0), &left_.tx_queue(0)}) {
    left_.rx_queue(0).AssignTo(numbers_);
    right_.rx_queue(0).AssignTo(numbers_);
    Monitor monitor;
    monitor.name = "monitors/all";
    monitor.nf_instances = {0};
    snapshot_.revision = 1;
    snapshot_.monitors = {monitor};
    snapshot_.nf_instances.resize(1);
    pipeline_.SetSnapshot({&snapshot_, slots_, monitors_}, 0);
    pipeline_.AdvanceTo(now);
  }

  void Run(const std::atomic<bool>& stop, const TscClock& clock) {
    while (!stop.load()) {
      for (Port* port : {&left_, &right_}) {
        burst_.size = port->rx_queue(0).Receive(burst_.packet);
        if (burst_.size > 0) pipeline_.ProcessReceived(burst_);
      }
      pipeline_.AdvanceTo(clock.Now());
    }
    pipeline_.EndAll(EndReason::kShutdown, clock.Now());
  }

  void PrintEnd() const {
    uint64_t refused = 0;
    for (size_t i = 1; i < kEditResults; ++i) {
      refused += counters_.packet_edits[i].Read();
    }
    std::printf(
        "end rx=%llu tx=%llu originated=%llu edits=%llu refused=%llu "
        "buffers=%zu\n",
        Number(counters_.rx_packets), Number(counters_.tx_packets),
        Number(counters_.originated_packets), Number(counters_.packet_edits[0]),
        static_cast<unsigned long long>(refused), pipeline_.buffers().lent());
  }

 private:
  static unsigned long long Number(const Counter& counter) {
    return counter.Read();
  }
  static PipelineConfig Config() {
    PipelineConfig config;
    config.limits.flows = 1024;
    return config;
  }

  Port& left_;
  Port& right_;
  PacketNumbers numbers_{0, 1};
  CoreCounters counters_;
  NfSlot slot_;
  std::vector<NfSlot*> slots_ = {&slot_};
  MonitorCounters monitor_counters_;
  std::vector<MonitorCounters*> monitors_ = {&monitor_counters_};
  Snapshot snapshot_;
  FlowHash hash_{{1, 2}};
  Handoff handoff_{1};
  Pipeline pipeline_;
  Burst burst_;
};

absl::Status Run(const std::vector<PortConfig>& configs) {
  for (const PortConfig& config : configs) {
    if (absl::Status status = CheckDevice(config); !status.ok()) return status;
  }
  EalConfig eal_config;
  eal_config.memory_mib = 256;
  eal_config.worker_cpus = SpreadWorkers(1, AllowedCpus());
  if (absl::Status status = AddDevices(configs, eal_config); !status.ok()) {
    return status;
  }
  const auto eal = Eal::Start(eal_config);
  if (!eal.ok()) return eal.status();
  const TscClock clock = TscClock::Start();
  const auto ports = PortSet::Open(configs, [clock] { return clock.Now(); });
  if (!ports.ok()) return ports.status();
  const auto wire = std::make_unique<Wire>(**ports, clock.Now());
  std::cout << "ready" << std::endl;
  std::atomic<bool> stop{false};
  absl::Status launched =
      (*eal)->Launch(0, [&wire, &stop, &clock] { wire->Run(stop, clock); });
  if (!launched.ok()) return launched;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  stop = true;
  (*eal)->JoinAll();
  wire->PrintEnd();
  return absl::OkStatus();
}

}  // namespace
}  // namespace mosaic

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: edit_wire LEFT RIGHT\n";
    return 2;
  }
  std::vector<mosaic::PortConfig> configs(2);
  for (size_t i = 0; i < 2; ++i) {
    configs[i].name = i == 0 ? "left" : "right";
    configs[i].device = argv[i + 1];
    configs[i].pool_packets = 8191;
    configs[i].mtu = 1600;
  }
  const absl::Status status = mosaic::Run(configs);
  if (!status.ok()) std::cerr << "edit_wire: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
