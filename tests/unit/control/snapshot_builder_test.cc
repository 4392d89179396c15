#include "control/core/snapshot_builder.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nf/firewall/firewall.h"
#include "nf/flow_log/flow_log.h"
#include "tests/support/packet_builder.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Condition = StopPolicy::Condition;

v1::Config Parse(const std::string& text) {
  v1::Config config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config))
      << text;
  return config;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> TryBuild(
    const std::string& text, const SnapshotDefaults& defaults = {}) {
  FilterCache filters(CheckInThisProcess);
  return BuildSnapshot(Parse(text), 7, defaults, filters);
}

std::shared_ptr<const Snapshot> Build(const std::string& text,
                                      const SnapshotDefaults& defaults = {}) {
  auto snapshot = TryBuild(text, defaults);
  EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  return snapshot.ok() ? *snapshot : std::make_shared<Snapshot>();
}

// The only monitor, of these settings.
Monitor BuildMonitor(const std::string& settings,
                     const SnapshotDefaults& defaults = {}) {
  const auto snapshot =
      Build("monitors { name: 'monitors/m' type: MONITOR_TYPE_STREAM " +
                settings + " }",
            defaults);
  EXPECT_EQ(snapshot->monitors.size(), 1u);
  return snapshot->monitors.empty() ? Monitor() : snapshot->monitors[0];
}

FirewallConfig BuildFirewall(const std::string& settings) {
  const auto snapshot = Build(
      "nf_instances { name: 'nfInstances/f' firewall { " + settings + " } }");
  return static_cast<const FirewallConfig&>(*snapshot->nf_instances[0].config);
}

// True if `filter` lets a segment to `port` pass.
bool TakesPort(const PacketFilter& filter, uint16_t port) {
  std::vector<uint8_t> frame = PacketBuilder().Tcp(1000, port).Build();
  frame.erase(frame.begin(), frame.begin() + 14);
  return filter.Matches(frame);
}

// --- Monitors
// -------------------------------------------------------------------

TEST(SnapshotBuilderTest, EmptyConfigurationHasItsRevision) {
  const auto snapshot = Build("");
  EXPECT_EQ(snapshot->revision, 7u);
  EXPECT_TRUE(snapshot->monitors.empty());
  EXPECT_TRUE(snapshot->nf_instances.empty());
}

TEST(SnapshotBuilderTest, MonitorHasTheDefaultsOfItsSurroundings) {
  const Monitor monitor =
      BuildMonitor("", {Midstream::kPickup, OverlapPolicy::kSolaris, 12345});
  EXPECT_EQ(monitor.name, "monitors/m");
  EXPECT_EQ(monitor.type, MonitorType::kStream);
  EXPECT_EQ(monitor.priority, 0u);
  EXPECT_EQ(monitor.midstream, Midstream::kPickup);
  EXPECT_EQ(monitor.idle_timeout, Duration());
  EXPECT_EQ(monitor.syn_filter, nullptr);
  EXPECT_EQ(monitor.orphan_filter, nullptr);
  EXPECT_EQ(monitor.raw_filter, nullptr);
  EXPECT_TRUE(monitor.stop.empty());
  EXPECT_TRUE(monitor.flow_policies.empty());
  for (const SidePolicy& side : monitor.side) {
    EXPECT_EQ(side.buffer_bytes, 12345u);
    EXPECT_EQ(side.overlap, OverlapPolicy::kSolaris);
    EXPECT_EQ(side.retain, Retain::kNone);
  }
}

