#include "control/replay/replay.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "dataplane/io/eal.h"
#include "nf/registry.h"

namespace mosaic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kObserverPeriod = std::chrono::milliseconds(100);

Timestamp Now() {
  return Timestamp::FromNanos(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          Clock::now().time_since_epoch())
          .count());
}

// Cycles of the time stamp counter in a second, measured over the run: enough
// for a figure in a summary.
struct CycleClock {
  Clock::time_point wall = Clock::now();
  uint64_t cycles = __builtin_ia32_rdtsc();

  double CyclesPerSecond() const {
    const double seconds =
        std::chrono::duration<double>(Clock::now() - wall).count();
    return seconds > 0
               ? static_cast<double>(__builtin_ia32_rdtsc() - cycles) / seconds
               : 1;
  }
};

template <size_t N>
uint64_t Sum(const std::array<Counter, N>& counters) {
  uint64_t sum = 0;
  for (const Counter& counter : counters) sum += counter.Read();
  return sum;
}

void AddWorker(const CoreCounters& c, ReplayReport& report) {
  report.packets += c.rx_packets.Read();
  report.bytes += c.rx_bytes.Read();
  report.dropped_packets += Sum(c.dropped_packets);
  report.parse_errors += Sum(c.parse_errors);
  report.flows_created += c.flows_created.Read();
  report.tcp_connections += c.tcp_flows_created.Read();
  for (size_t i = 0; i < kEndReasons; ++i) {
    report.flows_ended[i] += c.flows_ended[i].Read();
  }
  report.delivered_bytes += Sum(c.delivered_bytes);
  report.gap_bytes += Sum(c.gap_bytes);
  report.conflict_bytes += c.conflict_bytes.Read();
  report.retransmitted_packets += c.retransmitted_packets.Read();
  report.out_of_order_packets += c.out_of_order_packets.Read();
  report.bounds_hit +=
      c.flow_table_full.Read() + c.subscriptions_full.Read() +
      c.flows_ended[static_cast<size_t>(EndReason::kEvicted)].Read() +
      c.refused_bytes[static_cast<size_t>(RefusedBytes::kNoMemory)].Read();
}

}  // namespace

struct Replay::Parts {
  std::unique_ptr<Eal> eal;
  std::unique_ptr<ReplaySource> source;
  std::unique_ptr<FilterCache> filters;
  std::unique_ptr<Engine> engine;
  CycleClock cycles;
  double wall_seconds = 0;
  // Asked for and not yet answered, by worker.
  std::vector<std::unique_ptr<FlowListing>> listings;
  std::vector<std::vector<FlowSummary>> last_listing;
};

Replay::Replay(ReplayPlan plan)
    : plan_(std::move(plan)),
      records_(std::make_unique<RecordStore>(plan_.workers, plan_.records)),
      parts_(std::make_unique<Parts>()) {}

Replay::~Replay() = default;

absl::StatusOr<std::unique_ptr<Replay>> Replay::Prepare(ReplayPlan plan) {
  auto replay = std::unique_ptr<Replay>(new Replay(std::move(plan)));
  const ReplayPlan& settled = replay->plan_;
  Parts& parts = *replay->parts_;

  ReplayOptions options;
  options.repeat = settled.loop ? ReplayOptions::Repeat::kForever
                                : ReplayOptions::Repeat::kOnce;
  options.speed = settled.speed;
  options.now = Now;
  absl::StatusOr<std::unique_ptr<ReplaySource>> source =
      ReplaySource::Create(settled.captures, options);
  if (!source.ok()) return source.status();
  parts.source = *std::move(source);

  parts.filters = std::make_unique<FilterCache>(
      CheckInProcessOf(std::string(kThisExecutable)));
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot =
      BuildSnapshot(settled.config, 1, settled.defaults, *parts.filters);
  if (!snapshot.ok()) return snapshot.status();

  EalConfig eal;
  eal.memory = settled.hugepages ? EalConfig::Memory::kHugePages
                                 : EalConfig::Memory::kOrdinaryPages;
  eal.memory_mib = settled.memory_mib;
  eal.worker_cpus = settled.worker_cpus;
  absl::StatusOr<std::unique_ptr<Eal>> started = Eal::Start(eal);
  if (!started.ok()) return started.status();
  parts.eal = *std::move(started);

  EngineConfig engine;
  engine.workers = settled.workers;
  engine.worker = settled.worker;
  engine.seed = FlowHash::RandomSeed();
  RecordStore& records = *replay->records_;
  parts.engine = std::make_unique<Engine>(
      engine,
      [&records](const NfInstance& instance, size_t worker) {
        NfServices services;
        services.records = records.SinkOf(instance.name, worker);
        return MakeNetworkFunction(instance.type, services);
      },
      std::vector<PacketSource*>{parts.source.get()});
  parts.listings.resize(settled.workers);
  parts.last_listing.resize(settled.workers);
  absl::Status applied =
      parts.engine->Apply(*std::move(snapshot), Engine::LiveFlows::kKeep);
  if (!applied.ok()) return applied;
  return replay;
}

