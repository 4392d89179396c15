#include "control/core/field_mask.h"

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

google::protobuf::FieldMask Mask(const std::vector<std::string>& paths) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return mask;
}

// `to` after the masked fields of `from` were taken into it.
template <typename Message = v1::Monitor>
std::string Applied(const std::vector<std::string>& paths,
                    const std::string& from, const std::string& to) {
  Message target = Parse<Message>(to);
  EXPECT_FALSE(
      ApplyMask(Mask(paths), "update_mask", Parse<Message>(from), target));
  return target.ShortDebugString();
}

constexpr char kFull[] =
    "name: 'monitors/m' type: MONITOR_TYPE_STREAM syn_filter { expression: "
    "'tcp' } orphan_filter { expression: 'udp' } raw_filter { expression: "
    "'ip' } priority: 5 disabled: true nf_instances: 'nfInstances/f' client { "
    "buffer_size_bytes: 1 overlap_policy: OVERLAP_POLICY_LAST retain: "
    "RETAIN_BYTES retain_bytes: 1 } server { buffer_size_bytes: 0 "
    "overlap_policy: OVERLAP_POLICY_BSD retain: RETAIN_NONE retain_bytes: 2 } "
    "stop_policies { packets: 3 } flow_policies { match { expression: 'tcp' } "
    "} idle_timeout { seconds: 1 nanos: 500000000 } midstream: "
    "MIDSTREAM_POLICY_PICKUP";

// Every path through singular messages of `type`, leaves and messages.
void AddPaths(const google::protobuf::Descriptor& type,
              const std::string& prefix, std::vector<std::string>& paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    paths.push_back(prefix + field.name());
    if (!field.is_repeated() && field.message_type() != nullptr &&
        field.message_type()->file()->package() == "mosaic.v1") {
      AddPaths(*field.message_type(), prefix + field.name() + ".", paths);
    }
  }
}

TEST(FieldMaskTest, EveryPathTakesItsFieldAndNoOther) {
  std::vector<std::string> paths;
  AddPaths(*v1::Monitor::descriptor(), "", paths);
  EXPECT_GT(paths.size(), 25u);
  const v1::Monitor full = Parse<v1::Monitor>(kFull);
  for (const std::string& path : paths) {
    v1::Monitor taken;
    ASSERT_FALSE(ApplyMask(Mask({path}), "m", full, taken)) << path;
    for (const std::string& changed : ChangedPaths(v1::Monitor(), taken)) {
      EXPECT_EQ(path.substr(0, changed.size()), changed);
    }
    // And is cleared where the source has not set it; the rest stays.
    v1::Monitor cleared = full;
    ASSERT_FALSE(ApplyMask(Mask({path}), "m", v1::Monitor(), cleared)) << path;
    const std::vector<std::string> changes = ChangedPaths(full, cleared);
    ASSERT_LE(changes.size(), 1u) << path;
    if (!changes.empty()) {
      EXPECT_EQ(changes[0], path);
    }
  }
}

TEST(FieldMaskTest, AMaskBelowAMessageLeavesItsOtherFields) {
  EXPECT_EQ(Applied({"server.buffer_size_bytes"},
                    "server { buffer_size_bytes: 7 retain_bytes: 9 }",
                    "server { overlap_policy: OVERLAP_POLICY_LAST }"),
            "server { buffer_size_bytes: 7 overlap_policy: "
            "OVERLAP_POLICY_LAST }");
  EXPECT_EQ(Applied({"server"}, "server { buffer_size_bytes: 7 }",
                    "server { overlap_policy: OVERLAP_POLICY_LAST }"),
            "server { buffer_size_bytes: 7 }");
}

TEST(FieldMaskTest, ZeroThatIsSetIsNotAbsence) {
  EXPECT_EQ(Applied({"server.buffer_size_bytes"},
                    "server { buffer_size_bytes: 0 }", ""),
            "server { buffer_size_bytes: 0 }");
  EXPECT_EQ(Applied({"server.buffer_size_bytes"}, "server { }",
                    "server { buffer_size_bytes: 0 }"),
            "server { }");
  EXPECT_EQ(Applied({"server.buffer_size_bytes"}, "", ""), "");
}

