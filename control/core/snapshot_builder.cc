#include "control/core/snapshot_builder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "control/config/ip_prefix.h"
#include "control/core/overlap_codec.h"
#include "nf/firewall/firewall.h"
#include "nf/flow_log/flow_log.h"

namespace mosaic {
namespace {

Duration ToDuration(const google::protobuf::Duration& duration) {
  return Duration::Nanos(duration.seconds() * 1'000'000'000 + duration.nanos());
}

Retain ToRetain(v1::Retain retain) {
  switch (retain) {
    case v1::RETAIN_UNACKED:
      return Retain::kUnacked;
    case v1::RETAIN_BYTES:
      return Retain::kBytes;
    default:
      return Retain::kNone;
  }
}

FullBuffer ToFullBuffer(v1::FullBuffer full, FullBuffer fallback) {
  switch (full) {
    case v1::FULL_BUFFER_STOP:
      return FullBuffer::kStop;
    case v1::FULL_BUFFER_DROP_OLDEST:
      return FullBuffer::kDropOldest;
    default:
      return fallback;
  }
}

UrgentPolicy ToUrgent(v1::UrgentPolicy urgent, UrgentPolicy fallback) {
  switch (urgent) {
    case v1::URGENT_POLICY_INLINE:
      return UrgentPolicy::kInline;
    case v1::URGENT_POLICY_OUT_OF_BAND:
      return UrgentPolicy::kOutOfBand;
    case v1::URGENT_POLICY_GAP:
      return UrgentPolicy::kGap;
    case v1::URGENT_POLICY_DROP:
      return UrgentPolicy::kDrop;
    default:
      return fallback;
  }
}

// The API's states begin with UNSPECIFIED; the rest is in the same order.
TcpState ToTcpState(v1::TcpState state) {
  return static_cast<TcpState>(static_cast<int>(state) - 1);
}

class Builder {
 public:
  Builder(const v1::Config& config, const SnapshotDefaults& defaults,
          FilterCache& filters)
      : config_(config), defaults_(defaults), filters_(filters) {}

  absl::StatusOr<std::shared_ptr<const Snapshot>> Build(uint64_t revision) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = revision;
    for (const v1::NfInstance& instance : config_.nf_instances()) {
      absl::StatusOr<NfInstance> made = BuildNf(instance);
      if (!made.ok()) return made.status();
      snapshot->nf_instances.push_back(*std::move(made));
    }
    for (const v1::Monitor& monitor : config_.monitors()) {
      if (monitor.disabled()) continue;
      absl::StatusOr<Monitor> made = BuildMonitor(monitor, *snapshot);
      if (!made.ok()) return made.status();
      snapshot->monitors.push_back(*std::move(made));
    }
    std::ranges::sort(
        snapshot->monitors, [](const Monitor& a, const Monitor& b) {
          return std::pair(a.priority, a.name) < std::pair(b.priority, b.name);
        });
    return std::shared_ptr<const Snapshot>(std::move(snapshot));
  }

 private:
  using Filter = std::shared_ptr<const PacketFilter>;

  absl::StatusOr<Filter> BuildFilter(const v1::PacketFilter& filter,
                                     FilterCache::Use use,
                                     const std::string& where) {
    absl::StatusOr<Filter> made = filters_.Get(filter.expression(), use);
    if (!made.ok()) {
      return absl::Status(made.status().code(),
                          absl::StrCat(where, ": ", made.status().message()));
    }
    // Matching everything is cheapest where nothing is asked.
    return (*made)->matches_all() ? Filter() : *std::move(made);
  }

  // Fields that are set replace those of `policy`.
  static SidePolicy Replace(const v1::SidePolicy& side, SidePolicy policy) {
    if (side.has_buffer_size_bytes()) {
      policy.buffer_bytes = static_cast<uint32_t>(side.buffer_size_bytes());
    }
    policy.overlap =
        ToOverlapPolicy(side.overlap_policy()).value_or(policy.overlap);
    policy.full = ToFullBuffer(side.full_buffer(), policy.full);
    policy.urgent = ToUrgent(side.urgent_policy(), policy.urgent);
    if (side.retain() != v1::RETAIN_UNSPECIFIED) {
      policy.retain = ToRetain(side.retain());
      policy.retain_bytes = static_cast<uint32_t>(side.retain_bytes());
    }
    return policy;
  }

  SidePolicy DefaultSide() const {
    SidePolicy policy;
    policy.buffer_bytes = defaults_.buffer_bytes;
    policy.overlap = defaults_.overlap;
    return policy;
  }

  template <typename Policies>
  static std::vector<StopPolicy> BuildStops(const Policies& policies) {
    std::vector<StopPolicy> stops;
    for (const v1::StopPolicy& policy : policies) {
      StopPolicy stop;
      stop.forget_flow = policy.forget_flow();
      switch (policy.condition_case()) {
        case v1::StopPolicy::kPayloadBytes:
          stop.condition = StopPolicy::Condition::kPayloadBytes;
          stop.amount = policy.payload_bytes();
          break;
        case v1::StopPolicy::kPackets:
          stop.condition = StopPolicy::Condition::kPackets;
          stop.amount = policy.packets();
          break;
        case v1::StopPolicy::kAge:
          stop.condition = StopPolicy::Condition::kAge;
          stop.age = ToDuration(policy.age());
          break;
        case v1::StopPolicy::kTcpState:
          stop.condition = StopPolicy::Condition::kTcpState;
          stop.state = ToTcpState(policy.tcp_state());
          break;
        case v1::StopPolicy::kImmediately:
        case v1::StopPolicy::CONDITION_NOT_SET:
          stop.condition = StopPolicy::Condition::kImmediately;
          break;
      }
      if (policy.side() != v1::SIDE_SERVER) {
        stop.side = Side::kClient;
        stops.push_back(stop);
      }
      if (policy.side() != v1::SIDE_CLIENT) {
        stop.side = Side::kServer;
        stops.push_back(stop);
      }
    }
    return stops;
  }

  absl::StatusOr<Monitor> BuildMonitor(const v1::Monitor& monitor,
                                       const Snapshot& snapshot) {
    Monitor made;
    made.name = monitor.name();
    made.type = monitor.type() == v1::MONITOR_TYPE_RAW ? MonitorType::kRaw
                                                       : MonitorType::kStream;
    made.priority = monitor.priority();
    made.midstream = defaults_.midstream;
    if (monitor.midstream() == v1::MIDSTREAM_POLICY_PICKUP) {
      made.midstream = Midstream::kPickup;
    } else if (monitor.midstream() == v1::MIDSTREAM_POLICY_ORPHAN) {
      made.midstream = Midstream::kOrphan;
    }
    const struct {
      const v1::PacketFilter& from;
      Filter& to;
      FilterCache::Use use;
      const char* field;
    } filters[] = {{monitor.syn_filter(), made.syn_filter,
                    FilterCache::Use::kStreams, "syn_filter"},
                   {monitor.orphan_filter(), made.orphan_filter,
                    FilterCache::Use::kStreams, "orphan_filter"},
                   {monitor.raw_filter(), made.raw_filter,
                    FilterCache::Use::kFrames, "raw_filter"}};
    for (const auto& filter : filters) {
      absl::StatusOr<Filter> compiled =
          BuildFilter(filter.from, filter.use,
                      absl::StrCat(monitor.name(), ".", filter.field));
      if (!compiled.ok()) return compiled.status();
      filter.to = *std::move(compiled);
    }
    made.side = {Replace(monitor.client(), DefaultSide()),
                 Replace(monitor.server(), DefaultSide())};
    made.stop = BuildStops(monitor.stop_policies());
    for (const v1::FlowPolicy& policy : monitor.flow_policies()) {
      absl::StatusOr<Filter> match =
          BuildFilter(policy.match(), FilterCache::Use::kStreams,
                      absl::StrCat(monitor.name(), ".flow_policies.match"));
      if (!match.ok()) return match.status();
      made.flow_policies.push_back({*std::move(match),
                                    {Replace(policy.client(), made.side[0]),
                                     Replace(policy.server(), made.side[1])},
                                    policy.stop_policies().empty()
                                        ? made.stop
                                        : BuildStops(policy.stop_policies())});
    }
    made.idle_timeout = ToDuration(monitor.idle_timeout());
    for (const std::string& name : monitor.nf_instances()) {
      const auto found =
          std::ranges::find(snapshot.nf_instances, name, &NfInstance::name);
      if (found == snapshot.nf_instances.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(monitor.name(), ".nf_instances: there is no ", name));
      }
      made.nf_instances.push_back(
          static_cast<size_t>(found - snapshot.nf_instances.begin()));
    }
    return made;
  }

