#include "control/config/validate.h"

#include <string>
#include <string_view>
#include <vector>

#include "control/config/source_map.h"
#include "control/config/yaml_reader.h"
#include "gtest/gtest.h"

namespace mosaic::config {
namespace {

absl::Status AcceptAll(const std::string&, FilterKind) {
  return absl::OkStatus();
}

std::string Lines(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& violation : violations) {
    out += violation.path + ": " + violation.message + "\n";
  }
  return out;
}

v1::ConfigFile Read(std::string_view text) {
  v1::ConfigFile file;
  SourceMap positions;
  EXPECT_EQ(Format(ReadYaml("f.yaml", text, file, positions)), "") << text;
  return file;
}

// What is wrong with these settings of `system`.
std::string SystemFaults(const std::string& settings) {
  return Lines(Validate(Read("system: {" + settings + "}").system(), ""));
}

std::string ConfigFaults(const std::string& text) {
  return Lines(
      Validate(Read("config: {" + text + "}").config(), "", AcceptAll));
}

// What is wrong with a stream monitor of these settings, relative to it.
std::string MonitorFaults(const std::string& settings) {
  std::string faults = ConfigFaults(
      "monitors: [{name: monitors/m, type: stream, " + settings + "}]");
  const std::string prefix = "monitors[0].";
  for (size_t at = 0; (at = faults.find(prefix, at)) != std::string::npos;) {
    faults.erase(at, prefix.size());
  }
  return faults;
}

std::string RuleFaults(const std::string& settings) {
  std::string faults = ConfigFaults(
      "nf_instances: [{name: nfInstances/fw, firewall: {rules: [{id: r, "
      "action: drop, " +
      settings + "}]}}]");
  const std::string prefix = "nf_instances[0].firewall.rules[0].";
  for (size_t at = 0; (at = faults.find(prefix, at)) != std::string::npos;) {
    faults.erase(at, prefix.size());
  }
  return faults;
}

// `count` copies of `text`, with # replaced by the copy's number.
std::string Repeated(int count, std::string_view text) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    for (char c : text) {
      if (c == '#') {
        out += std::to_string(i);
      } else {
        out += c;
      }
    }
  }
  return out;
}

// --- Ranges, at and just past each bound
// --------------------------------------

struct Range {
  const char* what;
  const char* before;  // The setting up to its value,
  const char* after;   // and what closes it.
  std::vector<const char*> good;
  std::vector<const char*> bad;
  const char* fault;  // What is said of the first bad one.
};

template <typename Faults>
void CheckRange(const Range& range, Faults faults_of) {
  const auto setting = [&](const char* value) {
    return std::string(range.before) + value + range.after;
  };
  for (const char* good : range.good) {
    EXPECT_EQ(faults_of(setting(good)), "") << good;
  }
  for (const char* bad : range.bad) {
    EXPECT_NE(faults_of(setting(bad)), "") << bad;
  }
  EXPECT_EQ(faults_of(setting(range.bad.front())), range.fault);
}

const std::vector<const char*> kGoodTimeouts = {"1ns", "1s", "24h", "86400s"};
const std::vector<const char*> kBadTimeouts = {"0s", "-1s", "24h1ns",
                                               "315576000000s"};

const std::vector<Range> kSystemRanges = {
    {"Workers",
     "workers: ",
     "",
     {"auto", "0", "1", "64"},
     {"65"},
     "workers: 65 is not in [0, 64]\n"},
    {"Cpus",
     "cpus: [",
     "]",
     {"", "0", "1023, 1023"},
     {"7, 1024"},
     "cpus[1]: 1024 is not in [0, 1023]\n"},
    {"BurstPackets",
     "burst_packets: ",
     "",
     {"16", "64"},
     {"0", "15", "65"},
     "burst_packets: 0 is not in [16, 64]\n"},
    {"MemorySize",
     "memory: {size_bytes: ",
     "}",
     {"64MiB", "1TiB"},
     {"63MiB", "0", "1025GiB", "65000KiB"},
     "memory.size_bytes: 63MiB is not in [64MiB, 1TiB]\n"},
    {"MemoryGranularity",
     "memory: {size_bytes: ",
     "}",
     {"65MiB"},
     {"66561KiB"},
     "memory.size_bytes: 66561KiB is not a whole number of MiB\n"},
    {"Flows",
     "limits: {flows_per_worker: ",
     "}",
     {"1024", "16777216"},
     {"16777217", "1023", "0"},
     "limits.flows_per_worker: 16777217 is not in [1024, 16777216]\n"},
    {"Reassembly",
     "limits: {reassembly_bytes_per_worker: ",
     "}",
     {"1MiB", "256GiB"},
     {"257GiB", "0", "1MB", "1025KiB"},
     "limits.reassembly_bytes_per_worker: 257GiB is not in [1MiB, "
     "256GiB]\n"},
    {"Handshake", "timeouts: {handshake: ", "}", kGoodTimeouts, kBadTimeouts,
     "timeouts.handshake: 0s is not in (0s, 24h]\n"},
    {"Established", "timeouts: {established: ", "}", kGoodTimeouts,
     kBadTimeouts, "timeouts.established: 0s is not in (0s, 24h]\n"},
    {"Closing", "timeouts: {closing: ", "}", kGoodTimeouts, kBadTimeouts,
     "timeouts.closing: 0s is not in (0s, 24h]\n"},
    {"Linger", "timeouts: {linger: ", "}", kGoodTimeouts, kBadTimeouts,
     "timeouts.linger: 0s is not in (0s, 24h]\n"},
    {"Udp", "timeouts: {udp: ", "}", kGoodTimeouts, kBadTimeouts,
     "timeouts.udp: 0s is not in (0s, 24h]\n"},
    {"Icmp", "timeouts: {icmp: ", "}", kGoodTimeouts, kBadTimeouts,
     "timeouts.icmp: 0s is not in (0s, 24h]\n"},
    {"Captures",
     "replay: {captures: [",
     "]}",
     {"", "a", "a, a"},
     {"\"\""},
     "replay.captures[0]: is empty; name a file or directory\n"}};

