#include "control/core/system_info.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "control/config/validate.h"
#include "control/core/wall_time.h"
#include "dataplane/base/check.h"

namespace mosaic {
namespace {

uint64_t DroppedPackets(const CoreCounters& counters) {
  uint64_t sum = 0;
  for (const Counter& counter : counters.dropped_packets) sum += counter.Read();
  return sum;
}

}  // namespace

std::string NewBootId() {
  std::random_device device;
  std::array<uint32_t, 4> words;
  for (uint32_t& word : words) word = device();
  words[1] = (words[1] & 0xffff0fff) | 0x00004000;  // Version 4.
  words[2] = (words[2] & 0x3fffffff) | 0x80000000;  // The RFC's variant.
  return absl::StrFormat("%08x-%04x-%04x-%04x-%04x%08x", words[0],
                         words[1] >> 16, words[1] & 0xffff, words[2] >> 16,
                         words[2] & 0xffff, words[3]);
}

SystemInfo::SystemInfo(Engine& engine, const Applier& applier,
                       const DrainControl& drain, Clock& clock,
                       PortDirectory* ports, SystemFacts facts)
    : engine_(engine),
      applier_(applier),
      drain_(drain),
      clock_(clock),
      ports_(ports),
      facts_(std::move(facts)),
      load_(engine.worker_count()) {
  MOSAIC_CHECK(facts_.workers.size() == engine.worker_count());
}

v1::GetCapabilitiesResponse SystemInfo::GetCapabilities() const {
  v1::GetCapabilitiesResponse response;
  response.set_version(facts_.version);
  response.set_git_commit(facts_.git_commit);
  response.set_dpdk_version(facts_.dpdk_version);
  response.set_boot_id(facts_.boot_id);
  *response.mutable_start_time() = ToProto(facts_.start_time);
  for (const std::string& feature : facts_.features) {
    response.add_features(feature);
  }
  uint64_t max_flows = 0;
  for (size_t i = 0; i < engine_.worker_count(); ++i) {
    max_flows += engine_.worker(i).pipeline().tracker().table().capacity();
  }
  response.set_max_flows(max_flows);
  response.set_max_monitors(config::kMaxMonitors);
  response.set_max_nf_instances(config::kMaxNfInstances);
  response.set_max_buffer_size_bytes(config::kMaxBufferBytes);
  response.set_running_revision(applier_.revision());
  response.set_draining(drain_.draining());
  return response;
}

void SystemInfo::RefreshLoad() {
  const absl::Duration now = clock_.Monotonic();
  if (now - last_look_ < kMinLoadPeriod) return;
  last_look_ = now;
  for (size_t i = 0; i < load_.size(); ++i) {
    const CoreCounters& counters = engine_.worker(i).counters();
    const uint64_t busy = counters.busy_cycles.Read();
    const uint64_t idle = counters.idle_cycles.Read();
    Load& load = load_[i];
    const double busy_since = static_cast<double>(busy - load.busy_cycles);
    const double all_since =
        busy_since + static_cast<double>(idle - load.idle_cycles);
    load = {busy, idle, all_since > 0 ? busy_since / all_since : 0};
  }
}

v1::ListCoresResponse SystemInfo::ListCores() {
  const std::lock_guard lock(mutex_);
  RefreshLoad();
  v1::ListCoresResponse response;
  for (size_t i = 0; i < engine_.worker_count(); ++i) {
    Worker& worker = engine_.worker(i);
    const CoreCounters& counters = worker.counters();
    const FlowTable& table = worker.pipeline().tracker().table();
    v1::Core& core = *response.add_cores();
    core.set_core(static_cast<uint32_t>(i));
    core.set_cpu(facts_.workers[i].cpu);
    core.set_numa_node(facts_.workers[i].numa_node);
    core.set_busy_ratio(load_[i].busy_ratio);
    core.set_applied_revision(worker.link().running_revision.load());
    core.set_oldest_revision(worker.link().oldest_revision.load());
    core.set_flows(table.size());
    core.set_flows_max(table.capacity());
    // A packet counts where it was processed, not where it was received.
    core.set_packets(counters.rx_packets.Read() +
                     counters.taken_over_packets.Read() -
                     std::min(counters.handed_off_packets.Read(),
                              counters.rx_packets.Read()));
    core.set_dropped_packets(DroppedPackets(counters));
    core.set_buffered_bytes(counters.pending_bytes.Read());
  }
  return response;
}

v1::ListPortsResponse SystemInfo::ListPorts() {
  v1::ListPortsResponse response;
  if (ports_ == nullptr) return response;
  for (v1::Port& port : ports_->Ports()) {
    *response.add_ports() = std::move(port);
  }
  return response;
}

}  // namespace mosaic
