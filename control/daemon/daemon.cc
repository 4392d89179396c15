#include "control/daemon/daemon.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/logger.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "control/core/event_hub.h"
#include "control/core/monitor_directory.h"
#include "control/daemon/huge_pages.h"
#include "control/daemon/port_plan.h"
#include "control/daemon/record_writer.h"
#include "control/daemon/servers.h"
#include "control/daemon/system_defaults.h"
#include "control/daemon/worker_settings.h"
#include "dataplane/engine/engine.h"
#include "dataplane/flow/flow_hash.h"
#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/device_check.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/packet_numbers.h"
#include "dataplane/io/port.h"
#include "dataplane/io/source_set.h"
#include "dataplane/io/tsc_clock.h"
#include "nf/registry.h"

namespace mosaic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kJoinStep = std::chrono::milliseconds(1);

// Hugepages where they are asked for, or there and not refused.
absl::StatusOr<EalConfig::Memory> ChooseMemory(const v1::MemoryConfig& memory) {
  const absl::Status enough =
      CheckHugePages(ReservedHugePages(), MemoryMib(memory));
  if (memory.has_hugepages() && !memory.hugepages()) {
    return EalConfig::Memory::kOrdinaryPages;
  }
  if (enough.ok()) return EalConfig::Memory::kHugePages;
  if (memory.hugepages()) return enough;
  return EalConfig::Memory::kOrdinaryPages;
}

WorkerConfig MakeWorkerConfig(const v1::SystemConfig& system,
                              const TscClock& clock) {
  WorkerConfig worker;
  worker.now = [clock] { return clock.Now(); };
  SetFromSystem(system, worker);
  WorkerLimits& limits = worker.pipeline.limits;
  limits.prefault = Prefault::kYes;
  if (system.timeouts().has_expire()) {
    limits.timeouts.enabled = system.timeouts().expire();
  }
  if (system.checksum() == v1::CHECKSUM_POLICY_IGNORE) {
    worker.pipeline.parser.checksum = ChecksumPolicy::kIgnore;
  }
  return worker;
}

EalConfig::Log EalLogFor(std::string_view level) {
  if (level == "trace" || level == "debug") return EalConfig::Log::kAll;
  return level == "error" ? EalConfig::Log::kErrors : EalConfig::Log::kWarnings;
}

// Their severity is lost on the way; what is let through by default is a
// warning at least.
void LogEalLine(spdlog::logger& log, const std::string& line) {
  if (log.should_log(spdlog::level::debug)) {
    log.debug("{}", line);
  } else if (log.should_log(spdlog::level::warn)) {
    log.warn("{}", line);
  } else {
    log.error("{}", line);
  }
}

}  // namespace

struct Daemon::Parts {
  Parts(FilterCache& filter_cache, DaemonLog& daemon_log)
      : filters(filter_cache),
        log(daemon_log),
        control_log(log.logger(LogComponent::kControl)),
        dataplane_log(log.logger(LogComponent::kDataplane)) {}

  absl::Status StartEal(const v1::SystemConfig& system);
  absl::Status OpenPorts();
  void MakeEngine(const v1::SystemConfig& system);
  void MakeServers(const v1::SystemConfig& system);
  absl::Status LaunchWorkers();
  void TellWhatStarted() const;
  void TellEndedCaptures();
  void TellWhatWasDone() const;

  FilterCache& filters;
  DaemonLog& log;
  spdlog::logger& control_log;
  spdlog::logger& dataplane_log;

  std::vector<int> worker_cpus;
  PortPlan plan;
  EalConfig::Memory memory = EalConfig::Memory::kOrdinaryPages;
  std::unique_ptr<Eal> eal;
  std::unique_ptr<TscClock> clock;
  std::unique_ptr<PortSet> ports;
  std::vector<PacketNumbers> numbers;               // By worker.
  std::vector<std::unique_ptr<SourceSet>> sources;  // By worker; may be null.
  std::unique_ptr<RecordWriter> records;
  MonitorDirectory monitors;
  std::unique_ptr<EventHub> events;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Servers> servers;

  std::atomic<size_t> running{0};  // Workers; each counts itself out.
  std::vector<bool> told_end;      // By port: that its capture has ended.
};

