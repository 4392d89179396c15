#include "control/ctl/assignments.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"

namespace mosaic::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) {
  EXPECT_FALSE(status.ok());
  return std::string(status.message());
}

TEST(AssignmentsTest, ValuesAreThoseOfAConfigurationFile) {
  v1::Monitor monitor;
  Assignments assignments(monitor);
  ASSERT_TRUE(assignments.Set("server.buffer_size_bytes=64KiB").ok());
  ASSERT_TRUE(assignments.Set("server.retain=unacked").ok());
  ASSERT_TRUE(assignments.Set("type", "stream").ok());
  ASSERT_TRUE(assignments.Set("idle_timeout", "1m30s").ok());
  ASSERT_TRUE(
      assignments.Set("nf_instances=[nfInstances/a, nfInstances/b]").ok());
  ASSERT_TRUE(assignments.Set("stop_policies", "[{payload_bytes: 1MiB}]").ok());
  EXPECT_EQ(monitor.server().buffer_size_bytes(), 64u << 10);
  EXPECT_EQ(monitor.server().retain(), v1::RETAIN_UNACKED);
  EXPECT_EQ(monitor.idle_timeout().seconds(), 90);
  EXPECT_EQ(monitor.nf_instances_size(), 2);
  EXPECT_EQ(monitor.stop_policies(0).payload_bytes(), 1u << 20);
  EXPECT_THAT(assignments.mask().paths(),
              ElementsAre("server.buffer_size_bytes", "server.retain", "type",
                          "idle_timeout", "nf_instances", "stop_policies"));
}

TEST(AssignmentsTest, TextIsTakenAsItIs) {
  v1::Monitor monitor;
  Assignments assignments(monitor);
  const std::string filter = "tcp[13] & 2 != 0 and not host it's: #5";
  ASSERT_TRUE(assignments.Set("syn_filter", filter).ok());
  EXPECT_EQ(monitor.syn_filter().expression(), filter);
  v1::NfInstance nf;
  Assignments of_nf(nf);
  ASSERT_TRUE(of_nf.Set("flow_log.output_path=true").ok());
  EXPECT_EQ(nf.flow_log().output_path(), "true");
}

TEST(AssignmentsTest, ClearedFieldsAreInTheMaskOnly) {
  v1::Monitor monitor;
  Assignments assignments(monitor);
  ASSERT_TRUE(assignments.Clear("idle_timeout").ok());
  EXPECT_FALSE(monitor.has_idle_timeout());
  EXPECT_THAT(assignments.mask().paths(), ElementsAre("idle_timeout"));
}

TEST(AssignmentsTest, MistakesSayWhatIsAllowed) {
  v1::Monitor monitor;
  Assignments assignments(monitor);
  EXPECT_THAT(Message(assignments.Set("server.bufer_size_bytes=1")),
              HasSubstr("did you mean \"buffer_size_bytes\"?"));
  EXPECT_THAT(Message(assignments.Set("etag=abc")), HasSubstr("unknown field"));
  EXPECT_THAT(Message(assignments.Set("priority")),
              HasSubstr("is no FIELD=VALUE"));
  EXPECT_THAT(Message(assignments.Set("priority.x=1")),
              HasSubstr("priority has no fields of its own"));
  EXPECT_THAT(Message(assignments.Set("stop_policies.side=client")),
              HasSubstr("stop_policies has no fields of its own"));
  EXPECT_THAT(Message(assignments.Set("type=strean")),
              HasSubstr("did you mean \"stream\"?"));
  EXPECT_THAT(Message(assignments.Set("client.buffer_size_bytes=1MeB")),
              HasSubstr("client.buffer_size_bytes"));
  EXPECT_THAT(Message(assignments.Set("orphan_filter=a\nb")),
              HasSubstr("one line"));
}

TEST(AssignmentsTest, AFieldIsSetOnce) {
  v1::Monitor monitor;
  Assignments assignments(monitor);
  ASSERT_TRUE(assignments.Set("server.retain=unacked").ok());
  EXPECT_THAT(Message(assignments.Set("server.retain=none")),
              HasSubstr("set twice"));
  EXPECT_THAT(Message(assignments.Clear("server")), HasSubstr("overlap"));
  EXPECT_THAT(Message(assignments.Set("server={}")), HasSubstr("overlap"));
}

}  // namespace
}  // namespace mosaic::ctl
