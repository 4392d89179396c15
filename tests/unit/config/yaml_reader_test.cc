#include "control/config/yaml_reader.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "mosaic/v1/annotations.pb.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::MessageDifferencer;

// What the reader says about a file with this text.
std::string FaultsOf(std::string_view text) {
  v1::ConfigFile file;
  SourceMap positions;
  return Format(ReadYaml("f.yaml", text, file, positions));
}

// The message that a faultless text means.
v1::ConfigFile Read(std::string_view text) {
  v1::ConfigFile file;
  SourceMap positions;
  EXPECT_EQ(Format(ReadYaml("f.yaml", text, file, positions)), "") << text;
  return file;
}

// --- What is read -----------------------------------------------------------

TEST(YamlReaderTest, NamesMayBeWrittenAsInTheProtoOrAsInJson) {
  EXPECT_EQ(Read("system: {burst_packets: 32}").system().burst_packets(), 32u);
  EXPECT_EQ(Read("system: {burstPackets: 32}").system().burst_packets(), 32u);
}

TEST(YamlReaderTest, EnumsMayBeWrittenInFullOrShort) {
  for (const char* text : {"system: {log: {level: LOG_LEVEL_WARN}}",
                           "system: {log: {level: warn}}"}) {
    EXPECT_EQ(Read(text).system().log().level(), v1::LOG_LEVEL_WARN) << text;
  }
}

TEST(YamlReaderTest, AWordMayStandForAFilter) {
  const v1::ConfigFile file = Read(
      "config:\n"
      "  monitors:\n"
      "    - {syn_filter: tcp port 443, raw_filter: {expression: ip6}}\n");
  EXPECT_EQ(file.config().monitors(0).syn_filter().expression(),
            "tcp port 443");
  EXPECT_EQ(file.config().monitors(0).raw_filter().expression(), "ip6");
}

TEST(YamlReaderTest, ANumberOrRangeMayStandForPorts) {
  const v1::ConfigFile file = Read(
      "config:\n"
      "  nf_instances:\n"
      "    - firewall:\n"
      "        rules:\n"
      "          - {client_ports: 443, server_ports: 8000-8099}\n");
  const v1::FirewallRule& rule =
      file.config().nf_instances(0).firewall().rules(0);
  EXPECT_EQ(rule.client_ports().first(), 443u);
  EXPECT_EQ(rule.client_ports().last(), 443u);
  EXPECT_EQ(rule.server_ports().first(), 8000u);
  EXPECT_EQ(rule.server_ports().last(), 8099u);
}

TEST(YamlReaderTest, WorkersMayBeAuto) {
  EXPECT_EQ(Read("system: {workers: auto}").system().workers(), 0u);
  EXPECT_EQ(FaultsOf("system: {burst_packets: auto}"),
            "f.yaml:1:25: system.burst_packets: \"auto\" is not a whole number "
            "in [0, 4294967295]\n");
}

TEST(YamlReaderTest, AnExplicitZeroOfAnOptionalFieldIsSet) {
  const v1::ConfigFile file =
      Read("config: {monitors: [{client: {buffer_size_bytes: 0}}]}");
  EXPECT_TRUE(file.config().monitors(0).client().has_buffer_size_bytes());
  EXPECT_FALSE(file.config().monitors(0).server().has_buffer_size_bytes());
}

TEST(YamlReaderTest, AWordThatLooksLikeSomethingElseIsAStringInAStringField) {
  const v1::ConfigFile file =
      Read("system: {replay: {captures: [no, 1.0, \"~\", 12:30]}}");
  const v1::ReplayConfig& replay = file.system().replay();
  ASSERT_EQ(replay.captures_size(), 4);
  EXPECT_EQ(replay.captures(0), "no");
  EXPECT_EQ(replay.captures(1), "1.0");
  EXPECT_EQ(replay.captures(2), "~");
  EXPECT_EQ(replay.captures(3), "12:30");
}

TEST(YamlReaderTest, AnAliasIsReadWhereverItIsUsed) {
  const v1::ConfigFile file = Read(
      "config:\n"
      "  monitors:\n"
      "    - {client: &small {buffer_size_bytes: 1KiB}, server: *small}\n");
  const v1::Monitor& monitor = file.config().monitors(0);
  EXPECT_EQ(monitor.client().buffer_size_bytes(), 1024u);
  EXPECT_EQ(monitor.server().buffer_size_bytes(), 1024u);
}

TEST(YamlReaderTest, WhatTheServerSetsMayNotStandInAFile) {
  EXPECT_EQ(FaultsOf("config: {monitors: [{etag: 1a2b}]}"),
            "f.yaml:1:22: config.monitors[0].etag: is set by the server; leave "
            "it out\n");
}

// --- Every field ------------------------------------------------------------

using Path = std::vector<const FieldDescriptor*>;