absl::Status Daemon::Parts::StartEal(const v1::SystemConfig& system) {
  for (const PortConfig& port : plan.ports) {
    if (absl::Status status = CheckDevice(port); !status.ok()) return status;
  }
  const absl::StatusOr<EalConfig::Memory> chosen =
      ChooseMemory(system.memory());
  if (!chosen.ok()) return chosen.status();
  memory = *chosen;
  EalConfig config;
  config.memory = memory;
  config.memory_mib = MemoryMib(system.memory());
  config.worker_cpus = worker_cpus;
  spdlog::logger& dpdk = log.logger(LogComponent::kDpdk);
  config.log_line = [&dpdk](const std::string& line) {
    LogEalLine(dpdk, line);
  };
  if (absl::Status status = AddDevices(plan.ports, config); !status.ok()) {
    return status;
  }
  log.WatchDpdkLevel(
      [&config](std::string_view level) { config.log = EalLogFor(level); });
  absl::StatusOr<std::unique_ptr<Eal>> started = Eal::Start(config);
  log.WatchDpdkLevel(
      [](std::string_view level) { Eal::SetLog(EalLogFor(level)); });
  if (!started.ok()) return started.status();
  eal = *std::move(started);
  clock = std::make_unique<TscClock>(TscClock::Start());
  return absl::OkStatus();
}

absl::Status Daemon::Parts::OpenPorts() {
  absl::StatusOr<std::unique_ptr<PortSet>> opened =
      PortSet::Open(plan.ports, [copy = *clock] { return copy.Now(); });
  if (!opened.ok()) return opened.status();
  ports = *std::move(opened);
  told_end.resize(ports->size());
  return absl::OkStatus();
}

void Daemon::Parts::MakeEngine(const v1::SystemConfig& system) {
  const size_t workers = worker_cpus.size();
  EngineConfig config;
  config.workers = workers;
  config.worker = MakeWorkerConfig(system, *clock);
  config.worker.tsc_hertz = Eal::TscHertz();
  config.seed = FlowHash::RandomSeed();
  numbers.reserve(workers);
  std::vector<PacketSource*> polled;
  events = std::make_unique<EventHub>(workers, monitors);
  for (size_t worker = 0; worker < workers; ++worker) {
    config.observers.push_back(&events->tap(worker));
    numbers.emplace_back(worker, workers);
    std::vector<PacketSource*> queues;
    for (const PortPlan::Queue& at : plan.rx_queues[worker]) {
      RxQueue& queue = ports->port(at.port).rx_queue(at.queue);
      queue.AssignTo(numbers.back());
      queues.push_back(&queue);
    }
    sources.push_back(
        queues.empty() ? nullptr
                       : std::make_unique<SourceSet>(
                             std::move(queues), SourceSet::AtEnd::kStayActive));
    polled.push_back(sources.back().get());
    config.sinks.emplace_back();
    for (const std::optional<size_t>& peer : plan.peers) {
      config.sinks.back().push_back(
          peer.has_value() ? &ports->port(*peer).tx_queue(worker) : nullptr);
    }
  }
  RecordWriter& writer = *records;
  engine = std::make_unique<Engine>(
      config,
      [&writer](const NfInstance& instance, size_t worker) {
        NfServices services;
        services.records = writer.SinkOf(instance.name, worker);
        return MakeNetworkFunction(instance.type, services);
      },
      std::move(polled));
}

void Daemon::Parts::MakeServers(const v1::SystemConfig& system) {
  Servers::Parts borrowed;
  borrowed.engine = engine.get();
  borrowed.events = events.get();
  borrowed.monitors = &monitors;
  borrowed.filters = &filters;
  borrowed.ports = ports.get();
  borrowed.plan = &plan;
  borrowed.log = &log;
  borrowed.worker_cpus = worker_cpus;
  borrowed.tsc_hertz = Eal::TscHertz();
  borrowed.now = clock->Now();
  borrowed.before_apply = [this](const v1::Config& config) {
    return records->Configure(config);
  };
  servers = std::make_unique<Servers>(system, std::move(borrowed));
}

absl::Status Daemon::Parts::LaunchWorkers() {
  running.store(worker_cpus.size());
  for (size_t i = 0; i < worker_cpus.size(); ++i) {
    const absl::Status launched = eal->Launch(i, [this, i] {
      engine->RunWorker(i);
      running.fetch_sub(1, std::memory_order_release);
    });
    if (!launched.ok()) return launched;
  }
  return absl::OkStatus();
}