TEST(SnapshotBuilderTest, EveryFieldOfAMonitorArrives) {
  const Monitor monitor = BuildMonitor(R"(
      syn_filter { expression: 'tcp port 80' }
      orphan_filter { expression: 'tcp port 81' }
      priority: 3
      client { buffer_size_bytes: 0 overlap_policy: OVERLAP_POLICY_LAST }
      server { buffer_size_bytes: 99 retain: RETAIN_BYTES retain_bytes: 44 }
      idle_timeout { seconds: 5 nanos: 250 }
      midstream: MIDSTREAM_POLICY_PICKUP)");
  ASSERT_NE(monitor.syn_filter, nullptr);
  EXPECT_TRUE(TakesPort(*monitor.syn_filter, 80));
  EXPECT_FALSE(TakesPort(*monitor.syn_filter, 81));
  ASSERT_NE(monitor.orphan_filter, nullptr);
  EXPECT_TRUE(TakesPort(*monitor.orphan_filter, 81));
  EXPECT_EQ(monitor.priority, 3u);
  EXPECT_EQ(monitor.side[0].buffer_bytes, 0u);
  EXPECT_EQ(monitor.side[0].overlap, OverlapPolicy::kLast);
  EXPECT_EQ(monitor.side[1].buffer_bytes, 99u);
  EXPECT_EQ(monitor.side[1].retain, Retain::kBytes);
  EXPECT_EQ(monitor.side[1].retain_bytes, 44u);
  EXPECT_EQ(monitor.idle_timeout, Duration::Nanos(5'000'000'250));
  EXPECT_EQ(monitor.midstream, Midstream::kPickup);
  EXPECT_EQ(BuildMonitor("midstream: MIDSTREAM_POLICY_ORPHAN",
                         {.midstream = Midstream::kPickup})
                .midstream,
            Midstream::kOrphan);
}

TEST(SnapshotBuilderTest, RawMonitorFiltersFrames) {
  const auto snapshot = Build(R"(monitors {
      name: 'monitors/r' type: MONITOR_TYPE_RAW
      raw_filter { expression: 'ether proto 0x86dd' } })");
  const Monitor& monitor = snapshot->monitors.at(0);
  EXPECT_EQ(monitor.type, MonitorType::kRaw);
  ASSERT_NE(monitor.raw_filter, nullptr);
  EXPECT_TRUE(monitor.raw_filter->Matches(
      PacketBuilder().Ipv6("2001:db8::1", "2001:db8::2").Build()));
  EXPECT_FALSE(monitor.raw_filter->Matches(PacketBuilder().Build()));
}

TEST(SnapshotBuilderTest, FilterOfWhiteSpaceIsNoFilter) {
  EXPECT_EQ(BuildMonitor("syn_filter { expression: '  ' }").syn_filter,
            nullptr);
}

TEST(SnapshotBuilderTest, EveryOverlapPolicyAndRetentionArrives) {
  const OverlapPolicy policies[] = {
      OverlapPolicy::kFirst, OverlapPolicy::kLast,    OverlapPolicy::kLinux,
      OverlapPolicy::kBsd,   OverlapPolicy::kWindows, OverlapPolicy::kSolaris};
  for (int number = 1; number <= 6; ++number) {
    EXPECT_EQ(BuildMonitor(
                  "client { overlap_policy: " + std::to_string(number) + " }")
                  .side[0]
                  .overlap,
              policies[number - 1]);
  }
  const Retain retentions[] = {Retain::kNone, Retain::kUnacked, Retain::kBytes};
  for (int number = 1; number <= 3; ++number) {
    EXPECT_EQ(BuildMonitor("client { retain: " + std::to_string(number) + " }")
                  .side[0]
                  .retain,
              retentions[number - 1]);
  }
}

TEST(SnapshotBuilderTest, EveryPolicyOfFullBuffersAndUrgentBytesArrives) {
  const FullBuffer full[] = {FullBuffer::kStop, FullBuffer::kStop,
                             FullBuffer::kDropOldest};
  for (int number = 0; number <= 2; ++number) {
    const Monitor monitor =
        BuildMonitor("client { full_buffer: " + std::to_string(number) + " }");
    EXPECT_EQ(monitor.side[0].full, full[number]);
    EXPECT_EQ(monitor.side[1].full, FullBuffer::kStop);
  }
  const UrgentPolicy urgent[] = {UrgentPolicy::kInline, UrgentPolicy::kInline,
                                 UrgentPolicy::kOutOfBand, UrgentPolicy::kGap,
                                 UrgentPolicy::kDrop};
  for (int number = 0; number <= 4; ++number) {
    const Monitor monitor = BuildMonitor(
        "server { urgent_policy: " + std::to_string(number) + " }");
    EXPECT_EQ(monitor.side[1].urgent, urgent[number]);
    EXPECT_EQ(monitor.side[0].urgent, UrgentPolicy::kInline);
  }
}

TEST(SnapshotBuilderTest, ExceptionInheritsThesePoliciesOrReplacesThem) {
  const Monitor monitor = BuildMonitor(R"(
      server { full_buffer: FULL_BUFFER_DROP_OLDEST
               urgent_policy: URGENT_POLICY_GAP }
      flow_policies { match { expression: 'port 53' } }
      flow_policies {
        match { expression: 'port 54' }
        server { full_buffer: FULL_BUFFER_STOP
                 urgent_policy: URGENT_POLICY_INLINE } })");
  ASSERT_EQ(monitor.flow_policies.size(), 2u);
  const SidePolicy& inherited = monitor.flow_policies[0].side[1];
  EXPECT_EQ(inherited.full, FullBuffer::kDropOldest);
  EXPECT_EQ(inherited.urgent, UrgentPolicy::kGap);
  const SidePolicy& replaced = monitor.flow_policies[1].side[1];
  EXPECT_EQ(replaced.full, FullBuffer::kStop);
  EXPECT_EQ(replaced.urgent, UrgentPolicy::kInline);
}

TEST(SnapshotBuilderTest, MonitorsAreInOrderOfPriorityThenName) {
  const auto snapshot = Build(R"(
      monitors { name: 'monitors/z' type: 1 priority: 1 }
      monitors { name: 'monitors/b' type: 1 priority: 2 }
      monitors { name: 'monitors/off' type: 1 disabled: true }
      monitors { name: 'monitors/a' type: 1 priority: 2 }
      monitors { name: 'monitors/first' type: 1 })");
  std::vector<std::string> names;
  for (const Monitor& m : snapshot->monitors) names.push_back(m.name);
  EXPECT_THAT(names, ElementsAre("monitors/first", "monitors/z", "monitors/a",
                                 "monitors/b"));
}

TEST(SnapshotBuilderTest, FunctionsAreNamedByTheirPlaceInChainOrder) {
  const auto snapshot = Build(R"(
      monitors { name: 'monitors/m' type: 1
                 nf_instances: 'nfInstances/b' nf_instances: 'nfInstances/a' }
      nf_instances { name: 'nfInstances/a' flow_log {} }
      nf_instances { name: 'nfInstances/b' firewall {}
                     failure_policy: FAILURE_POLICY_CLOSED })");
  EXPECT_THAT(snapshot->monitors.at(0).nf_instances, ElementsAre(1, 0));
  EXPECT_EQ(snapshot->nf_instances[0].type, "flow_log");
  EXPECT_EQ(snapshot->nf_instances[0].failure_policy, FailurePolicy::kOpen);
  EXPECT_EQ(snapshot->nf_instances[1].type, "firewall");
  EXPECT_EQ(snapshot->nf_instances[1].failure_policy, FailurePolicy::kClosed);
}

// --- Stop policies
// ----------------------------------------------------------------

TEST(SnapshotBuilderTest, EveryStopConditionArrives) {
  const Monitor monitor = BuildMonitor(R"(
      stop_policies { side: SIDE_CLIENT immediately: true }
      stop_policies { side: SIDE_SERVER payload_bytes: 100 forget_flow: true }
      stop_policies { side: SIDE_CLIENT packets: 20 }
      stop_policies { side: SIDE_SERVER age { seconds: 2 nanos: 5 } }
      stop_policies { side: SIDE_CLIENT tcp_state: TCP_STATE_FIN_WAIT_2 })");
  ASSERT_EQ(monitor.stop.size(), 5u);
  const Condition conditions[] = {Condition::kImmediately,
                                  Condition::kPayloadBytes, Condition::kPackets,
                                  Condition::kAge, Condition::kTcpState};
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(monitor.stop[i].condition, conditions[i]);
    EXPECT_EQ(monitor.stop[i].side, i % 2 == 0 ? Side::kClient : Side::kServer);
    EXPECT_EQ(monitor.stop[i].forget_flow, i == 1);
  }
  EXPECT_EQ(monitor.stop[1].amount, 100u);
  EXPECT_EQ(monitor.stop[2].amount, 20u);
  EXPECT_EQ(monitor.stop[3].age, Duration::Nanos(2'000'000'005));
  EXPECT_EQ(monitor.stop[4].state, TcpState::kFinWait2);
}

TEST(SnapshotBuilderTest, EveryTcpStateArrives) {
  for (size_t i = 0; i < kTcpStates; ++i) {
    const auto state = static_cast<v1::TcpState>(i + 1);
    const Monitor monitor =
        BuildMonitor("stop_policies { side: SIDE_CLIENT tcp_state: " +
                     v1::TcpState_Name(state) + " }");
    EXPECT_EQ(monitor.stop[0].state, static_cast<TcpState>(i));
  }
  EXPECT_EQ(v1::TcpState_Name(v1::TCP_STATE_SYN_RCVD), "TCP_STATE_SYN_RCVD");
  EXPECT_EQ(static_cast<TcpState>(v1::TCP_STATE_SYN_RCVD - 1),
            TcpState::kSynReceived);
}

TEST(SnapshotBuilderTest, StopOfBothSidesBecomesTwo) {
  for (const char* side : {"side: SIDE_BOTH", ""}) {
    const Monitor monitor =
        BuildMonitor(std::string("stop_policies { ") + side + " packets: 9 }");
    ASSERT_EQ(monitor.stop.size(), 2u);
    EXPECT_EQ(monitor.stop[0].side, Side::kClient);
    EXPECT_EQ(monitor.stop[1].side, Side::kServer);
    for (const StopPolicy& stop : monitor.stop) EXPECT_EQ(stop.amount, 9u);
  }
}

// --- Flow policies
// ----------------------------------------------------------------

TEST(SnapshotBuilderTest, FlowPolicyInheritsWhatItDoesNotSay) {
  const Monitor monitor = BuildMonitor(R"(
      client { buffer_size_bytes: 10 overlap_policy: OVERLAP_POLICY_BSD
               retain: RETAIN_BYTES retain_bytes: 4 }
      server { buffer_size_bytes: 20 }
      stop_policies { side: SIDE_CLIENT packets: 1 }
      flow_policies { match { expression: 'port 53' }
                      client { buffer_size_bytes: 11 }
                      server { retain: RETAIN_UNACKED } }
      flow_policies { client { retain: RETAIN_NONE }
                      stop_policies { side: SIDE_SERVER packets: 2 } })");
  ASSERT_EQ(monitor.flow_policies.size(), 2u);
  const FlowPolicy& first = monitor.flow_policies[0];
  ASSERT_NE(first.match, nullptr);
  EXPECT_TRUE(TakesPort(*first.match, 53));
  EXPECT_EQ(first.side[0].buffer_bytes, 11u);
  EXPECT_EQ(first.side[0].overlap, OverlapPolicy::kBsd);
  EXPECT_EQ(first.side[0].retain, Retain::kBytes);
  EXPECT_EQ(first.side[0].retain_bytes, 4u);
  EXPECT_EQ(first.side[1].buffer_bytes, 20u);
  EXPECT_EQ(first.side[1].retain, Retain::kUnacked);
  ASSERT_EQ(first.stop.size(), 1u);
  EXPECT_EQ(first.stop[0].amount, 1u);

  const FlowPolicy& second = monitor.flow_policies[1];
  EXPECT_EQ(second.match, nullptr);
  EXPECT_EQ(second.side[0].buffer_bytes, 10u);
  EXPECT_EQ(second.side[0].retain, Retain::kNone);
  ASSERT_EQ(second.stop.size(), 1u);
  EXPECT_EQ(second.stop[0].amount, 2u);
  EXPECT_EQ(second.stop[0].side, Side::kServer);
}

// --- Network functions
// --------------------------------------------------------------

TEST(SnapshotBuilderTest, FirewallRulesAreInOrderOfPriorityThenPlace) {
  const FirewallConfig config = BuildFirewall(R"(
      rules { id: 'c' priority: 5 } rules { id: 'a' priority: 1 }
      rules { id: 'd' priority: 5 } rules { id: 'b' priority: 1 })");
  std::vector<std::string> ids;
  for (const FirewallRule& rule : config.rules) ids.push_back(rule.id);
  EXPECT_THAT(ids, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(config.default_action, FirewallAction::kAllow);
}

TEST(SnapshotBuilderTest, EveryFieldOfAFirewallRuleArrives) {
  const FirewallConfig config = BuildFirewall(R"(
      default_action: FIREWALL_ACTION_DROP
      rules { id: 'one' client_cidr: '10.0.0.0/9' server_cidr: '2001:db8::/33'
              client_ports { first: 1 last: 2 }
              server_ports { first: 0 last: 65535 }
              protocol: IP_PROTOCOL_UDP action: FIREWALL_ACTION_DROP
              direction: FIREWALL_DIRECTION_SERVER_TO_CLIENT }
      rules { id: 'two' action: FIREWALL_ACTION_ALLOW
              direction: FIREWALL_DIRECTION_CLIENT_TO_SERVER })");
  EXPECT_EQ(config.default_action, FirewallAction::kDrop);
  const FirewallRule& one = config.rules.at(0);
  EXPECT_EQ(one.client.ip_version, 4);
  EXPECT_EQ(one.client.bits, 9);
  EXPECT_EQ(one.client.address[0], 10);
  EXPECT_EQ(one.server.ip_version, 6);
  EXPECT_EQ(one.server.bits, 33);
  EXPECT_EQ(one.client_ports.first, 1);
  EXPECT_EQ(one.client_ports.last, 2);
  EXPECT_TRUE(one.server_ports.any());
  EXPECT_THAT(one.protocols, ElementsAre(17));
  EXPECT_EQ(one.action, FirewallAction::kDrop);
  EXPECT_EQ(one.direction, FirewallRule::Direction::kServerToClient);
  const FirewallRule& two = config.rules.at(1);
  EXPECT_EQ(two.client.ip_version, 0);
  EXPECT_TRUE(two.client_ports.any());
  EXPECT_TRUE(two.protocols.empty());
  EXPECT_EQ(two.action, FirewallAction::kAllow);
  EXPECT_EQ(two.direction, FirewallRule::Direction::kClientToServer);
}

TEST(SnapshotBuilderTest, FlowLogLogsEveryProtocolUnlessSomeAreNamed) {
  const auto config = [](const std::string& settings) {
    const auto snapshot = Build(
        "nf_instances { name: 'nfInstances/l' flow_log { " + settings + " } }");
    return static_cast<const FlowLogConfig&>(
        *snapshot->nf_instances.at(0).config);
  };
  EXPECT_TRUE(config("").logs_protocol[255]);
  EXPECT_FALSE(config("").payload_digests);
  const FlowLogConfig some = config(
      "payload_digests: true protocols: IP_PROTOCOL_TCP "
      "protocols: IP_PROTOCOL_ICMP");
  EXPECT_TRUE(some.payload_digests);
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(some.logs_protocol[i], i == 6 || i == 1) << i;
  }
}

// --- Errors
// -----------------------------------------------------------------------

TEST(SnapshotBuilderTest, ErrorsNameTheResourceAndTheField) {
  const struct {
    const char* config;
    const char* message;
  } rows[] = {
      {"monitors { name: 'monitors/m' syn_filter { expression: 'tcp prt 1' } }",
       "monitors/m.syn_filter: "},
      {"monitors { name: 'monitors/m' orphan_filter { expression: '(' } }",
       "monitors/m.orphan_filter: "},
      {"monitors { name: 'monitors/m' raw_filter { expression: ')' } }",
       "monitors/m.raw_filter: "},
      {"monitors { name: 'monitors/m' "
       "flow_policies { match { expression: 'and' } } }",
       "monitors/m.flow_policies.match: "},
      {"monitors { name: 'monitors/m' nf_instances: 'nfInstances/x' }",
       "monitors/m.nf_instances: there is no nfInstances/x"},
      {"nf_instances { name: 'nfInstances/x' }",
       "nfInstances/x: says not which function it is"},
      {"nf_instances { name: 'nfInstances/x' firewall { "
       "rules { id: 'r' client_cidr: '10.0.0.0/33' } } }",
       "nfInstances/x.firewall.rules r.client_cidr: "},
      {"nf_instances { name: 'nfInstances/x' firewall { "
       "rules { id: 'r' server_cidr: 'no' } } }",
       "nfInstances/x.firewall.rules r.server_cidr: "},
  };
  for (const auto& row : rows) {
    const auto snapshot = TryBuild(row.config);
    EXPECT_EQ(snapshot.status().code(), absl::StatusCode::kInvalidArgument)
        << row.config;
    EXPECT_THAT(std::string(snapshot.status().message()),
                HasSubstr(row.message));
  }
}

}  // namespace
}  // namespace mosaic
