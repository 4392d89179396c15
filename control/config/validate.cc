#include "control/config/validate.h"

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "control/config/field_checks.h"
#include "control/config/ip_prefix.h"
#include "control/config/suggestion.h"

namespace mosaic::config {
namespace {

std::string_view Text(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// What must be unique -> the path where it stands first.
using FirstPlaces = std::map<std::string, std::string>;

// Checks one Config; the checks of monitors need the instances' names.
class ConfigValidator {
 public:
  ConfigValidator(const v1::Config& config, FilterCheck check_filter)
      : config_(config), check_filter_(check_filter) {}

  std::vector<Violation> Run(const std::string& path);

 private:
  void CheckMonitor(const v1::Monitor& monitor, const std::string& path);
  void CheckFieldsOfType(const v1::Monitor& monitor, const std::string& path);
  void CheckFilters(const v1::Monitor& monitor, const std::string& path);
  void CheckChain(const v1::Monitor& monitor, const std::string& path);
  void CheckSide(const v1::SidePolicy& side, const v1::SidePolicy* inherited,
                 const std::string& path);
  void CheckStop(const v1::StopPolicy& stop, const std::string& path);
  void CheckStops(
      const google::protobuf::RepeatedPtrField<v1::StopPolicy>& stops,
      const std::string& path);
  void CheckFlowPolicy(const v1::FlowPolicy& policy, const v1::Monitor& monitor,
                       const std::string& path);
  void CheckFilter(const v1::PacketFilter& filter, FilterKind kind,
                   const std::string& path);
  void CheckInstance(const v1::NfInstance& instance, const std::string& path);
  void CheckFirewall(const v1::FirewallConfig& firewall,
                     const std::string& path);
  void CheckRule(const v1::FirewallRule& rule, const std::string& path);
  void CheckRuleNetworks(const v1::FirewallRule& rule, const std::string& path);
  void CheckPorts(const v1::PortRange& ports, const std::string& path);
  void CheckFlowLog(const v1::FlowLogConfig& flow_log, const std::string& path);

  // Fails if an earlier element has this value; notes it if not.
  void CheckUnique(FirstPlaces& places, const std::string& value,
                   const std::string& path);

  const v1::Config& config_;
  const FilterCheck check_filter_;
  FieldChecks checks_;

  FirstPlaces monitor_names_;
  FirstPlaces instance_names_;
  std::set<std::string> flow_functions_;  // Those that packets alone are no
                                          // food for.
  FirstPlaces output_paths_;
};

std::vector<Violation> ConfigValidator::Run(const std::string& path) {
  checks_.KnownEnums(path, config_);

  const std::string instances = FieldPath(path, "nf_instances");
  checks_.AtMost(instances, config_.nf_instances_size(), kMaxNfInstances,
                 "instances");
  for (int i = 0; i < config_.nf_instances_size(); ++i) {
    CheckInstance(config_.nf_instances(i), ElementPath(instances, i));
  }
  const std::string monitors = FieldPath(path, "monitors");
  checks_.AtMost(monitors, config_.monitors_size(), kMaxMonitors, "monitors");
  for (int i = 0; i < config_.monitors_size(); ++i) {
    CheckMonitor(config_.monitors(i), ElementPath(monitors, i));
  }
  return checks_.Take();
}

void ConfigValidator::CheckUnique(FirstPlaces& places, const std::string& value,
                                  const std::string& path) {
  const auto [first, is_first] = places.emplace(value, path);
  if (is_first) return;
  checks_.Fail(path,
               absl::StrCat(Quoted(value), " is taken by ", first->second));
}

void ConfigValidator::CheckMonitor(const v1::Monitor& monitor,
                                   const std::string& path) {
  const std::string name = FieldPath(path, "name");
  checks_.ResourceName(name, monitor.name(), "monitors");
  if (!monitor.name().empty()) {
    CheckUnique(monitor_names_, monitor.name(), name);
  }
  if (monitor.type() == v1::MONITOR_TYPE_UNSPECIFIED) {
    checks_.Fail(FieldPath(path, "type"), "required; allowed: stream, raw");
  }
  CheckFieldsOfType(monitor, path);
  CheckFilters(monitor, path);
  checks_.InRange(FieldPath(path, "priority"), monitor.priority(), 0,
                  kMaxPriority);
  CheckChain(monitor, path);
  CheckSide(monitor.client(), nullptr, FieldPath(path, "client"));
  CheckSide(monitor.server(), nullptr, FieldPath(path, "server"));
  CheckStops(monitor.stop_policies(), FieldPath(path, "stop_policies"));

  const std::string policies = FieldPath(path, "flow_policies");
  checks_.AtMost(policies, monitor.flow_policies_size(), kMaxFlowPolicies,
                 "flow policies");
  for (int i = 0; i < monitor.flow_policies_size(); ++i) {
    CheckFlowPolicy(monitor.flow_policies(i), monitor,
                    ElementPath(policies, i));
  }
  if (monitor.has_idle_timeout()) {
    checks_.Timeout(FieldPath(path, "idle_timeout"), monitor.idle_timeout());
  }
}

// A field that the monitor's type has no use for would be ignored.
void ConfigValidator::CheckFieldsOfType(const v1::Monitor& monitor,
                                        const std::string& path) {
  const auto refuse = [&](bool is_set, const char* field, const char* type) {
    if (!is_set) return;
    checks_.Fail(FieldPath(path, field),
                 absl::StrCat("allowed only in a monitor of type ", type));
  };
  if (monitor.type() == v1::MONITOR_TYPE_STREAM) {
    refuse(monitor.has_raw_filter(), "raw_filter", "raw");
  }
  if (monitor.type() == v1::MONITOR_TYPE_RAW) {
    refuse(monitor.has_syn_filter(), "syn_filter", "stream");
    refuse(monitor.has_orphan_filter(), "orphan_filter", "stream");
    refuse(monitor.has_client(), "client", "stream");
    refuse(monitor.has_server(), "server", "stream");
    refuse(monitor.stop_policies_size() > 0, "stop_policies", "stream");
    refuse(monitor.flow_policies_size() > 0, "flow_policies", "stream");
    refuse(monitor.has_idle_timeout(), "idle_timeout", "stream");
    refuse(monitor.midstream() != v1::MIDSTREAM_POLICY_UNSPECIFIED, "midstream",
           "stream");
  }
}

void ConfigValidator::CheckFilters(const v1::Monitor& monitor,
                                   const std::string& path) {
  CheckFilter(monitor.syn_filter(), FilterKind::kSyn,
              FieldPath(path, "syn_filter"));
  CheckFilter(monitor.orphan_filter(), FilterKind::kOrphan,
              FieldPath(path, "orphan_filter"));
  CheckFilter(monitor.raw_filter(), FilterKind::kRaw,
              FieldPath(path, "raw_filter"));
}

void ConfigValidator::CheckFilter(const v1::PacketFilter& filter,
                                  FilterKind kind, const std::string& path) {
  const std::string at = FieldPath(path, "expression");
  const std::string& expression = filter.expression();
  if (expression.empty()) return;
  if (expression.size() > kMaxFilterBytes) {
    checks_.Fail(
        at, absl::StrCat("an expression of ", expression.size(),
                         " bytes; at most ", kMaxFilterBytes, " are allowed"));
    return;
  }
  const absl::Status status = check_filter_(expression, kind);
  if (status.ok()) return;
  checks_.Fail(at, absl::StrCat(Quoted(expression),
                                " is no filter: ", status.message()));
}

// Every instance that a monitor feeds exists and can work on what it is fed.
void ConfigValidator::CheckChain(const v1::Monitor& monitor,
                                 const std::string& path) {
  const std::string chain = FieldPath(path, "nf_instances");
  checks_.AtMost(chain, monitor.nf_instances_size(), kMaxNfInstancesPerMonitor,
                 "instances");
  FirstPlaces seen;
  for (int i = 0; i < monitor.nf_instances_size(); ++i) {
    const std::string& name = monitor.nf_instances(i);
    const std::string at = ElementPath(chain, i);
    CheckUnique(seen, name, at);
    if (instance_names_.count(name) == 0) {
      std::vector<std::string> existing;
      for (const auto& entry : instance_names_) existing.push_back(entry.first);
      checks_.Fail(
          at, absl::StrCat(Quoted(name), " does not exist; ",
                           existing.empty() ? "there are no nf_instances"
                                            : Alternatives(name, existing)));
    } else if (monitor.type() == v1::MONITOR_TYPE_RAW &&
               flow_functions_.count(name) > 0) {
      checks_.Fail(at, absl::StrCat(Quoted(name),
                                    " works on flows; feed it from a monitor "
                                    "of type stream"));
    }
  }
}

void ConfigValidator::CheckSide(const v1::SidePolicy& side,
                                const v1::SidePolicy* inherited,
                                const std::string& path) {
  uint64_t buffer_bytes = kDefaultBufferBytes;
  if (inherited != nullptr && inherited->has_buffer_size_bytes()) {
    buffer_bytes = inherited->buffer_size_bytes();
  }
  if (side.has_buffer_size_bytes()) {
    buffer_bytes = side.buffer_size_bytes();
    checks_.BytesInRange(FieldPath(path, "buffer_size_bytes"), buffer_bytes, 0,
                         kMaxBufferBytes);
  }
  if (buffer_bytes == 0 && (side.retain() == v1::RETAIN_UNACKED ||
                            side.retain() == v1::RETAIN_BYTES)) {
    checks_.Fail(FieldPath(path, "retain"),
                 "needs a buffer; buffer_size_bytes is 0");
    return;
  }
  const std::string retain_bytes = FieldPath(path, "retain_bytes");
  if (side.retain() == v1::RETAIN_BYTES) {
    if (side.retain_bytes() == 0) {
      checks_.Fail(retain_bytes, "required with retain: bytes");
    } else {
      checks_.BytesInRange(retain_bytes, side.retain_bytes(), 1, buffer_bytes);
    }
    return;
  }
  if (side.retain_bytes() != 0) {
    checks_.Fail(retain_bytes, "allowed only with retain: bytes");
  }
  // The monitor's retain_bytes must fit into a smaller buffer of an exception.
  if (inherited != nullptr && side.retain() == v1::RETAIN_UNSPECIFIED &&
      side.has_buffer_size_bytes() &&
      inherited->retain_bytes() > buffer_bytes) {
    checks_.Fail(FieldPath(path, "buffer_size_bytes"),
                 absl::StrCat(BytesText(buffer_bytes), " is less than the ",
                              BytesText(inherited->retain_bytes()),
                              " of retain_bytes in the monitor"));
  }
}

void ConfigValidator::CheckStops(
    const google::protobuf::RepeatedPtrField<v1::StopPolicy>& stops,
    const std::string& path) {
  checks_.AtMost(path, stops.size(), kMaxStopPolicies, "stop policies");
  for (int i = 0; i < stops.size(); ++i) {
    CheckStop(stops[i], ElementPath(path, i));
  }
}

void ConfigValidator::CheckStop(const v1::StopPolicy& stop,
                                const std::string& path) {
  switch (stop.condition_case()) {
    case v1::StopPolicy::kImmediately:
      if (!stop.immediately()) {
        checks_.Fail(FieldPath(path, "immediately"),
                     "false says nothing; allowed: true, or another condition");
      }
      return;
    case v1::StopPolicy::kPayloadBytes:
      checks_.InRange(FieldPath(path, "payload_bytes"), stop.payload_bytes(), 1,
                      kMaxStopAmount);
      return;
    case v1::StopPolicy::kPackets:
      checks_.InRange(FieldPath(path, "packets"), stop.packets(), 1,
                      kMaxStopAmount);
      return;
    case v1::StopPolicy::kAge:
      checks_.Timeout(FieldPath(path, "age"), stop.age());
      return;
    case v1::StopPolicy::kTcpState:
      if (stop.tcp_state() == v1::TCP_STATE_UNSPECIFIED) {
        checks_.Fail(FieldPath(path, "tcp_state"), "required; name a state");
      }
      return;
    case v1::StopPolicy::CONDITION_NOT_SET:
      checks_.Fail(path,
                   "has no condition; allowed: one of immediately, "
                   "payload_bytes, packets, age, tcp_state");
      return;
  }
}

void ConfigValidator::CheckFlowPolicy(const v1::FlowPolicy& policy,
                                      const v1::Monitor& monitor,
                                      const std::string& path) {
  if (!policy.has_match()) {
    checks_.Fail(FieldPath(path, "match"), "required; a filter expression");
  }
  CheckFilter(policy.match(), FilterKind::kFlow, FieldPath(path, "match"));
  CheckSide(policy.client(), &monitor.client(), FieldPath(path, "client"));
  CheckSide(policy.server(), &monitor.server(), FieldPath(path, "server"));
  CheckStops(policy.stop_policies(), FieldPath(path, "stop_policies"));
}

void ConfigValidator::CheckInstance(const v1::NfInstance& instance,
                                    const std::string& path) {
  const std::string name = FieldPath(path, "name");
  checks_.ResourceName(name, instance.name(), "nfInstances");
  if (!instance.name().empty()) {
    CheckUnique(instance_names_, instance.name(), name);
    if (instance.has_flow_log()) flow_functions_.insert(instance.name());
  }
  switch (instance.config_case()) {
    case v1::NfInstance::kFirewall:
      CheckFirewall(instance.firewall(), FieldPath(path, "firewall"));
      return;
    case v1::NfInstance::kFlowLog:
      CheckFlowLog(instance.flow_log(), FieldPath(path, "flow_log"));
      return;
    case v1::NfInstance::CONFIG_NOT_SET:
      checks_.Fail(path, "has no function; allowed: one of firewall, flow_log");
      return;
  }
}

void ConfigValidator::CheckFirewall(const v1::FirewallConfig& firewall,
                                    const std::string& path) {
  const std::string rules = FieldPath(path, "rules");
  checks_.AtMost(rules, firewall.rules_size(), kMaxFirewallRules, "rules");
  FirstPlaces ids;
  for (int i = 0; i < firewall.rules_size(); ++i) {
    const v1::FirewallRule& rule = firewall.rules(i);
    const std::string at = ElementPath(rules, i);
    CheckRule(rule, at);
    if (!rule.id().empty()) CheckUnique(ids, rule.id(), FieldPath(at, "id"));
  }
}

void ConfigValidator::CheckRule(const v1::FirewallRule& rule,
                                const std::string& path) {
  checks_.Id(FieldPath(path, "id"), rule.id());
  checks_.InRange(FieldPath(path, "priority"), rule.priority(), 0,
                  kMaxPriority);
  CheckRuleNetworks(rule, path);
  const bool has_ports = rule.has_client_ports() || rule.has_server_ports();
  if (rule.has_client_ports()) {
    CheckPorts(rule.client_ports(), FieldPath(path, "client_ports"));
  }
  if (rule.has_server_ports()) {
    CheckPorts(rule.server_ports(), FieldPath(path, "server_ports"));
  }
  if (has_ports && (rule.protocol() == v1::IP_PROTOCOL_ICMP ||
                    rule.protocol() == v1::IP_PROTOCOL_ICMPV6)) {
    checks_.Fail(FieldPath(path, "protocol"),
                 "has no ports; allowed beside ports: tcp, udp");
  }
  if (rule.action() == v1::FIREWALL_ACTION_UNSPECIFIED) {
    checks_.Fail(FieldPath(path, "action"), "required; allowed: allow, drop");
  }
}

void ConfigValidator::CheckRuleNetworks(const v1::FirewallRule& rule,
                                        const std::string& path) {
  int ip_versions[2] = {0, 0};
  const auto check = [&](const std::string& cidr, const char* field,
                         int& ip_version) {
    if (cidr.empty()) return;
    const auto prefix = ParseIpPrefix(cidr);
    if (prefix.ok()) {
      ip_version = prefix->ip_version;
    } else {
      checks_.Fail(FieldPath(path, field), std::string(Text(prefix.status())));
    }
  };
  check(rule.client_cidr(), "client_cidr", ip_versions[0]);
  check(rule.server_cidr(), "server_cidr", ip_versions[1]);
  if (ip_versions[0] != 0 && ip_versions[1] != 0 &&
      ip_versions[0] != ip_versions[1]) {
    checks_.Fail(FieldPath(path, "server_cidr"),
                 absl::StrCat("is IPv", ip_versions[1], " and client_cidr IPv",
                              ip_versions[0], "; no flow is both"));
  }
}

void ConfigValidator::CheckPorts(const v1::PortRange& ports,
                                 const std::string& path) {
  checks_.InRange(FieldPath(path, "first"), ports.first(), 0, 65535);
  checks_.InRange(FieldPath(path, "last"), ports.last(), 0, 65535);
  if (ports.last() < ports.first()) {
    checks_.Fail(
        FieldPath(path, "last"),
        absl::StrCat(ports.last(), " is less than first, ", ports.first()));
  }
}

void ConfigValidator::CheckFlowLog(const v1::FlowLogConfig& flow_log,
                                   const std::string& path) {
  const std::string output = FieldPath(path, "output_path");
  if (flow_log.output_path().size() > kMaxPathBytes) {
    checks_.Fail(
        output,
        absl::StrCat("a path of ", flow_log.output_path().size(),
                     " bytes; at most ", kMaxPathBytes, " are allowed"));
  } else if (!flow_log.output_path().empty()) {
    CheckUnique(output_paths_, flow_log.output_path(), output);
  }
  std::set<int> seen;
  for (int i = 0; i < flow_log.protocols_size(); ++i) {
    const std::string at =
        ElementPath(FieldPath(path, "protocols"), static_cast<size_t>(i));
    const int protocol = flow_log.protocols(i);
    if (protocol == v1::IP_PROTOCOL_UNSPECIFIED) {
      checks_.Fail(at, "required; name a protocol");
    } else if (!seen.insert(protocol).second) {
      checks_.Fail(at, "is in the list already");
    }
  }
}

}  // namespace

std::vector<Violation> Validate(const v1::Config& config, std::string_view path,
                                FilterCheck check_filter) {
  return ConfigValidator(config, check_filter).Run(std::string(path));
}

}  // namespace mosaic::config