void Daemon::Parts::TellWhatStarted() const {
  dataplane_log.info("memory: {}", memory == EalConfig::Memory::kHugePages
                                       ? "hugepages"
                                       : "ordinary pages");
  for (size_t i = 0; i < ports->size(); ++i) {
    Port& port = ports->port(i);
    const PortInfo info = port.Info();
    const std::string mode =
        plan.peers[i].has_value()
            ? fmt::format("wire to {}", plan.ports[*plan.peers[i]].name)
            : std::string("tap");
    dataplane_log.info(
        "port {}: {}, driver {}, {}, mtu {}, queues {} rx {} tx, link {}",
        port.name(), port.device(), info.driver, mode, info.mtu,
        port.rx_queues(), port.tx_queues(), info.link_up ? "up" : "down");
  }
  dataplane_log.info("workers: {} on CPUs {}", worker_cpus.size(),
                     fmt::join(worker_cpus, ","));
  control_log.info("configuration: revision {}", servers->revision());
  for (const std::string& address : servers->Addresses()) {
    control_log.info("{}", address);
  }
}

void Daemon::Parts::TellEndedCaptures() {
  for (size_t i = 0; i < ports->size(); ++i) {
    RxQueue& queue = ports->port(i).rx_queue(0);
    if (told_end[i] || queue.state() != PacketSource::State::kEnded) continue;
    told_end[i] = true;
    dataplane_log.info("port {}: its capture has ended after {} packets",
                       ports->port(i).name(), queue.counters().packets.Read());
  }
}

void Daemon::Parts::TellWhatWasDone() const {
  for (size_t i = 0; i < engine->worker_count(); ++i) {
    const CoreCounters& counters = engine->worker(i).counters();
    uint64_t dropped = 0;
    for (const Counter& reason : counters.dropped_packets) {
      dropped += reason.Read();
    }
    dataplane_log.info(
        "worker {}: {} packets received, {} sent, {} dropped, {} flows", i,
        counters.rx_packets.Read(), counters.tx_packets.Read(), dropped,
        counters.flows_created.Read());
  }
  if (records->lost_bytes() > 0) {
    control_log.warn("{} bytes of flow records were lost",
                     records->lost_bytes());
  }
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(
    const v1::ConfigFile& file, FilterCache& filters, DaemonLog& log) {
  auto daemon =
      absl::WrapUnique(new Daemon(std::make_unique<Parts>(filters, log)));
  Parts& parts = *daemon->parts_;
  const v1::SystemConfig& system = file.system();
  if (system.ports().empty()) {
    return absl::InvalidArgumentError(
        "system.ports: required; name at least one port, or use "
        "`mosaicd replay` for captures");
  }
  parts.worker_cpus =
      PlaceWorkers(system, std::nullopt, MostWorkers(system), AllowedCpus());
  absl::StatusOr<PortPlan> plan = PlanPorts(system, parts.worker_cpus.size());
  if (!plan.ok()) return plan.status();
  parts.plan = *std::move(plan);
  if (absl::Status status = parts.StartEal(system); !status.ok()) return status;
  if (absl::Status status = parts.OpenPorts(); !status.ok()) return status;
  parts.records = std::make_unique<RecordWriter>(parts.worker_cpus.size(),
                                                 parts.control_log);
  parts.MakeEngine(system);
  parts.MakeServers(system);
  if (absl::Status status = parts.servers->Configure(file.config());
      !status.ok()) {
    return status;
  }
  if (absl::Status status = parts.LaunchWorkers(); !status.ok()) return status;
  if (absl::Status status = parts.servers->Listen(); !status.ok()) {
    return status;
  }
  parts.TellWhatStarted();
  return daemon;
}

Daemon::~Daemon() {
  if (parts_->running.load(std::memory_order_acquire) > 0) {
    parts_->engine->Stop();
  }
  if (parts_->eal != nullptr) parts_->eal->JoinAll();
  parts_->log.WatchDpdkLevel({});
  parts_->servers.reset();
  // Packets in the engine's rings go back to pools that belong to ports.
  parts_->engine.reset();
  parts_->events.reset();
  parts_->ports.reset();
  parts_->eal.reset();
}

void Daemon::Tick() { parts_->TellEndedCaptures(); }

Daemon::Drained Daemon::Drain(std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  parts_->servers->BeginShutdown();
  // What is left of the time is for the writing itself.
  parts_->records->BeginDrain(Clock::now() + patience * 3 / 4);
  parts_->engine->Stop();
  while (parts_->running.load(std::memory_order_acquire) > 0) {
    if (Clock::now() > deadline) return Drained::kTimedOut;
    std::this_thread::sleep_for(kJoinStep);
  }
  parts_->eal->JoinAll();
  parts_->servers->Stop(deadline);
  parts_->records->Flush();
  parts_->TellWhatWasDone();
  return Drained::kAll;
}

}  // namespace mosaic