  static absl::StatusOr<FirewallPrefix> BuildPrefix(const std::string& cidr,
                                                    const std::string& where) {
    if (cidr.empty()) return FirewallPrefix();
    const absl::StatusOr<config::IpPrefix> prefix = config::ParseIpPrefix(cidr);
    if (!prefix.ok()) {
      return absl::Status(prefix.status().code(),
                          absl::StrCat(where, ": ", prefix.status().message()));
    }
    return FirewallPrefix{prefix->ip_version, prefix->bits, prefix->address};
  }

  static FirewallPorts BuildPorts(bool present, const v1::PortRange& range) {
    if (!present) return {};
    return {static_cast<uint16_t>(range.first()),
            static_cast<uint16_t>(range.last())};
  }

  static absl::StatusOr<std::shared_ptr<const NfConfig>> BuildFirewall(
      const std::string& name, const v1::FirewallConfig& config) {
    auto made = std::make_shared<FirewallConfig>();
    if (config.default_action() == v1::FIREWALL_ACTION_DROP) {
      made->default_action = FirewallAction::kDrop;
    }
    std::vector<const v1::FirewallRule*> order;
    for (const v1::FirewallRule& rule : config.rules()) order.push_back(&rule);
    std::ranges::stable_sort(order, {},
                             [](const auto* rule) { return rule->priority(); });
    for (const v1::FirewallRule* rule : order) {
      FirewallRule to;
      to.id = rule->id();
      const std::string where =
          absl::StrCat(name, ".firewall.rules ", rule->id());
      absl::StatusOr<FirewallPrefix> client =
          BuildPrefix(rule->client_cidr(), where + ".client_cidr");
      if (!client.ok()) return client.status();
      absl::StatusOr<FirewallPrefix> server =
          BuildPrefix(rule->server_cidr(), where + ".server_cidr");
      if (!server.ok()) return server.status();
      to.client = *client;
      to.server = *server;
      to.client_ports =
          BuildPorts(rule->has_client_ports(), rule->client_ports());
      to.server_ports =
          BuildPorts(rule->has_server_ports(), rule->server_ports());
      if (rule->protocol() != v1::IP_PROTOCOL_UNSPECIFIED) {
        to.protocols = {static_cast<uint8_t>(rule->protocol())};
      }
      if (rule->action() == v1::FIREWALL_ACTION_DROP) {
        to.action = FirewallAction::kDrop;
      }
      if (rule->direction() == v1::FIREWALL_DIRECTION_CLIENT_TO_SERVER) {
        to.direction = FirewallRule::Direction::kClientToServer;
      } else if (rule->direction() == v1::FIREWALL_DIRECTION_SERVER_TO_CLIENT) {
        to.direction = FirewallRule::Direction::kServerToClient;
      }
      made->rules.push_back(std::move(to));
    }
    return std::shared_ptr<const NfConfig>(std::move(made));
  }

