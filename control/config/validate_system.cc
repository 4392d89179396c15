#include "absl/strings/str_cat.h"
#include "control/config/field_checks.h"
#include "control/config/validate.h"
#include "control/config/validate_ports.h"

namespace mosaic::config {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr uint64_t kGibibyte = uint64_t{1} << 30;
constexpr uint64_t kTebibyte = uint64_t{1} << 40;

void CheckWorkers(const v1::SystemConfig& system, const std::string& path,
                  FieldChecks& checks) {
  checks.InRange(FieldPath(path, "workers"), system.workers(), 0, kMaxWorkers);
  const std::string cpus = FieldPath(path, "cpus");
  for (int i = 0; i < system.cpus_size(); ++i) {
    checks.InRange(ElementPath(cpus, i), system.cpus(i), 0, kMaxCpu);
  }
  checks.AtMost(cpus, system.cpus_size(), kMaxWorkers, "CPUs");
  const auto named = static_cast<uint32_t>(system.cpus_size());
  if (system.workers() != 0 && named != 0 && named != system.workers()) {
    checks.Fail(cpus,
                absl::StrCat("names ", named, " CPUs for ", system.workers(),
                             " workers; name one for each"));
  }
  if (system.has_burst_packets()) {
    checks.InRange(FieldPath(path, "burst_packets"), system.burst_packets(), 16,
                   64);
  }
}

void CheckMemory(const v1::SystemConfig& system, const std::string& path,
                 FieldChecks& checks) {
  if (system.memory().has_size_bytes()) {
    const std::string at = FieldPath(path, "memory.size_bytes");
    const uint64_t size = system.memory().size_bytes();
    checks.BytesInRange(at, size, 64 * kMebibyte, kTebibyte);
    checks.WholeMebibytes(at, size);
  }
  const v1::LimitConfig& limits = system.limits();
  if (limits.has_flows_per_worker()) {
    checks.InRange(FieldPath(path, "limits.flows_per_worker"),
                   limits.flows_per_worker(), 1024, 1 << 24);
  }
  if (limits.has_reassembly_bytes_per_worker()) {
    const std::string at =
        FieldPath(path, "limits.reassembly_bytes_per_worker");
    const uint64_t size = limits.reassembly_bytes_per_worker();
    checks.BytesInRange(at, size, kMebibyte, 256 * kGibibyte);
    checks.WholeMebibytes(at, size);
  }
  if (limits.has_half_open_percent()) {
    checks.InRange(FieldPath(path, "limits.half_open_percent"),
                   limits.half_open_percent(), 1, 100);
  }
  if (limits.has_held_packets_per_worker()) {
    checks.InRange(FieldPath(path, "limits.held_packets_per_worker"),
                   limits.held_packets_per_worker(), 0, 1 << 16);
  }
}

void CheckTimeouts(const v1::TimeoutConfig& timeouts, const std::string& path,
                   FieldChecks& checks) {
  const auto check = [&](bool is_set, const char* field,
                         const google::protobuf::Duration& value) {
    if (is_set) checks.Timeout(FieldPath(path, field), value);
  };
  check(timeouts.has_handshake(), "handshake", timeouts.handshake());
  check(timeouts.has_established(), "established", timeouts.established());
  check(timeouts.has_closing(), "closing", timeouts.closing());
  check(timeouts.has_linger(), "linger", timeouts.linger());
  check(timeouts.has_udp(), "udp", timeouts.udp());
  check(timeouts.has_icmp(), "icmp", timeouts.icmp());
  check(timeouts.has_hold(), "hold", timeouts.hold());
}

void CheckFragments(const v1::FragmentConfig& fragments,
                    const std::string& path, FieldChecks& checks) {
  if (fragments.has_datagrams_per_worker()) {
    checks.InRange(FieldPath(path, "datagrams_per_worker"),
                   fragments.datagrams_per_worker(), 16, 1 << 20);
  }
  if (fragments.has_buffer_bytes_per_worker()) {
    const std::string at = FieldPath(path, "buffer_bytes_per_worker");
    checks.BytesInRange(at, fragments.buffer_bytes_per_worker(), kMebibyte,
                        64 * kGibibyte);
    checks.WholeMebibytes(at, fragments.buffer_bytes_per_worker());
  }
  if (fragments.has_timeout()) {
    checks.Timeout(FieldPath(path, "timeout"), fragments.timeout());
  }
}

void CheckEncapsulations(const v1::SystemConfig& system,
                         const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < system.opaque_encapsulations_size(); ++i) {
    if (system.opaque_encapsulations(i) == v1::ENCAPSULATION_UNSPECIFIED) {
      checks.Fail(ElementPath(path, i), "required; name an encapsulation");
    }
  }
}

void CheckReplay(const v1::ReplayConfig& replay, const std::string& path,
                 FieldChecks& checks) {
  const std::string captures = FieldPath(path, "captures");
  checks.AtMost(captures, replay.captures_size(), kMaxCaptures, "captures");
  for (int i = 0; i < replay.captures_size(); ++i) {
    const std::string& capture = replay.captures(i);
    const std::string at = ElementPath(captures, i);
    if (capture.empty()) checks.Fail(at, "is empty; name a file or directory");
    if (capture.size() > kMaxPathBytes) {
      checks.Fail(at,
                  absl::StrCat("a path of ", capture.size(), " bytes; at most ",
                               kMaxPathBytes, " are allowed"));
    }
  }
}

}  // namespace

std::vector<Violation> Validate(const v1::SystemConfig& system,
                                std::string_view path) {
  const std::string base(path);
  FieldChecks checks;
  checks.KnownEnums(base, system);
  CheckWorkers(system, base, checks);
  CheckMemory(system, base, checks);
  CheckTimeouts(system.timeouts(), FieldPath(base, "timeouts"), checks);
  CheckReplay(system.replay(), FieldPath(base, "replay"), checks);
  CheckFragments(system.fragments(), FieldPath(base, "fragments"), checks);
  CheckEncapsulations(system, FieldPath(base, "opaque_encapsulations"), checks);
  CheckPorts(system, base, checks);
  CheckListeners(system, base, checks);
  return checks.Take();
}

}  // namespace mosaic::config
