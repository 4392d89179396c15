#include "dataplane/mos/machine.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "dataplane/flow/flow_hash.h"
#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/device_check.h"
#include "dataplane/mos/messages.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

// MiB of DPDK's memory: for captures, which need none of it, and for ports.
constexpr size_t kReplayMemoryMib = 64;
constexpr size_t kPortMemoryMib = 512;

// Chunks for out-of-order and unread bytes, of one worker.
constexpr size_t kLeastReassemblyBytes = size_t{64} << 20;
constexpr size_t kMostReassemblyBytes = size_t{1} << 30;

// In place of no timeout.
constexpr Duration kForever = Duration::Seconds(10LL * 365 * 24 * 3600);

// The CPUs of `mask` that this process may use, one for each of `workers`.
std::vector<int> ChooseCpus(uint64_t mask, size_t workers) {
  const std::vector<int> allowed = AllowedCpus();
  std::vector<int> named;
  for (const int cpu : allowed) {
    if (cpu < 64 && (mask >> cpu & 1) != 0) named.push_back(cpu);
  }
  if (named.size() < workers) {
    Tell(Cat("netdev: of the CPUs of its masks ", named.size(),
             " may be used, and there are ", workers,
             " workers; they run on what is allowed"));
    return SpreadWorkers(workers, allowed);
  }
  named.resize(workers);
  return named;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Machine>> Machine::Start(const MosConf& conf,
                                                        size_t workers) {
  auto machine = std::unique_ptr<Machine>(new Machine());
  absl::StatusOr<PortLayout> layout = LayOutPorts(conf, workers);
  if (!layout.ok()) return layout.status();
  machine->layout_ = *std::move(layout);
  for (size_t i = 0; i < machine->layout_.captures.size(); ++i) {
    ReplayOptions options;
    options.port = static_cast<uint16_t>(i);
    absl::StatusOr<std::unique_ptr<ReplaySource>> capture =
        ReplaySource::Create({machine->layout_.captures[i]}, options);
    if (!capture.ok()) return capture.status();
    machine->captures_.push_back(*std::move(capture));
  }
  for (const PortConfig& port : machine->layout_.ports) {
    if (absl::Status status = CheckDevice(port); !status.ok()) return status;
  }
  machine->cpus_ = ChooseCpus(conf.cpu_mask, workers);
  if (absl::Status status = machine->StartEal(conf); !status.ok()) {
    return status;
  }
  if (absl::Status status = machine->OpenSources(); !status.ok()) {
    return status;
  }
  return machine;
}

absl::Status Machine::StartEal(const MosConf& conf) {
  EalConfig config;
  config.memory_mib = layout_.ports.empty() ? kReplayMemoryMib : kPortMemoryMib;
  config.worker_cpus = cpus_;
  config.log_line = [](const std::string& line) { Tell(line); };
  if (absl::Status status = AddDevices(layout_.ports, config); !status.ok()) {
    return status;
  }
  if (conf.memory_channels != 0) {
    config.device_arguments.push_back("-n");
    config.device_arguments.push_back(std::to_string(conf.memory_channels));
  }
  absl::StatusOr<std::unique_ptr<Eal>> started = Eal::Start(config);
  if (!started.ok()) return started.status();
  eal_ = *std::move(started);
  clock_ = std::make_unique<TscClock>(TscClock::Start());
  return absl::OkStatus();
}

absl::Status Machine::OpenSources() {
  if (!layout_.ports.empty()) {
    absl::StatusOr<std::unique_ptr<PortSet>> opened =
        PortSet::Open(layout_.ports, [clock = *clock_] { return clock.Now(); });
    if (!opened.ok()) return opened.status();
    ports_ = *std::move(opened);
  }
  if (captures_.size() > 1) {
    std::vector<PacketSource*> sources;
    for (const auto& capture : captures_) sources.push_back(capture.get());
    merge_ = std::make_unique<CaptureMerge>(std::move(sources));
  }
  return absl::OkStatus();
}

WorkerConfig Machine::MakeWorkerConfig(const EngineSettings& settings) const {
  WorkerConfig worker;
  WorkerLimits& limits = worker.pipeline.limits;
  limits.flows = settings.flows;
  limits.reassembly_bytes =
      std::clamp(settings.flows * kSides * settings.buffer_bytes,
                 kLeastReassemblyBytes, kMostReassemblyBytes);
  if (settings.linger_seconds.has_value()) {
    limits.timeouts.linger = Duration::Seconds(*settings.linger_seconds);
  }
  if (settings.idle_seconds.has_value()) {
    limits.timeouts.established =
        *settings.idle_seconds < 0 ? kForever
                                   : Duration::Seconds(*settings.idle_seconds);
  }
  if (layout_.replay) {
    worker.pipeline.handoff = HandoffPolicy::kWait;
    worker.pipeline.parser.overlong = OverlongPolicy::kTakeAsCut;
    limits.expiry_budget = SIZE_MAX;
    limits.reincarnation = Reincarnation::kAnySyn;
    limits.timeouts.enabled = settings.linger_seconds.has_value() ||
                              settings.idle_seconds.has_value();
    limits.gap.enabled = limits.timeouts.enabled;
    if (!limits.timeouts.enabled) limits.pressure.half_open_percent = 100;
  } else {
    worker.now = [clock = *clock_] { return clock.Now(); };
    limits.prefault = Prefault::kYes;
  }
  worker.tsc_hertz = Eal::TscHertz();
  return worker;
}

PacketSource* Machine::SourceOf(size_t worker, size_t workers) {
  numbers_.emplace_back(worker, workers);
  sources_.emplace_back();
  if (layout_.replay) {
    if (worker != 0) return nullptr;
    if (merge_ != nullptr) return merge_.get();
    return captures_.front().get();
  }
  std::vector<PacketSource*> queues;
  for (const PortLayout::Queue& at : layout_.QueuesOf(worker, workers)) {
    RxQueue& queue =
        ports_->port(*layout_.port_of[at.device]).rx_queue(at.queue);
    queue.AssignTo(numbers_.back());
    queues.push_back(&queue);
  }
  if (queues.empty()) return nullptr;
  sources_.back() = std::make_unique<SourceSet>(std::move(queues),
                                                SourceSet::AtEnd::kStayActive);
  return sources_.back().get();
}

std::vector<PacketSink*> Machine::SinksOf(size_t worker) {
  std::vector<PacketSink*> sinks;
  for (const std::optional<size_t>& to : layout_.forward_to) {
    sinks.push_back(to.has_value()
                        ? &ports_->port(*layout_.port_of[*to]).tx_queue(worker)
                        : nullptr);
  }
  return sinks;
}

void Machine::MakeEngine(const EngineSettings& settings, NfFactory factory) {
  EngineConfig config;
  config.workers = settings.workers;
  config.worker = MakeWorkerConfig(settings);
  config.seed = FlowHash::RandomSeed();
  numbers_.reserve(settings.workers);
  std::vector<PacketSource*> polled;
  for (size_t worker = 0; worker < settings.workers; ++worker) {
    polled.push_back(SourceOf(worker, settings.workers));
    config.sinks.push_back(SinksOf(worker));
  }
  engine_ =
      std::make_unique<Engine>(config, std::move(factory), std::move(polled));
}

absl::Status Machine::Launch(std::function<void(size_t worker)> ended) {
  running_.store(engine_->worker_count(), std::memory_order_relaxed);
  launched_.store(true, std::memory_order_release);
  for (size_t i = 0; i < engine_->worker_count(); ++i) {
    absl::Status status = eal_->Launch(i, [this, ended, i] {
      engine_->RunWorker(i);
      ended(i);
      running_.fetch_sub(1, std::memory_order_release);
    });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Machine::Stop() {
  if (engine_ != nullptr) engine_->Stop();
  eal_->JoinAll();
}

absl::Status Machine::CaptureStatus() const {
  for (const auto& capture : captures_) {
    if (capture->state() == PacketSource::State::kEnded &&
        !capture->status().ok()) {
      return capture->status();
    }
  }
  return absl::OkStatus();
}

Machine::~Machine() {
  if (eal_ != nullptr) Stop();
  // Packets in the engine's rings, and those that wait for their turn, go back
  // to pools that belong to ports and captures.
  engine_.reset();
  merge_.reset();
  sources_.clear();
  ports_.reset();
  eal_.reset();
}

}  // namespace mosaic::mos