  static std::shared_ptr<const NfConfig> BuildFlowLog(
      const v1::FlowLogConfig& config) {
    auto made = std::make_shared<FlowLogConfig>();
    made->payload_digests = config.payload_digests();
    if (config.protocols_size() > 0) {
      made->logs_protocol.fill(false);
      for (int protocol : config.protocols()) {
        made->logs_protocol[static_cast<uint8_t>(protocol)] = true;
      }
    }
    return made;
  }

  absl::StatusOr<NfInstance> BuildNf(const v1::NfInstance& instance) const {
    NfInstance made;
    made.name = instance.name();
    made.failure_policy = instance.failure_policy() == v1::FAILURE_POLICY_CLOSED
                              ? FailurePolicy::kClosed
                              : FailurePolicy::kOpen;
    switch (instance.config_case()) {
      case v1::NfInstance::kFirewall: {
        made.type = "firewall";
        absl::StatusOr<std::shared_ptr<const NfConfig>> config =
            BuildFirewall(instance.name(), instance.firewall());
        if (!config.ok()) return config.status();
        made.config = *std::move(config);
        break;
      }
      case v1::NfInstance::kFlowLog:
        made.type = "flow_log";
        made.config = BuildFlowLog(instance.flow_log());
        break;
      case v1::NfInstance::CONFIG_NOT_SET:
        return absl::InvalidArgumentError(
            absl::StrCat(instance.name(), ": says not which function it is"));
    }
    return made;
  }

  const v1::Config& config_;
  const SnapshotDefaults& defaults_;
  FilterCache& filters_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Snapshot>> BuildSnapshot(
    const v1::Config& config, uint64_t revision,
    const SnapshotDefaults& defaults, FilterCache& filters) {
  return Builder(config, defaults, filters).Build(revision);
}

}  // namespace mosaic