bool IsDuration(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() == "google.protobuf.Duration";
}

// Calls `visit` for every field below `type` that holds a value itself and may
// stand in a file.
void ForEveryLeaf(const Descriptor& type, Path& path,
                  const std::function<void(const Path&)>& visit) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.options().GetExtension(v1::server_set)) continue;
    path.push_back(&field);
    const bool is_leaf = field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
                         IsDuration(field);
    if (is_leaf) {
      visit(path);
    } else {
      ForEveryLeaf(*field.message_type(), path, visit);
    }
    path.pop_back();
  }
}

// Sets the leaf to a value that is not its default: 3 KiB, true, "word", 1.5 s,
// the enum's last value.
void SetLeaf(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      repeated ? reflection.AddUInt32(&message, &field, 3072)
               : reflection.SetUInt32(&message, &field, 3072);
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      repeated ? reflection.AddUInt64(&message, &field, 3072)
               : reflection.SetUInt64(&message, &field, 3072);
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      repeated ? reflection.AddBool(&message, &field, true)
               : reflection.SetBool(&message, &field, true);
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      repeated ? reflection.AddString(&message, &field, "word")
               : reflection.SetString(&message, &field, "word");
      return;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* last =
          field.enum_type()->value(field.enum_type()->value_count() - 1);
      repeated ? reflection.AddEnum(&message, &field, last)
               : reflection.SetEnum(&message, &field, last);
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      google::protobuf::Duration duration;
      duration.set_seconds(1);
      duration.set_nanos(500'000'000);
      (repeated ? reflection.AddMessage(&message, &field)
                : reflection.MutableMessage(&message, &field))
          ->CopyFrom(duration);
      return;
    }
    default:
      FAIL() << field.full_name() << " has a type that no file can set";
  }
}

// A file in which only the last field of `path` is set.
v1::ConfigFile FileWith(const Path& path) {
  v1::ConfigFile file;
  Message* message = &file;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const Reflection& reflection = *message->GetReflection();
    message = path[i]->is_repeated()
                  ? reflection.AddMessage(message, path[i])
                  : reflection.MutableMessage(message, path[i]);
  }
  SetLeaf(*message, *path.back());
  return file;
}

// The same as somebody would write it by hand.
std::string WrittenByHand(const Path& path) {
  const FieldDescriptor& leaf = *path.back();
  std::string word;
  switch (leaf.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      word = "true";
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      word = "word";
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      word = ShortName(
          *leaf.enum_type()->value(leaf.enum_type()->value_count() - 1));
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      word = "1500ms";
      break;
    default:
      word = leaf.name().find("_bytes") == std::string::npos ? "3072" : "3KiB";
  }
  for (size_t i = path.size(); i-- > 0;) {
    if (path[i]->is_repeated()) word = "[" + word + "]";
    word = "{" + path[i]->name() + ": " + word + "}";
  }
  return word;
}

// JSON is YAML: what protobuf's own printer writes must be read back.
TEST(YamlReaderTest, EveryFieldIsReadAsProtobufsJsonPrinterWritesIt) {
  int leaves = 0;
  Path path;
  ForEveryLeaf(*v1::ConfigFile::descriptor(), path, [&](const Path& leaf) {
    ++leaves;
    const v1::ConfigFile file = FileWith(leaf);
    for (const bool proto_names : {false, true}) {
      google::protobuf::util::JsonPrintOptions options;
      options.preserve_proto_field_names = proto_names;
      std::string json;
      ASSERT_TRUE(
          google::protobuf::util::MessageToJsonString(file, &json, options)
              .ok());
      EXPECT_TRUE(MessageDifferencer::Equals(Read(json), file)) << json;
    }
  });
  EXPECT_GT(leaves, 70);
}

TEST(YamlReaderTest, EveryFieldIsReadAsWrittenByHand) {
  Path path;
  ForEveryLeaf(*v1::ConfigFile::descriptor(), path, [&](const Path& leaf) {
    const std::string text = WrittenByHand(leaf);
    EXPECT_TRUE(MessageDifferencer::Equals(Read(text), FileWith(leaf))) << text;
  });
}

TEST(YamlReaderTest, EveryFieldRefusesAMapInPlaceOfItsValueAndKnowsWhere) {
  Path path;
  ForEveryLeaf(*v1::ConfigFile::descriptor(), path, [&](const Path& leaf) {
    std::string text = "{{}: x}";
    std::string field_path;
    for (size_t i = leaf.size(); i-- > 0;) {
      const std::string list = leaf[i]->is_repeated() ? "[0]" : "";
      if (!list.empty()) text = "[" + text + "]";
      text = leaf[i]->name() + ": " + text;
      if (i > 0) text = "{" + text + "}";
      field_path =
          leaf[i]->name() + list + (field_path.empty() ? "" : "." + field_path);
    }
    const std::string column = std::to_string(text.find("{{}") + 1);
    EXPECT_EQ(FaultsOf(text).rfind(
                  "f.yaml:1:" + column + ": " + field_path + ": ", 0),
              0u)
        << text << "\n"
        << FaultsOf(text);
  });
}