std::vector<FlowSummary> Replay::ListFlows(size_t flows_shown) {
  std::vector<FlowSummary> all;
  for (size_t i = 0; i < parts_->listings.size(); ++i) {
    std::unique_ptr<FlowListing>& listing = parts_->listings[i];
    if (listing != nullptr && listing->done()) {
      parts_->last_listing[i] = listing->result();
      listing = nullptr;
    }
    if (listing == nullptr) {
      listing = std::make_unique<FlowListing>(flows_shown);
      if (!parts_->engine->worker(i).link().tasks.TryPush(listing.get())) {
        listing = nullptr;
      }
    }
    std::ranges::copy(parts_->last_listing[i], std::back_inserter(all));
  }
  std::ranges::sort(all, [](const FlowSummary& a, const FlowSummary& b) {
    if (a.last_packet != b.last_packet) return a.last_packet > b.last_packet;
    return a.id > b.id;
  });
  if (all.size() > flows_shown) all.resize(flows_shown);
  return all;
}

absl::Status Replay::Run(size_t flows_shown, const Observer& observer,
                         const std::function<bool()>& stop) {
  Engine& engine = *parts_->engine;
  parts_->cycles = CycleClock();
  const Clock::time_point begin = Clock::now();
  std::atomic<size_t> running{engine.worker_count()};
  for (size_t i = 0; i < engine.worker_count(); ++i) {
    const absl::Status launched =
        parts_->eal->Launch(i, [&engine, &running, i] {
          engine.RunWorker(i);
          running.fetch_sub(1, std::memory_order_release);
        });
    if (!launched.ok()) return launched;
  }
  Clock::time_point next_look = begin + kObserverPeriod;
  // Short naps, so that a small capture ends at once.
  while (running.load(std::memory_order_acquire) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (stop()) engine.Stop();
    if (Clock::now() < next_look) continue;
    next_look = Clock::now() + kObserverPeriod;
    parts_->wall_seconds =
        std::chrono::duration<double>(Clock::now() - begin).count();
    observer(
        {parts_->source->progress(), parts_->source->total_file_bytes(),
         flows_shown > 0 ? ListFlows(flows_shown) : std::vector<FlowSummary>(),
         report()});
  }
  parts_->eal->JoinAll();
  parts_->wall_seconds =
      std::chrono::duration<double>(Clock::now() - begin).count();
  return parts_->source->state() == PacketSource::State::kEnded
             ? parts_->source->status()
             : absl::OkStatus();
}

const std::vector<std::string>& Replay::warnings() const {
  return parts_->source->warnings();
}

ReplayReport Replay::report() const {
  ReplayReport report;
  report.wall_seconds = parts_->wall_seconds;
  report.loops = parts_->source->progress().loops.Read();
  const double hertz = parts_->cycles.CyclesPerSecond();
  for (size_t i = 0; i < parts_->engine->worker_count(); ++i) {
    Worker& worker = parts_->engine->worker(i);
    const CoreCounters& counters = worker.counters();
    AddWorker(counters, report);
    ReplayWorkerReport mine;
    mine.packets = counters.rx_packets.Read() +
                   counters.taken_over_packets.Read() -
                   counters.handed_off_packets.Read();
    mine.busy_seconds =
        static_cast<double>(counters.busy_cycles.Read()) / hertz;
    mine.flows = worker.pipeline().tracker().table().size();
    mine.cpu = plan_.worker_cpus[i];
    report.workers.push_back(mine);
  }
  return report;
}

}  // namespace mosaic