TEST(FieldMaskTest, ListsAreTakenAsAWhole) {
  EXPECT_EQ(Applied({"nf_instances"}, "nf_instances: 'a'",
                    "nf_instances: 'b' nf_instances: 'c'"),
            "nf_instances: \"a\"");
  EXPECT_EQ(Applied({}, "stop_policies { packets: 1 }",
                    "stop_policies { packets: 2 } stop_policies { packets: 3 "
                    "}"),
            "stop_policies { packets: 1 }");
}

TEST(FieldMaskTest, TheStarTakesAllAndClearsTheRest) {
  EXPECT_EQ(Applied({"*"}, "priority: 2", kFull), "priority: 2");
  EXPECT_EQ(Applied<v1::NfInstance>({"*"}, "flow_log { }",
                                    "firewall { } failure_policy: "
                                    "FAILURE_POLICY_CLOSED"),
            "flow_log { }");
}

TEST(FieldMaskTest, AnEmptyMaskTakesWhatIsSet) {
  EXPECT_EQ(Applied({}, "priority: 2 server { buffer_size_bytes: 0 }",
                    "disabled: true server { retain: RETAIN_UNACKED }"),
            "priority: 2 disabled: true server { buffer_size_bytes: 0 retain: "
            "RETAIN_UNACKED }");
  EXPECT_EQ(Applied({}, "idle_timeout { seconds: 2 }",
                    "idle_timeout { seconds: 1 nanos: 500000000 }"),
            "idle_timeout { seconds: 2 }")
      << "a duration is one value";
}

TEST(FieldMaskTest, OneOfSeveralReplacesTheOther) {
  EXPECT_EQ(Applied<v1::NfInstance>({"flow_log"}, "flow_log { }",
                                    "firewall { default_action: "
                                    "FIREWALL_ACTION_DROP }"),
            "flow_log { }");
  EXPECT_EQ(Applied<v1::NfInstance>({}, "flow_log { payload_digests: true }",
                                    "firewall { }"),
            "flow_log { payload_digests: true }");
  EXPECT_EQ(Applied<v1::NfInstance>({"firewall.default_action"},
                                    "firewall { default_action: "
                                    "FIREWALL_ACTION_DROP }",
                                    "firewall { rules { id: 'r' } }"),
            "firewall { rules { id: \"r\" } default_action: "
            "FIREWALL_ACTION_DROP }");
}

TEST(FieldMaskTest, APathThatNamesNothingIsToldWithItsPlace) {
  v1::Monitor target = Parse<v1::Monitor>(kFull);
  const std::string before = target.SerializeAsString();
  const auto error =
      ApplyMask(Mask({"priority", "sever.retain", "stop_policies.packets",
                      "idle_timeout.seconds", "", "server."}),
                "update_mask", v1::Monitor(), target);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(error->fields.size(), 5u);
  EXPECT_EQ(error->fields[0].path, "update_mask.paths[1]");
  EXPECT_THAT(error->fields[0].message, HasSubstr("did you mean \"server\"?"));
  EXPECT_THAT(error->fields[1].message, HasSubstr("taken as a whole"));
  EXPECT_EQ(target.SerializeAsString(), before) << "nothing was taken";
}

TEST(FieldMaskTest, WhatTheServerSetsIsCleared) {
  v1::NfInstance instance = Parse<v1::NfInstance>(
      "name: 'n' state: NF_STATE_RUNNING etag: 'e' state_message: 's' "
      "create_time { } update_time { } counters { name: 'c' } firewall { }");
  ClearServerSet(instance);
  EXPECT_EQ(instance.ShortDebugString(), "name: \"n\" firewall { }");
}

}  // namespace
}  // namespace mosaic
