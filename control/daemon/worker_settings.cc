#include "control/daemon/worker_settings.h"

#include <algorithm>

#include "control/daemon/parsing_settings.h"
#include "dataplane/io/allowed_cpus.h"

namespace mosaic {
namespace {

void Override(const google::protobuf::Duration& from, bool present,
              Duration& to) {
  if (!present) return;
  to = Duration::Nanos(from.seconds() * 1'000'000'000 + from.nanos());
}

}  // namespace

void SetFromSystem(const v1::SystemConfig& system, WorkerConfig& worker) {
  if (system.has_burst_packets()) {
    worker.burst_packets = system.burst_packets();
  }
  if (system.idle() != v1::IDLE_MODE_UNSPECIFIED) {
    worker.idle =
        system.idle() == v1::IDLE_MODE_POLL ? Idle::kPoll : Idle::kAdaptive;
  }
  SetParsing(system, worker.pipeline);

  WorkerLimits& limits = worker.pipeline.limits;
  limits.ttl_guard = system.ttl_guard() ? TtlGuard::kOn : TtlGuard::kOff;
  const v1::LimitConfig& bounds = system.limits();
  if (bounds.has_flows_per_worker()) limits.flows = bounds.flows_per_worker();
  if (bounds.has_reassembly_bytes_per_worker()) {
    limits.reassembly_bytes = bounds.reassembly_bytes_per_worker();
  }
  if (bounds.has_half_open_percent()) {
    limits.pressure.half_open_percent = bounds.half_open_percent();
  }
  limits.pressure.when_full = bounds.when_full() == v1::TABLE_FULL_POLICY_DROP
                                  ? WhenFull::kDrop
                                  : WhenFull::kForwardUntracked;
  if (bounds.has_held_packets_per_worker()) {
    limits.hold.packets = bounds.held_packets_per_worker();
  }
  const v1::TimeoutConfig& from = system.timeouts();
  Timeouts& to = limits.timeouts;
  Override(from.handshake(), from.has_handshake(), to.handshake);
  Override(from.established(), from.has_established(), to.established);
  Override(from.closing(), from.has_closing(), to.closing);
  Override(from.linger(), from.has_linger(), to.linger);
  Override(from.udp(), from.has_udp(), to.udp);
  Override(from.icmp(), from.has_icmp(), to.icmp);
  Override(from.hold(), from.has_hold(), limits.hold.time);
}

std::vector<int> PlaceWorkers(const v1::SystemConfig& system,
                              std::optional<size_t> wanted, size_t most,
                              const std::vector<int>& allowed) {
  const auto named = static_cast<size_t>(system.cpus_size());
  size_t workers = wanted.value_or(system.workers());
  if (workers == 0) workers = named;
  if (workers == 0) workers = std::min(AutomaticWorkers(allowed.size()), most);
  return SpreadWorkers(
      workers,
      named > 0 ? std::vector<int>(system.cpus().begin(), system.cpus().end())
                : allowed);
}

}  // namespace mosaic