TEST(YamlReaderTest, PositionsAreKnownForEveryFieldRead) {
  Path path;
  ForEveryLeaf(*v1::ConfigFile::descriptor(), path, [&](const Path& leaf) {
    // Every key on a line of its own.
    std::string text, field_path, indent;
    for (const FieldDescriptor* field : leaf) {
      text += indent + field->name() + ":\n";
      field_path += (field_path.empty() ? "" : ".") + field->name();
      indent += "  ";
      if (field->is_repeated()) {
        text += indent + "-\n";
        field_path += "[0]";
        indent += "  ";
      }
    }
    const int lines =
        static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    const std::string by_hand = WrittenByHand(Path{leaf.back()});
    std::string word = by_hand.substr(by_hand.find(": ") + 2);
    word.pop_back();
    if (leaf.back()->is_repeated()) word = word.substr(1, word.size() - 2);
    text += indent + word + "\n";

    v1::ConfigFile file;
    SourceMap positions;
    ASSERT_EQ(Format(ReadYaml("f.yaml", text, file, positions)), "") << text;
    EXPECT_EQ(positions.Find(field_path).line, lines + 1) << text;
    EXPECT_EQ(positions.Find(field_path).column,
              static_cast<int>(indent.size()) + 1)
        << text;
  });
}

// --- What is told -----------------------------------------------------------

struct FaultCase {
  const char* what;
  const char* text;
  const char* faults;
};

const std::vector<FaultCase> kFaultCases = {
    {"UnknownKeyWithASuggestion", "system:\n  log: {levle: info}",
     "f.yaml:2:9: system.log.levle: unknown key; allowed: level; "
     "did you mean \"level\"?\n"},
    {"UnknownKeyWithoutASuggestion", "colour: blue",
     "f.yaml:1:1: colour: unknown key; allowed: system, config\n"},
    {"KeyThatIsNoWord", "[a]: 1",
     "f.yaml:1:1: a key must be a word; found a list\n"},
    {"KeyWithControlCharacters", "\"a\\e[31m\": 1",
     "f.yaml:1:1: \"a\\033[31m\": unknown key; allowed: system, "
     "config\n"},
    {"DuplicateKey", "system: {}\nsystem: {}\n",
     "f.yaml:2:1: system: duplicate key; first set in line 1\n"},
    {"DuplicateKeyInTheOtherSpelling",
     "system:\n  flow_key: {}\n  flowKey: {}\n",
     "f.yaml:3:3: system.flow_key: duplicate key; first set in "
     "line 2\n"},
    {"KeyWithoutAValue", "system:\n  log:\n",
     "f.yaml:2:3: system.log: has no value; give one or leave the "
     "key out\n"},
    {"ListInPlaceOfAMap", "system: [a]",
     "f.yaml:1:9: system: expected a map of workers, cpus, "
     "burst_packets, memory, limits, timeouts, checksum, "
     "flow_key, replay, log, ports, idle, control, metrics, fragments, "
     "opaque_encapsulations, ttl_guard; found a list\n"},
    {"WordInPlaceOfAList", "system: {cpus: 3}",
     "f.yaml:1:16: system.cpus: expected a list; found a word\n"},
    {"NothingInAList", "system: {cpus: [1, ~, 2]}",
     "f.yaml:1:20: system.cpus[1]: expected a whole number; found "
     "nothing\n"},
    {"ListInPlaceOfANumber", "system: {workers: [1]}",
     "f.yaml:1:19: system.workers: expected a whole number; found "
     "a list\n"},
    {"ListInPlaceOfASize", "system: {memory: {size_bytes: [1]}}",
     "f.yaml:1:31: system.memory.size_bytes: expected a number of "
     "bytes; found a list\n"},
    {"NumberThatDoesNotFit", "system: {workers: 4294967296}",
     "f.yaml:1:19: system.workers: 4294967296 is not in [0, "
     "4294967295]\n"},
    {"NumberBelowZero", "system: {cpus: [0, -1]}",
     "f.yaml:1:20: system.cpus[1]: -1 is not in [0, 4294967295]\n"},
    {"WordInPlaceOfABool", "system: {replay: {loop: yes}}",
     "f.yaml:1:25: system.replay.loop: \"yes\" is not true or "
     "false\n"},
    {"MapInPlaceOfABool", "system: {replay: {loop: {}}}",
     "f.yaml:1:25: system.replay.loop: expected true or false; "
     "found a map\n"},
    {"MapInPlaceOfAString", "system: {replay: {captures: [{}]}}",
     "f.yaml:1:30: system.replay.captures[0]: expected a word; "
     "found a map\n"},
    {"DurationWithoutAUnit", "system: {timeouts: {udp: 60}}",
     "f.yaml:1:26: system.timeouts.udp: \"60\" has no unit; write "
     "60s for seconds\n"},
    {"MapInPlaceOfADuration", "system: {timeouts: {udp: {seconds: 1}}}",
     "f.yaml:1:26: system.timeouts.udp: expected a duration such "
     "as 300s; found a map\n"},
    {"EnumValueThatIsNotKnown", "system: {checksum: verfy}",
     "f.yaml:1:20: system.checksum: \"verfy\" is not known; "
     "allowed: verify, ignore; did you mean \"verify\"?\n"},
    {"EnumValueThatMeansNotSet",
     "system: {checksum: CHECKSUM_POLICY_UNSPECIFIED}",
     "f.yaml:1:20: system.checksum: "
     "\"CHECKSUM_POLICY_UNSPECIFIED\" is not known; allowed: "
     "verify, ignore\n"},
    {"FullBufferThatIsNotKnown",
     "config: {monitors: [{client: {full_buffer: newest}}]}",
     "f.yaml:1:44: config.monitors[0].client.full_buffer: \"newest\" is "
     "not known; allowed: stop, drop_oldest\n"},
    {"UrgentPolicyThatIsNotKnown",
     "config: {monitors: [{server: {urgent_policy: outofband}}]}",
     "f.yaml:1:46: config.monitors[0].server.urgent_policy: \"outofband\" is "
     "not known; allowed: inline, out_of_band, gap, drop; did you mean "
     "\"out_of_band\"?\n"},
    {"TtlGuardThatIsNoTruthValue", "system: {ttl_guard: 5}",
     "f.yaml:1:21: system.ttl_guard: \"5\" is not true or false\n"},
    {"ListInPlaceOfAnEnum", "system: {checksum: [verify]}",
     "f.yaml:1:20: system.checksum: expected a word; found a "
     "list; allowed: verify, ignore\n"},
    {"SecondArmOfAOneof",
     "config: {nf_instances: [{firewall: {}, flow_log: {}}]}",
     "f.yaml:1:40: config.nf_instances[0].flow_log: cannot be set "
     "beside firewall; allowed: one of firewall, flow_log\n"},
    {"PortsThatAreNone",
     "config: {nf_instances: [{firewall: {rules: [{server_ports: "
     "http}]}}]}",
     "f.yaml:1:60: config.nf_instances[0].firewall.rules[0]."
     "server_ports: \"http\" is not a port such as 443 or a range "
     "such as 8000-8099\n"},
    {"BrokenYaml", "system: {log: ",
     "f.yaml:1:9: not valid YAML: the bracket that opens here is "
     "not closed\n"}};

