#include "tests/bench/bench_run.h"

#include <pthread.h>
#include <sched.h>
#include <x86intrin.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>

#include "dataplane/base/check.h"
#include "dataplane/engine/engine.h"
#include "dataplane/io/allowed_cpus.h"

namespace mosaic::bench {
namespace {

// The same in every run, so that flows fall on the same workers.
constexpr FlowHash::Seed kSeed = {0x9d39247e33776d41, 0x2af7398005aaa5c7};

std::shared_ptr<const Snapshot> MakeSnapshot(const RunOptions& options) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = 1;
  NfInstance instance;
  instance.name = "nfInstances/bench";
  instance.type = "bench";
  snapshot->nf_instances.push_back(instance);
  Monitor monitor;
  monitor.name = "monitors/bench";
  if (options.workload != Workload::kFloor) monitor.nf_instances = {0};
  for (SidePolicy& side : monitor.side) side.retain = options.retain;
  snapshot->monitors.push_back(monitor);
  return snapshot;
}

EngineConfig MakeConfig(const RunOptions& options) {
  EngineConfig config;
  config.workers = options.workers;
  config.seed = kSeed;
  config.worker.burst_packets = options.burst_packets;
  PipelineConfig& pipeline = config.worker.pipeline;
  pipeline.parser.checksum = ChecksumPolicy::kIgnore;
  pipeline.handoff = HandoffPolicy::kWait;
  pipeline.look_up_only = options.workload == Workload::kFloor;
  pipeline.limits.flows = options.flows_limit;
  // The floor completes no handshake, and a table that relieves itself would
  // do other work than is asked for.
  pipeline.limits.pressure.half_open_percent = 100;
  pipeline.limits.pressure.from_percent = 200;
  pipeline.limits.pressure.emergency_percent = 200;
  pipeline.limits.prefault = Prefault::kYes;
  return config;
}

// The packets of each worker, as positions in the trace.
std::vector<std::vector<uint32_t>> SplitByOwner(const Trace& trace,
                                                size_t workers) {
  std::vector<std::vector<uint32_t>> positions(workers);
  const FlowHash hash(kSeed);
  const Handoff handoff(workers);
  const Parser parser(ParserConfig{ChecksumPolicy::kIgnore});
  for (uint32_t i = 0; i < trace.packets().size(); ++i) {
    const Trace::Entry& entry = trace.packets()[i];
    Packet packet;
    packet.data = entry.data;
    packet.length = entry.length;
    packet.wire_length = entry.wire_length;
    packet.link = entry.link;
    ParsedPacket parsed;
    parser.ParseOne(packet, parsed);
    positions[handoff.OwnerOf(hash.Of(parsed.key))].push_back(i);
  }
  return positions;
}

void PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

}  // namespace

double ThreadCpuSeconds() {
  timespec used;
  MOSAIC_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
  return static_cast<double>(used.tv_sec) +
         static_cast<double>(used.tv_nsec) / 1e9;
}

RunFigures RunOnce(const Trace& trace, const RunOptions& options) {
  std::vector<std::vector<uint32_t>> positions;
  std::vector<std::unique_ptr<TraceSource>> sources;
  if (options.workers > 1 && options.feed == Feed::kSplit) {
    positions = SplitByOwner(trace, options.workers);
    for (const std::vector<uint32_t>& mine : positions) {
      sources.push_back(std::make_unique<TraceSource>(trace, mine));
    }
  } else {
    sources.push_back(std::make_unique<TraceSource>(trace));
  }
  std::vector<PacketSource*> feeds;
  for (const auto& source : sources) feeds.push_back(source.get());

  std::vector<Results> results(options.workers);
  Engine engine(
      MakeConfig(options),
      [&](const NfInstance&,
          size_t worker) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
        return MakeWorkload(options.workload, results[worker]);
      },
      feeds);
  MOSAIC_CHECK(
      engine.Apply(MakeSnapshot(options), Engine::LiveFlows::kKeep).ok());

  const std::vector<int> cpus = SpreadWorkers(options.workers, AllowedCpus());
  std::atomic<size_t> ready{0};
  std::atomic<bool> go{false};
  std::atomic<uint64_t> cycles{0};
  std::vector<double> cpu_seconds(options.workers);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < options.workers; ++i) {
    threads.emplace_back([&, i] {
      PinTo(cpus[i]);
      ready.fetch_add(1);
      while (!go.load()) std::this_thread::yield();
      const double cpu_begin = ThreadCpuSeconds();
      const uint64_t begin = __rdtsc();
      engine.RunWorker(i);
      cycles.fetch_add(__rdtsc() - begin);
      cpu_seconds[i] = ThreadCpuSeconds() - cpu_begin;
    });
  }
  while (ready.load() < options.workers) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  go.store(true);
  for (std::thread& thread : threads) thread.join();

  RunFigures figures;
  figures.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  for (const double used : cpu_seconds) figures.cpu_seconds += used;
  figures.cycles = static_cast<double>(cycles.load());
  figures.flow_bytes = engine.worker(0).pipeline().tracker().bytes_per_flow();
  for (size_t i = 0; i < options.workers; ++i) {
    const CoreCounters& counters = engine.worker(i).counters();
    figures.packets += counters.rx_packets.Read();
    figures.wire_bytes += counters.rx_bytes.Read();
    figures.bounds_hit +=
        counters.flow_table_full.Read() + counters.subscriptions_full.Read() +
        counters.flows_ended[static_cast<size_t>(EndReason::kEvicted)].Read();
    if (options.workload == Workload::kFloor) {
      results[i].connections_started = counters.flows_created.Read();
      for (const Counter& ended : counters.flows_ended) {
        results[i].connections_ended += ended.Read();
      }
    }
    figures.results.Add(results[i]);
  }
  return figures;
}

}  // namespace mosaic::bench