TEST(ValidateTest, SystemSettingsHoldAtTheirBoundsAndNotPastThem) {
  for (const Range& range : kSystemRanges) {
    SCOPED_TRACE(range.what);
    CheckRange(range, SystemFaults);
  }
}

const std::vector<Range> kMonitorRanges = {
    {"Priority",
     "priority: ",
     "",
     {"0", "65535"},
     {"65536"},
     "priority: 65536 is not in [0, 65535]\n"},
    {"IdleTimeout", "idle_timeout: ", "", kGoodTimeouts, kBadTimeouts,
     "idle_timeout: 0s is not in (0s, 24h]\n"},
    {"ClientBuffer",
     "client: {buffer_size_bytes: ",
     "}",
     {"0", "1", "64MiB"},
     {"67108865"},
     "client.buffer_size_bytes: 67108865 is not in [0, 64MiB]\n"},
    {"ServerBuffer",
     "server: {buffer_size_bytes: ",
     "}",
     {"0", "1", "64MiB"},
     {"67108865"},
     "server.buffer_size_bytes: 67108865 is not in [0, 64MiB]\n"},
    {"RetainBytesOfTheDefaultBuffer",
     "client: {retain: bytes, retain_bytes: ",
     "}",
     {"1", "256KiB"},
     {"262145", "0"},
     "client.retain_bytes: 262145 is not in [1, 256KiB]\n"},
    {"RetainBytesOfAnotherBuffer",
     "client: {buffer_size_bytes: 1KiB, retain: bytes, retain_bytes: ",
     "}",
     {"1", "1KiB"},
     {"1025"},
     "client.retain_bytes: 1025 is not in [1, 1KiB]\n"},
    {"StopAfterPayload",
     "stop_policies: [{payload_bytes: ",
     "}]",
     {"1", "4611686018427387904"},
     {"0", "4611686018427387905"},
     "stop_policies[0].payload_bytes: 0 is not in [1, "
     "4611686018427387904]\n"},
    {"StopAfterPackets",
     "stop_policies: [{packets: ",
     "}]",
     {"1", "4611686018427387904"},
     {"0", "4611686018427387905"},
     "stop_policies[0].packets: 0 is not in [1, "
     "4611686018427387904]\n"},
    {"StopAfterTime", "stop_policies: [{age: ", "}]", kGoodTimeouts,
     kBadTimeouts, "stop_policies[0].age: 0s is not in (0s, 24h]\n"},
    {"StopImmediately",
     "stop_policies: [{immediately: ",
     "}]",
     {"true"},
     {"false"},
     "stop_policies[0].immediately: false says nothing; allowed: "
     "true, or another condition\n"}};

TEST(ValidateTest, MonitorSettingsHoldAtTheirBoundsAndNotPastThem) {
  for (const Range& range : kMonitorRanges) {
    SCOPED_TRACE(range.what);
    CheckRange(range, MonitorFaults);
  }
}

const std::vector<Range> kRuleRanges = {
    {"Priority",
     "priority: ",
     "",
     {"0", "65535"},
     {"65536"},
     "priority: 65536 is not in [0, 65535]\n"},
    {"ClientPorts",
     "client_ports: ",
     "",
     {"0", "65535", "0-65535", "7-7"},
     {"65535-65536", "65536"},
     "client_ports.last: 65536 is not in [0, 65535]\n"},
    {"ServerPorts",
     "server_ports: ",
     "",
     {"80", "80-81"},
     {"81-80", "{first: 80}"},
     "server_ports.last: 80 is less than first, 81\n"},
    {"ClientNetwork",
     "client_cidr: ",
     "",
     {"10.0.0.0/8", "\"::\""},
     {"10.0.0.1/8", "ten"},
     "client_cidr: \"10.0.0.1/8\" has bits set outside of its prefix; "
     "the network is 10.0.0.0/8\n"},
    {"ServerNetwork",
     "server_cidr: ",
     "",
     {"10.0.0.0/8"},
     {"ten"},
     "server_cidr: \"ten\" is not a network such as 192.0.2.0/24 or "
     "2001:db8::/32\n"},
    {"NetworksOfOneVersion",
     "client_cidr: 10.0.0.0/8, server_cidr: ",
     "",
     {"10.0.0.0/8"},
     {"2001:db8::/32"},
     "server_cidr: is IPv6 and client_cidr IPv4; no flow is both\n"},
    {"ProtocolWithPorts",
     "server_ports: 53, protocol: ",
     "",
     {"tcp", "udp"},
     {"icmp", "icmpv6"},
     "protocol: has no ports; allowed beside ports: tcp, udp\n"}};