TEST(YamlReaderTest, EachKindOfFaultIsToldInFull) {
  for (const FaultCase& fault : kFaultCases) {
    EXPECT_EQ(FaultsOf(fault.text), fault.faults) << fault.what;
  }
}

TEST(YamlReaderTest, EveryFaultIsToldAndWhatIsRightIsSet) {
  v1::ConfigFile file;
  SourceMap positions;
  const auto faults = ReadYaml("f.yaml",
                               "system:\n"
                               "  worker: 1\n"
                               "  cpus: [1, x, 3]\n"
                               "  burst_packets: 32\n"
                               "  checksum: maybe\n",
                               file, positions);
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].path, "system.worker");
  EXPECT_EQ(faults[1].path, "system.cpus[1]");
  EXPECT_EQ(faults[2].path, "system.checksum");
  EXPECT_EQ(file.system().burst_packets(), 32u);
  // A list keeps the places of its elements.
  ASSERT_EQ(file.system().cpus_size(), 3);
  EXPECT_EQ(file.system().cpus(2), 3u);
}

TEST(YamlReaderTest, AsManyFaultsAsTheBoundAreToldAndOfMoreThatThereAreMore) {
  const auto list_of = [](size_t words) {
    std::string text = "system:\n  cpus:\n";
    for (size_t i = 0; i < words; ++i) text += "  - x\n";
    return text;
  };
  v1::ConfigFile file;
  SourceMap positions;
  EXPECT_EQ(
      ReadYaml("f.yaml", list_of(kMaxDiagnostics), file, positions).size(),
      kMaxDiagnostics);

  const auto more =
      ReadYaml("f.yaml", list_of(kMaxDiagnostics + 5), file, positions);
  ASSERT_EQ(more.size(), kMaxDiagnostics + 1);
  EXPECT_EQ(Format(more.back()), "f.yaml:1003:5: further errors are not shown");
}

}  // namespace
}  // namespace mosaic::config
