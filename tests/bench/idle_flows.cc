#include "tests/bench/idle_flows.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"
#include "dataplane/engine/engine.h"
#include "dataplane/io/trace_source.h"
#include "dataplane/parse/parsed_packet.h"
#include "tests/bench/bench_run.h"
#include "tests/bench/segment_file.h"
#include "tests/bench/workload.h"

namespace mosaic::bench {
namespace {

constexpr uint32_t kPortsOfAClient = 50'000;
constexpr uint32_t kIntervalNanos = 1'000;

uint64_t ThreadCpuNanos() {
  return static_cast<uint64_t>(ThreadCpuSeconds() * 1e9);
}

void WriteHandshake(SegmentFile& file, uint32_t number) {
  SegmentAddresses addresses;
  addresses.address = {0x0a000001 + number / kPortsOfAClient, 0xac100001};
  addresses.port = {static_cast<uint16_t>(10'000 + number % kPortsOfAClient),
                    80};
  SegmentFields fields;
  fields.seq = 1000;
  fields.flags = tcp_flag::kSyn;
  file.Write(addresses, fields, {});
  fields = {Side::kServer, 2000, 1001, tcp_flag::kSyn | tcp_flag::kAck, 0};
  file.Write(addresses, fields, {});
  fields = {Side::kClient, 1001, 2001, tcp_flag::kAck, 1};
  file.Write(addresses, fields, {});
}

absl::StatusOr<std::unique_ptr<Trace>> Handshakes(size_t flows) {
  const int fd = memfd_create("mosaic-bench", MFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "memfd_create");
  const std::string path = absl::StrCat("/proc/self/fd/", fd);
  SegmentFile file(path, kIntervalNanos);
  for (uint32_t i = 0; i < flows; ++i) WriteHandshake(file, i);
  absl::StatusOr<std::unique_ptr<Trace>> trace =
      file.Close() ? Trace::Load(path)
                   : absl::UnavailableError("no memory for the packets");
  close(fd);
  return trace;
}

std::shared_ptr<const Snapshot> CountingSnapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = 1;
  snapshot->nf_instances.resize(1);
  Monitor monitor;
  monitor.name = "monitors/bench";
  monitor.nf_instances = {0};
  snapshot->monitors.push_back(monitor);
  return snapshot;
}

// Rounds of `worker` until `results` say that all flows have ended.
void RunUntilAllEnded(Worker& worker, const Results& results,
                      ExpiryFigures& figures) {
  uint64_t idle_rounds = 0;
  while (figures.flows_expired < figures.flows_created &&
         idle_rounds < figures.flows_created) {
    const uint64_t before = ThreadCpuNanos();
    worker.RunOnce();
    const uint64_t used = ThreadCpuNanos() - before;
    const uint64_t ended = results.connections_ended - figures.flows_expired;
    idle_rounds = ended == 0 ? idle_rounds + 1 : 0;
    ++figures.rounds;
    figures.flows_expired += ended;
    figures.expiry_cpu_nanos += used;
    figures.most_in_one_round = std::max(figures.most_in_one_round, ended);
    figures.longest_round_nanos = std::max(figures.longest_round_nanos, used);
  }
}

}  // namespace

absl::StatusOr<ExpiryFigures> ExpireIdleFlows(size_t flows) {
  const absl::StatusOr<std::unique_ptr<Trace>> trace = Handshakes(flows);
  if (!trace.ok()) return trace.status();
  TraceSource source(**trace);
  Timestamp now = (*trace)->packets().back().clock;
  EngineConfig config;
  config.worker.now = [&now] { return now; };
  config.worker.pipeline.parser.checksum = ChecksumPolicy::kIgnore;
  config.worker.pipeline.limits.flows = flows;
  config.worker.pipeline.limits.prefault = Prefault::kYes;
  Results results;
  Engine engine(
      config,
      [&results](const NfInstance&,
                 size_t) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
        return MakeWorkload(Workload::kEvents, results);
      },
      {&source});
  MOSAIC_CHECK(engine.Apply(CountingSnapshot(), Engine::LiveFlows::kKeep).ok());

  Worker& worker = engine.worker(0);
  while (worker.RunOnce() > 0) {
  }
  // What a configuration costs is measured by more system calls in its rounds.
  for (size_t i = 0; i < Worker::kApplyRounds; ++i) worker.RunOnce();
  ExpiryFigures figures;
  figures.flows_created = results.connections_started;
  figures.expiry_budget = config.worker.pipeline.limits.expiry_budget;
  const Timeouts& timeouts = config.worker.pipeline.limits.timeouts;
  now = now + timeouts.established + Duration::Seconds(1);
  RunUntilAllEnded(worker, results, figures);
  return figures;
}

}  // namespace mosaic::bench