TEST(ValidateTest, RuleSettingsHoldAtTheirBoundsAndNotPastThem) {
  for (const Range& range : kRuleRanges) {
    SCOPED_TRACE(range.what);
    CheckRange(range, RuleFaults);
  }
}

// --- How many
// -------------------------------------------------------------------

TEST(ValidateTest, ListsHoldAtTheirBoundsAndNotPastThem) {
  const auto monitors = [](int n) {
    return "monitors: [" + Repeated(n, "{name: monitors/m#, type: stream},") +
           "]";
  };
  EXPECT_EQ(ConfigFaults(monitors(64)), "");
  EXPECT_EQ(ConfigFaults(monitors(65)),
            "monitors: 65 monitors; at most 64 are allowed\n");

  const auto instances = [](int n) {
    return "nf_instances: [" +
           Repeated(n, "{name: nfInstances/n#, flow_log: {}},") + "]";
  };
  EXPECT_EQ(ConfigFaults(instances(64)), "");
  EXPECT_EQ(ConfigFaults(instances(65)),
            "nf_instances: 65 instances; at most 64 are allowed\n");

  const auto chain = [&](int n) {
    return instances(17) +
           ", monitors: [{name: monitors/m, type: stream, nf_instances: [" +
           Repeated(n, "nfInstances/n#,") + "]}]";
  };
  EXPECT_EQ(ConfigFaults(chain(16)), "");
  EXPECT_EQ(ConfigFaults(chain(17)),
            "monitors[0].nf_instances: 17 instances; at most 16 are allowed\n");

  const auto stops = [](int n) {
    return "stop_policies: [" + Repeated(n, "{packets: 1#},") + "]";
  };
  EXPECT_EQ(MonitorFaults(stops(16)), "");
  EXPECT_EQ(MonitorFaults(stops(17)),
            "stop_policies: 17 stop policies; at most 16 are allowed\n");

  const auto policies = [](int n) {
    return "flow_policies: [" + Repeated(n, "{match: ip},") + "]";
  };
  EXPECT_EQ(MonitorFaults(policies(256)), "");
  EXPECT_EQ(MonitorFaults(policies(257)),
            "flow_policies: 257 flow policies; at most 256 are allowed\n");

  const auto rules = [](int n) {
    return "nf_instances: [{name: nfInstances/fw, firewall: {rules: [" +
           Repeated(n, "{id: r#, action: drop},") + "]}}]";
  };
  EXPECT_EQ(ConfigFaults(rules(1000)), "");
  EXPECT_EQ(ConfigFaults(rules(1001)),
            "nf_instances[0].firewall.rules: 1001 rules; at most 1000 are "
            "allowed\n");

  const auto captures = [](int n) {
    return "replay: {captures: [" + Repeated(n, "a,") + "]}";
  };
  EXPECT_EQ(SystemFaults(captures(1024)), "");
  EXPECT_EQ(SystemFaults(captures(1025)),
            "replay.captures: 1025 captures; at most 1024 are allowed\n");

  const auto cpus = [](int n) { return "cpus: [" + Repeated(n, "0,") + "]"; };
  EXPECT_EQ(SystemFaults(cpus(64)), "");
  EXPECT_EQ(SystemFaults(cpus(65)), "cpus: 65 CPUs; at most 64 are allowed\n");
}

TEST(ValidateTest, PathsHoldAtTheirLongestAndNotPastIt) {
  const auto capture = [](size_t n) {
    return "replay: {captures: [" + std::string(n, 'x') + "]}";
  };
  EXPECT_EQ(SystemFaults(capture(4096)), "");
  EXPECT_EQ(SystemFaults(capture(4097)),
            "replay.captures[0]: a path of 4097 bytes; at most 4096 are "
            "allowed\n");

  const auto output = [](size_t n) {
    return "nf_instances: [{name: nfInstances/n, flow_log: {output_path: " +
           std::string(n, 'x') + "}}]";
  };
  EXPECT_EQ(ConfigFaults(output(4096)), "");
  EXPECT_EQ(ConfigFaults(output(4097)),
            "nf_instances[0].flow_log.output_path: a path of 4097 bytes; at "
            "most 4096 are allowed\n");
}

// --- Names and references
// -------------------------------------------------------

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
