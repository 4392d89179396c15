#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/validate_support.h"

namespace mosaic::config {
namespace {

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
    {"HalfOpen",
     "limits: {half_open_percent: ",
     "}",
     {"1", "100"},
     {"101", "0"},
     "limits.half_open_percent: 101 is not in [1, 100]\n"},
    {"HeldPackets",
     "limits: {held_packets_per_worker: ",
     "}",
     {"0", "65536"},
     {"65537"},
     "limits.held_packets_per_worker: 65537 is not in [0, 65536]\n"},
    {"Hold", "timeouts: {hold: ", "}", kGoodTimeouts, kBadTimeouts,
     "timeouts.hold: 0s is not in (0s, 24h]\n"},
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
    {"Datagrams",
     "fragments: {datagrams_per_worker: ",
     "}",
     {"16", "1048576"},
     {"1048577", "15", "0"},
     "fragments.datagrams_per_worker: 1048577 is not in [16, 1048576]\n"},
    {"FragmentBytes",
     "fragments: {buffer_bytes_per_worker: ",
     "}",
     {"1MiB", "64GiB"},
     {"65GiB", "0", "1MB", "1025KiB"},
     "fragments.buffer_bytes_per_worker: 65GiB is not in [1MiB, 64GiB]\n"},
    {"FragmentTimeout", "fragments: {timeout: ", "}", kGoodTimeouts,
     kBadTimeouts, "fragments.timeout: 0s is not in (0s, 24h]\n"},
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

}  // namespace
}  // namespace mosaic::config
