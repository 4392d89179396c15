#include "dataplane/policy/snapshot.h"

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

absl::Status TooMany(const std::string& whose, size_t number, const char* what,
                     size_t bound) {
  return absl::InvalidArgumentError(absl::StrCat(whose, ": ", number, " ", what,
                                                 " are more than the ", bound,
                                                 " allowed"));
}

}  // namespace

absl::Status CheckBounds(const Snapshot& snapshot) {
  if (snapshot.monitors.size() > Snapshot::kMaxMonitors) {
    return TooMany("config", snapshot.monitors.size(), "monitors",
                   Snapshot::kMaxMonitors);
  }
  if (snapshot.nf_instances.size() > Snapshot::kMaxNfInstances) {
    return TooMany("config", snapshot.nf_instances.size(), "nf_instances",
                   Snapshot::kMaxNfInstances);
  }
  for (const Monitor& monitor : snapshot.monitors) {
    if (monitor.nf_instances.size() > Snapshot::kMaxNfInstancesPerMonitor) {
      return TooMany(monitor.name, monitor.nf_instances.size(), "nf_instances",
                     Snapshot::kMaxNfInstancesPerMonitor);
    }
    if (monitor.flow_policies.size() > Snapshot::kMaxFlowPolicies) {
      return TooMany(monitor.name, monitor.flow_policies.size(),
                     "flow_policies", Snapshot::kMaxFlowPolicies);
    }
    for (size_t nf : monitor.nf_instances) {
      if (nf < snapshot.nf_instances.size()) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          monitor.name, ": function number ", nf, " is not among the ",
          snapshot.nf_instances.size(), " there are"));
    }
  }
  return absl::OkStatus();
}

}  // namespace mosaic
