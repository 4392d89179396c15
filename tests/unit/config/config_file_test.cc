#include "control/config/config_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/yaml_tree.h"
#include "gtest/gtest.h"

namespace mosaic::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

absl::Status AcceptAll(const std::string&, FilterKind) {
  return absl::OkStatus();
}

std::string FaultsOf(std::string_view text) {
  v1::ConfigFile file;
  return Format(ParseConfigFile("f.yaml", text, AcceptAll, file));
}

// A directory of its own for each test, removed at its end.
class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest()
      : directory_(std::filesystem::path(testing::TempDir()) /
                   ("mosaic_config_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(directory_); }

  // Writes a file; returns its path.
  std::string Write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = directory_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  std::string At(const std::string& name) { return directory_ / name; }

  const std::filesystem::path directory_;
};

TEST(ParseConfigFileTest, AllFaultsAreToldInTheOrderOfTheText) {
  EXPECT_EQ(FaultsOf("config:\n"
                     "  monitors:\n"
                     "    - name: monitors/web\n"
                     "      type: streem\n"
                     "      prioritty: 3\n"
                     "      client: {buffer_size_bytes: 65MiB}\n"
                     "      nf_instances: [nfInstances/lgo]\n"
                     "  nf_instances:\n"
                     "    - name: nfInstances/log\n"
                     "      flow_log: {}\n"
                     "system:\n"
                     "  burst_packets: 128\n"
                     "  timeouts: {udp: 60}\n"),
            "f.yaml:4:13: config.monitors[0].type: \"streem\" is not known; "
            "allowed: stream, raw; did you mean \"stream\"?\n"
            "f.yaml:5:7: config.monitors[0].prioritty: unknown key; allowed: "
            "name, type, syn_filter, orphan_filter, raw_filter, priority, "
            "disabled, nf_instances, client, server, stop_policies, "
            "flow_policies, idle_timeout, midstream; did you mean "
            "\"priority\"?\n"
            "f.yaml:6:35: config.monitors[0].client.buffer_size_bytes: 65MiB "
            "is not in [0, 64MiB]\n"
            "f.yaml:7:22: config.monitors[0].nf_instances[0]: "
            "\"nfInstances/lgo\" does not exist; allowed: nfInstances/log; did "
            "you mean \"nfInstances/log\"?\n"
            "f.yaml:12:18: system.burst_packets: 128 is not in [16, 64]\n"
            "f.yaml:13:19: system.timeouts.udp: \"60\" has no unit; write 60s "
            "for seconds\n");
}

TEST(ParseConfigFileTest, AFilterThatDoesNotCompileIsToldWhereItStands) {
  v1::ConfigFile file;
  EXPECT_EQ(Format(ParseConfigFile(
                "f.yaml",
                "config:\n"
                "  monitors:\n"
                "    - name: monitors/a\n"
                "      type: stream\n"
                "      syn_filter: tcp prt 80\n"
                "      orphan_filter: {expression: tcp prt 80}\n",
                [](const std::string&, FilterKind) {
                  return absl::InvalidArgumentError("syntax error");
                },
                file)),
            "f.yaml:5:19: config.monitors[0].syn_filter.expression: \"tcp prt "
            "80\" is no filter: syntax error\n"
            "f.yaml:6:35: config.monitors[0].orphan_filter.expression: \"tcp "
            "prt 80\" is no filter: syntax error\n");
}

TEST(ParseConfigFileTest, WhatIsMissingIsToldAtWhatLacksIt) {
  EXPECT_EQ(FaultsOf("config:\n"
                     "  monitors:\n"
                     "    - type: raw\n"),
            "f.yaml:3:7: config.monitors[0].name: required; allowed: "
            "monitors/{id} with id = [a-z][a-z0-9-]{0,62}\n");
}

// One mistake is one line: what could not be read is not also missing.
TEST(ParseConfigFileTest, AMistakeIsNotToldTwice) {
  EXPECT_EQ(FaultsOf("config: {monitors: [{nmae: monitors/a, type: raw}]}"),
            "f.yaml:1:22: config.monitors[0].nmae: unknown key; allowed: name, "
            "type, syn_filter, orphan_filter, raw_filter, priority, disabled, "
            "nf_instances, client, server, stop_policies, flow_policies, "
            "idle_timeout, midstream; did you mean \"name\"?\n");
  EXPECT_EQ(FaultsOf("config: {monitors: [{name: monitors/a, type: rwa}]}"),
            "f.yaml:1:46: config.monitors[0].type: \"rwa\" is not known; "
            "allowed: stream, raw; did you mean \"raw\"?\n");
  EXPECT_EQ(FaultsOf("config: {nf_instances: [{name: nfInstances/a, firewal: "
                     "{}}]}"),
            "f.yaml:1:47: config.nf_instances[0].firewal: unknown key; "
            "allowed: name, failure_policy, firewall, flow_log; did you mean "
            "\"firewall\"?\n");
  EXPECT_EQ(FaultsOf("config: {nf_instances: [just words]}"),
            "f.yaml:1:25: config.nf_instances[0]: expected a map of name, "
            "failure_policy, firewall, flow_log; found a word\n");
}

TEST(ParseConfigFileTest, ADuplicateKeyHidesNoOtherMistake) {
  EXPECT_EQ(FaultsOf("system:\n"
                     "  burst_packets: 99\n"
                     "  burst_packets: 32\n"),
            "f.yaml:2:18: system.burst_packets: 99 is not in [16, 64]\n"
            "f.yaml:3:3: system.burst_packets: duplicate key; first set in "
            "line 2\n");
}

TEST(ParseConfigFileTest, AnEmptyMapMeansAllDefaults) {
  EXPECT_EQ(FaultsOf("{}"), "");
  EXPECT_EQ(FaultsOf("{system: {}, config: {}}"), "");
}

TEST(ParseConfigFileTest, AFormerResultDoesNotShineThrough) {
  v1::ConfigFile file;
  file.mutable_system()->set_workers(7);
  EXPECT_THAT(ParseConfigFile("f.yaml", "{}", AcceptAll, file), IsEmpty());
  EXPECT_EQ(file.system().workers(), 0u);
}

TEST(FormatTest, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(Format(Diagnostic{"f", {3, 4}, "a.b", "wrong"}),
            "f:3:4: a.b: wrong");
  EXPECT_EQ(Format(Diagnostic{"f", {3, 4}, "", "wrong"}), "f:3:4: wrong");
  EXPECT_EQ(Format(Diagnostic{"f", {}, "a.b", "wrong"}), "f: a.b: wrong");
  EXPECT_EQ(Format(Diagnostic{"f", {}, "", "wrong"}), "f: wrong");
}

TEST(QuotedTest, CannotWriteToATerminalAndIsCutBetweenCharacters) {
  EXPECT_EQ(Quoted("a\x1b[2J\"\n"), "\"a\\033[2J\\\"\\n\"");
  EXPECT_EQ(Quoted(std::string(60, 'x')), "\"" + std::string(60, 'x') + "\"");
  EXPECT_EQ(Quoted(std::string(61, 'x')), "\"" + std::string(60, 'x') + "…\"");
  // The 60th byte is the middle of a character.
  EXPECT_EQ(Quoted(std::string(59, 'x') + "ü."),
            "\"" + std::string(59, 'x') + "…\"");
}

TEST_F(ConfigFileTest, AFileIsReadFromDisk) {
  v1::ConfigFile file;
  const std::string path = Write("good.yaml", "system: {workers: 3}\n");
  EXPECT_THAT(LoadConfigFile(path, AcceptAll, file), IsEmpty());
  EXPECT_EQ(file.system().workers(), 3u);
}

TEST_F(ConfigFileTest, AFileThatCannotBeReadIsTold) {
  v1::ConfigFile file;
  EXPECT_EQ(
      Format(LoadConfigFile(At("none.yaml"), AcceptAll, file)),
      At("none.yaml") + ": cannot be opened: No such file or directory\n");
  EXPECT_EQ(Format(LoadConfigFile(directory_, AcceptAll, file)),
            directory_.string() + ": is a directory; name a file\n");
}

TEST_F(ConfigFileTest, AFileLargerThanTheBoundIsNotRead) {
  v1::ConfigFile file;
  const std::string path =
      Write("large.yaml", std::string(2 * YamlTree::kMaxBytes, '#'));
  EXPECT_EQ(Format(LoadConfigFile(path, AcceptAll, file)),
            path + ": larger than 1048576 bytes\n");
}

TEST_F(ConfigFileTest, CapturesAreFoundBesideTheFileAndInDirectoriesByName) {
  const std::string config = Write("etc/mosaic.yaml", "{}");
  Write("data/b.pcap", "");
  Write("data/a.pcapng", "");
  Write("data/README.md", "");
  Write("data/more/c.pcap", "");
  Write("single.cap", "");
  v1::ReplayConfig replay;
  replay.add_captures("../single.cap");
  replay.add_captures("../data");
  replay.add_captures(At("data/b.pcap"));

  std::vector<Diagnostic> faults;
  EXPECT_THAT(ResolveCaptures(config, replay, faults),
              ElementsAre(At("single.cap"), At("data/a.pcapng"),
                          At("data/b.pcap"), At("data/b.pcap")));
  EXPECT_EQ(Format(faults), "");
}

TEST_F(ConfigFileTest, CapturesThatDoNotExistAreAllTold) {
  const std::string config = Write("mosaic.yaml", "{}");
  std::filesystem::create_directory(At("empty"));
  v1::ReplayConfig replay;
  replay.add_captures("none.pcap");
  replay.add_captures("empty");

  std::vector<Diagnostic> faults;
  EXPECT_THAT(ResolveCaptures(config, replay, faults), IsEmpty());
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].path, "system.replay.captures[0]");
  EXPECT_NE(faults[0].message.find("none.pcap\": No such file or directory"),
            std::string::npos);
  EXPECT_EQ(faults[1].path, "system.replay.captures[1]");
  EXPECT_NE(faults[1].message.find("has no *.pcap or *.pcapng files"),
            std::string::npos);
}

TEST(ExamplesTest, EveryExampleIsValid) {
  int examples = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(MOSAIC_EXAMPLES)) {
    if (entry.path().extension() != ".yaml") continue;
    ++examples;
    v1::ConfigFile file;
    EXPECT_EQ(Format(LoadConfigFile(entry.path(), AcceptAll, file)), "");
    EXPECT_GT(file.config().monitors_size(), 0) << entry.path();
  }
  EXPECT_GE(examples, 2);
}

}  // namespace
}  // namespace mosaic::config
