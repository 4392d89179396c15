#include "control/ctl/yaml_writer.h"

#include "control/config/source_map.h"
#include "control/config/yaml_reader.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "mosaic/v1/config_service.pb.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic::ctl {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::Config ReadBack(const std::string& yaml) {
  v1::Config config;
  config::SourceMap positions;
  const auto faults = config::ReadYaml("test", yaml, config, positions);
  EXPECT_TRUE(faults.empty()) << config::Format(faults) << yaml;
  return config;
}

v1::Config EveryKindOfField() {
  return ReadBack(R"(
monitors:
  - name: monitors/web
    type: stream
    syn_filter: tcp port 443
    orphan_filter: 'tcp[13] & 2 != 0'
    priority: 7
    nf_instances: [nfInstances/guard, nfInstances/log]
    client: {buffer_size_bytes: 1MiB, overlap_policy: linux}
    server: {buffer_size_bytes: 0}
    stop_policies:
      - {side: client, payload_bytes: 16MiB}
      - {age: 1.5s, forget_flow: true}
      - {immediately: false}
    flow_policies:
      - match: net 10.0.0.0/8
        client: {}
    idle_timeout: 10m
nf_instances:
  - name: nfInstances/guard
    firewall:
      default_action: drop
      rules:
        - {id: web, server_ports: 443, action: allow}
        - {id: high, client_ports: 8000-8099, client_cidr: "2001:db8::/32", action: allow}
  - name: nfInstances/log
    flow_log: {output_path: "on", protocols: [tcp, udp]}
)");
}

TEST(YamlWriterTest, WhatIsWrittenIsReadBackTheSame) {
  const v1::Config config = EveryKindOfField();
  for (const YamlFor purpose : {YamlFor::kFile, YamlFor::kReader}) {
    const std::string yaml = WriteYaml(config, purpose);
    EXPECT_TRUE(MessageDifferencer::Equals(config, ReadBack(yaml))) << yaml;
  }
}

TEST(YamlWriterTest, FilesHaveShortFormsAndUnits) {
  EXPECT_EQ(WriteYaml(EveryKindOfField().monitors(0), YamlFor::kFile),
            R"(name: monitors/web
type: stream
syn_filter: tcp port 443
orphan_filter: "tcp[13] & 2 != 0"
priority: 7
nf_instances: [nfInstances/guard, nfInstances/log]
client:
  buffer_size_bytes: 1MiB
  overlap_policy: linux
server:
  buffer_size_bytes: 0
stop_policies:
  - side: client
    payload_bytes: 16MiB
  - age: 1.500s
    forget_flow: true
  - immediately: false
flow_policies:
  - match: net 10.0.0.0/8
    client: {}
idle_timeout: 600s
)");
}

TEST(YamlWriterTest, FilesLeaveOutWhatTheServerSets) {
  v1::Monitor monitor;
  monitor.set_name("monitors/web");
  monitor.set_etag("abc");
  monitor.mutable_create_time()->set_seconds(1'700'000'000);
  EXPECT_EQ(WriteYaml(monitor, YamlFor::kFile), "name: monitors/web\n");
  EXPECT_EQ(WriteYaml(monitor, YamlFor::kReader),
            "name: monitors/web\netag: abc\n"
            "create_time: \"2023-11-14T22:13:20Z\"\n");
}

TEST(YamlWriterTest, TextThatYamlWouldMisreadIsQuoted) {
  for (const std::string text : {"",
                                 "true",
                                 "null",
                                 "~",
                                 "443",
                                 "1e3",
                                 "0x10",
                                 "12:30",
                                 "- a",
                                 "a: b",
                                 "a #b",
                                 "[a]",
                                 "{a}",
                                 "'a'",
                                 "\"a\"",
                                 "a\\b",
                                 "*a",
                                 "&a",
                                 "@a",
                                 " a",
                                 "a ",
                                 "one\ntwo",
                                 "\x1b[31m",
                                 "gr\xc3\xbc\xc3\x9f"
                                 "e",
                                 "NO",
                                 "1_000"}) {
    v1::Config config;
    config.add_nf_instances()->mutable_flow_log()->set_output_path(text);
    const std::string yaml = WriteYaml(config, YamlFor::kFile);
    EXPECT_EQ(ReadBack(yaml).nf_instances(0).flow_log().output_path(), text)
        << yaml;
    EXPECT_EQ(yaml.find('\x1b'), std::string::npos);
  }
}

TEST(YamlWriterTest, MapsAndNothingHaveForms) {
  v1::SetLogLevelResponse levels;
  EXPECT_EQ(WriteYaml(levels, YamlFor::kReader), "{}\n");
  (*levels.mutable_levels())["rpc"] = "debug";
  EXPECT_EQ(WriteYaml(levels, YamlFor::kReader), "levels:\n  rpc: debug\n");
}

}  // namespace
}  // namespace mosaic::ctl
