#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/validate_support.h"

namespace mosaic::config {
namespace {

TEST(ValidateTest, NamesFollowTheirSyntax) {
  const auto named = [](const std::string& name) {
    return ConfigFaults("monitors: [{type: stream, name: " + name + "}]");
  };
  const std::string longest = "a" + std::string(62, '-');
  EXPECT_EQ(named("monitors/a"), "");
  EXPECT_EQ(named("monitors/" + longest), "");
  for (const std::string& bad :
       {"monitors/" + longest + "-", std::string("monitors/"),
        std::string("monitors/A"), std::string("monitors/1a"),
        std::string("monitors/a_b"), std::string("monitors/a/b"),
        std::string("nfInstances/a"), std::string("/a")}) {
    EXPECT_NE(named(bad), "") << bad;
  }
  EXPECT_EQ(named("monitors/Web"),
            "monitors[0].name: \"monitors/Web\" is no name; allowed: "
            "monitors/{id} with id = [a-z][a-z0-9-]{0,62}\n");
  EXPECT_EQ(named("web"),
            "monitors[0].name: \"web\" is no name; allowed: monitors/{id} with "
            "id = [a-z][a-z0-9-]{0,62}; did you mean \"monitors/web\"?\n");
}

TEST(ValidateTest, WhatIsRequiredIsMissed) {
  EXPECT_EQ(ConfigFaults("monitors: [{}], nf_instances: [{}]"),
            "nf_instances[0].name: required; allowed: nfInstances/{id} with id "
            "= [a-z][a-z0-9-]{0,62}\n"
            "nf_instances[0]: has no function; allowed: one of firewall, "
            "flow_log\n"
            "monitors[0].name: required; allowed: monitors/{id} with id = "
            "[a-z][a-z0-9-]{0,62}\n"
            "monitors[0].type: required; allowed: stream, raw\n");
  EXPECT_EQ(ConfigFaults("nf_instances: [{name: nfInstances/f, firewall: "
                         "{rules: [{}]}}]"),
            "nf_instances[0].firewall.rules[0].id: required; allowed: "
            "[a-z][a-z0-9-]{0,62}\n"
            "nf_instances[0].firewall.rules[0].action: required; allowed: "
            "allow, drop\n");
  EXPECT_EQ(MonitorFaults("stop_policies: [{side: client}], flow_policies: "
                          "[{client: {}}]"),
            "stop_policies[0]: has no condition; allowed: one of immediately, "
            "payload_bytes, packets, age, tcp_state\n"
            "flow_policies[0].match: required; a filter expression\n");
  EXPECT_EQ(MonitorFaults("client: {retain: bytes}"),
            "client.retain_bytes: required with retain: bytes\n");
}

TEST(ValidateTest, WhatMustBeUniqueIsNotTakenTwice) {
  EXPECT_EQ(ConfigFaults("monitors: [{name: monitors/a, type: raw}, {name: "
                         "monitors/a, type: raw}]"),
            "monitors[1].name: \"monitors/a\" is taken by monitors[0].name\n");
  EXPECT_EQ(ConfigFaults("nf_instances: [{name: nfInstances/a, flow_log: "
                         "{output_path: x}}, {name: nfInstances/a, flow_log: "
                         "{output_path: x, protocols: [tcp, udp, tcp]}}]"),
            "nf_instances[1].name: \"nfInstances/a\" is taken by "
            "nf_instances[0].name\n"
            "nf_instances[1].flow_log.output_path: \"x\" is taken by "
            "nf_instances[0].flow_log.output_path\n"
            "nf_instances[1].flow_log.protocols[2]: is in the list already\n");
  EXPECT_EQ(ConfigFaults("nf_instances: [{name: nfInstances/a, firewall: "
                         "{rules: [{id: r, action: drop}, {id: r, action: "
                         "drop}]}}]"),
            "nf_instances[0].firewall.rules[1].id: \"r\" is taken by "
            "nf_instances[0].firewall.rules[0].id\n");
}

TEST(ValidateTest, RulesOfTwoFirewallsMayShareAnId) {
  EXPECT_EQ(
      ConfigFaults("nf_instances: ["
                   "{name: nfInstances/a, firewall: {rules: [{id: r, action: "
                   "drop}]}},"
                   "{name: nfInstances/b, firewall: {rules: [{id: r, action: "
                   "drop}]}}]"),
      "");
}

TEST(ValidateTest, AMonitorsChainNamesExistingInstancesOnceEach) {
  EXPECT_EQ(MonitorFaults("nf_instances: [nfInstances/a]"),
            "nf_instances[0]: \"nfInstances/a\" does not exist; there are no "
            "nf_instances\n");
  EXPECT_EQ(
      ConfigFaults("nf_instances: [{name: nfInstances/log, flow_log: {}}],"
                   "monitors: [{name: monitors/m, type: stream, nf_instances: "
                   "[nfInstances/lgo, nfInstances/log, nfInstances/log]}]"),
      "monitors[0].nf_instances[0]: \"nfInstances/lgo\" does not exist; "
      "allowed: nfInstances/log; did you mean \"nfInstances/log\"?\n"
      "monitors[0].nf_instances[2]: \"nfInstances/log\" is taken by "
      "monitors[0].nf_instances[1]\n");
}

// --- Fields that exclude each other
// ---------------------------------------------

TEST(ValidateTest, FieldsOfTheOtherTypeOfMonitorAreRefused) {
  EXPECT_EQ(MonitorFaults("raw_filter: ip"),
            "raw_filter: allowed only in a monitor of type raw\n");
  EXPECT_EQ(
      ConfigFaults("monitors: [{name: monitors/m, type: raw, syn_filter: ip, "
                   "orphan_filter: ip, client: {}, server: {}, stop_policies: "
                   "[{packets: 1}], flow_policies: [{match: ip}], "
                   "idle_timeout: 1s, midstream: pickup}]"),
      "monitors[0].syn_filter: allowed only in a monitor of type stream\n"
      "monitors[0].orphan_filter: allowed only in a monitor of type stream\n"
      "monitors[0].client: allowed only in a monitor of type stream\n"
      "monitors[0].server: allowed only in a monitor of type stream\n"
      "monitors[0].stop_policies: allowed only in a monitor of type stream\n"
      "monitors[0].flow_policies: allowed only in a monitor of type stream\n"
      "monitors[0].idle_timeout: allowed only in a monitor of type stream\n"
      "monitors[0].midstream: allowed only in a monitor of type stream\n");
}

TEST(ValidateTest, ARawMonitorFeedsNothingThatWorksOnFlows) {
  EXPECT_EQ(
      ConfigFaults("nf_instances: [{name: nfInstances/log, flow_log: {}}],"
                   "monitors: [{name: monitors/m, type: raw, nf_instances: "
                   "[nfInstances/log]}]"),
      "monitors[0].nf_instances[0]: \"nfInstances/log\" works on flows; feed "
      "it from a monitor of type stream\n");
}

TEST(ValidateTest, ARawMonitorMayFeedWhatDecidesAboutPackets) {
  EXPECT_EQ(
      ConfigFaults("nf_instances: [{name: nfInstances/fw, firewall: {}}],"
                   "monitors: [{name: monitors/m, type: raw, nf_instances: "
                   "[nfInstances/fw]}]"),
      "");
}

TEST(ValidateTest, RetainedBytesNeedThePolicyAndABuffer) {
  EXPECT_EQ(MonitorFaults("client: {retain_bytes: 1}"),
            "client.retain_bytes: allowed only with retain: bytes\n");
  EXPECT_EQ(MonitorFaults("client: {buffer_size_bytes: 0, retain: unacked}"),
            "client.retain: needs a buffer; buffer_size_bytes is 0\n");
  EXPECT_EQ(MonitorFaults("client: {buffer_size_bytes: 0, retain: bytes, "
                          "retain_bytes: 1}"),
            "client.retain: needs a buffer; buffer_size_bytes is 0\n");
  EXPECT_EQ(MonitorFaults("client: {buffer_size_bytes: 0, retain: none}"), "");
}

TEST(ValidateTest, AFlowPolicyIsJudgedWithWhatItInherits) {
  // The buffer is the monitor's, so its size bounds what may be retained.
  EXPECT_EQ(MonitorFaults("client: {buffer_size_bytes: 1KiB}, flow_policies: "
                          "[{match: ip, client: {retain: bytes, retain_bytes: "
                          "1025}}]"),
            "flow_policies[0].client.retain_bytes: 1025 is not in [1, 1KiB]\n");
  // A smaller buffer must still hold what the monitor retains.
  EXPECT_EQ(MonitorFaults("client: {retain: bytes, retain_bytes: 2KiB}, "
                          "flow_policies: [{match: ip, client: "
                          "{buffer_size_bytes: 1KiB}}]"),
            "flow_policies[0].client.buffer_size_bytes: 1KiB is less than the "
            "2KiB of retain_bytes in the monitor\n");
  EXPECT_EQ(MonitorFaults("client: {retain: bytes, retain_bytes: 2KiB}, "
                          "flow_policies: [{match: ip, client: "
                          "{buffer_size_bytes: 1KiB, retain: none}}]"),
            "");
}

TEST(ValidateTest, EachWorkerHasOneCpu) {
  EXPECT_EQ(SystemFaults("workers: 2, cpus: [4, 4]"), "");
  EXPECT_EQ(SystemFaults("workers: auto, cpus: [4, 5, 6]"), "");
  EXPECT_EQ(SystemFaults("workers: 2, cpus: [4]"),
            "cpus: names 1 CPUs for 2 workers; name one for each\n");
}

// --- Filters
// ----------------------------------------------------------------------

TEST(ValidateTest, EachFilterIsCheckedForWhereItRuns) {
  const v1::ConfigFile file = Read(
      "config: {monitors: ["
      "{name: monitors/a, type: stream, syn_filter: s, orphan_filter: o,"
      " flow_policies: [{match: f}]},"
      "{name: monitors/b, type: raw, raw_filter: r}]}");
  std::string asked;
  EXPECT_EQ(Lines(Validate(file.config(), "config",
                           [&](const std::string& expression, FilterKind kind) {
                             asked += expression + "=" +
                                      std::to_string(static_cast<int>(kind)) +
                                      " ";
                             return expression == "f"
                                        ? absl::InvalidArgumentError("no f")
                                        : absl::OkStatus();
                           })),
            "config.monitors[0].flow_policies[0].match.expression: \"f\" is no "
            "filter: no f\n");
  EXPECT_EQ(asked, "s=0 o=1 f=3 r=2 ");
}

TEST(ValidateTest, AnEmptyFilterMatchesAllAndIsNotCompiled) {
  const v1::ConfigFile file = Read(
      "config: {monitors: [{name: monitors/a, type: raw, raw_filter: \"\"}]}");
  EXPECT_EQ(Lines(Validate(file.config(), "",
                           [](const std::string&, FilterKind) {
                             return absl::InternalError("asked");
                           })),
            "");
}

TEST(ValidateTest, AFilterHoldsAtItsLongestAndNotPastIt) {
  EXPECT_EQ(MonitorFaults("syn_filter: " + std::string(8192, 'x')), "");
  EXPECT_EQ(MonitorFaults("syn_filter: " + std::string(8193, 'x')),
            "syn_filter.expression: an expression of 8193 bytes; at most 8192 "
            "are allowed\n");
}

// --- What a file cannot say, but the wire can
// --------------------------------------

TEST(ValidateTest, NumbersThatAnEnumDoesNotHaveAreRefused) {
  v1::Config config =
      Read(
          "config: {monitors: [{name: monitors/a, type: stream}],"
          "nf_instances: [{name: nfInstances/n, flow_log: {protocols: "
          "[tcp]}}]}")
          .config();
  config.mutable_monitors(0)->mutable_client()->set_overlap_policy(
      static_cast<v1::OverlapPolicy>(77));
  config.mutable_nf_instances(0)->mutable_flow_log()->add_protocols(
      static_cast<v1::IpProtocol>(99));
  EXPECT_EQ(Lines(Validate(config, "config", AcceptAll)),
            "config.monitors[0].client.overlap_policy: 77 is no value of "
            "OverlapPolicy\n"
            "config.nf_instances[0].flow_log.protocols[1]: 99 is no value of "
            "IpProtocol\n");
}

TEST(ValidateTest, ValuesThatMeanNotSetAreMissed) {
  v1::Config config =
      Read(
          "config: {monitors: [{name: monitors/a, type: stream, stop_policies: "
          "[{tcp_state: closed}]}],"
          "nf_instances: [{name: nfInstances/n, flow_log: {protocols: "
          "[tcp]}}]}")
          .config();
  config.mutable_monitors(0)->mutable_stop_policies(0)->set_tcp_state(
      v1::TCP_STATE_UNSPECIFIED);
  config.mutable_nf_instances(0)->mutable_flow_log()->set_protocols(
      0, v1::IP_PROTOCOL_UNSPECIFIED);
  EXPECT_EQ(Lines(Validate(config, "", AcceptAll)),
            "nf_instances[0].flow_log.protocols[0]: required; name a protocol\n"
            "monitors[0].stop_policies[0].tcp_state: required; name a state\n");
  v1::SystemConfig system;
  system.add_opaque_encapsulations(v1::ENCAPSULATION_GRE);
  system.add_opaque_encapsulations(v1::ENCAPSULATION_UNSPECIFIED);
  EXPECT_EQ(Lines(Validate(system, "system")),
            "system.opaque_encapsulations[1]: required; name an "
            "encapsulation\n");
}

TEST(ValidateTest, DurationsWhoseHalvesDisagreeAreRefused) {
  v1::SystemConfig system;
  google::protobuf::Duration& udp = *system.mutable_timeouts()->mutable_udp();
  udp.set_seconds(5);
  udp.set_nanos(-1);
  EXPECT_EQ(Lines(Validate(system, "system")),
            "system.timeouts.udp: seconds 5 and nanos -1 are no duration\n");
  udp.set_nanos(1'000'000'000);
  EXPECT_NE(Lines(Validate(system, "system")), "");
  udp.set_nanos(999'999'999);
  EXPECT_EQ(Lines(Validate(system, "system")), "");
}

}  // namespace
}  // namespace mosaic::config
