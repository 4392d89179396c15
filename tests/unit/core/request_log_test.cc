#include "control/core/request_log.h"

#include <string>

#include "gtest/gtest.h"
#include "mosaic/v1/monitor_service.pb.h"

namespace mosaic {
namespace {

using Lookup = RequestLog::Lookup;

v1::DeleteMonitorRequest Request(const std::string& name) {
  v1::DeleteMonitorRequest request;
  request.set_name(name);
  return request;
}

v1::DeleteMonitorResponse Answer(uint64_t revision) {
  v1::DeleteMonitorResponse answer;
  answer.mutable_result()->set_revision(revision);
  return answer;
}

TEST(RequestLogTest, GivesTheAnswerOfTheSameRequestOnly) {
  RequestLog log{RequestLog::Options()};
  v1::DeleteMonitorResponse answer;
  const absl::Duration now = absl::Seconds(1);
  EXPECT_EQ(log.Find("a", Request("m"), now, answer), Lookup::kNew);
  log.Add("a", Request("m"), Answer(7), now);
  EXPECT_EQ(log.Find("a", Request("m"), now, answer), Lookup::kAnswered);
  EXPECT_EQ(answer.result().revision(), 7u);
  EXPECT_EQ(log.Find("a", Request("n"), now, answer), Lookup::kReused);
  EXPECT_EQ(log.Find("a", v1::GetMonitorRequest(), now, answer),
            Lookup::kReused);
}

TEST(RequestLogTest, ForgetsAfterItsTimeAndNotBefore) {
  RequestLog log{RequestLog::Options()};
  v1::DeleteMonitorResponse answer;
  log.Add("a", Request("m"), Answer(7), absl::ZeroDuration());
  const absl::Duration end = absl::Minutes(10);
  EXPECT_EQ(log.Find("a", Request("m"), end - absl::Nanoseconds(1), answer),
            Lookup::kAnswered);
  EXPECT_EQ(log.Find("a", Request("m"), end, answer), Lookup::kNew);
  EXPECT_EQ(log.size(), 0u);
}

TEST(RequestLogTest, TheOldestGivesWayAtTheBounds) {
  RequestLog::Options options;
  options.max_answers = 3;
  RequestLog log(options);
  v1::DeleteMonitorResponse answer;
  for (int i = 0; i < 4; ++i) {
    log.Add(std::to_string(i), Request("m"), Answer(7), absl::ZeroDuration());
  }
  EXPECT_EQ(log.size(), 3u);
  EXPECT_EQ(log.Find("0", Request("m"), absl::ZeroDuration(), answer),
            Lookup::kNew);
  EXPECT_EQ(log.Find("1", Request("m"), absl::ZeroDuration(), answer),
            Lookup::kAnswered);

  options.max_bytes = 2 * Answer(7).ByteSizeLong();
  RequestLog small(options);
  for (int i = 0; i < 3; ++i) {
    small.Add(std::to_string(i), Request("m"), Answer(7), absl::ZeroDuration());
  }
  EXPECT_EQ(small.size(), 2u);
}

TEST(RequestLogTest, KnowsAUuid) {
  EXPECT_TRUE(IsUuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
  EXPECT_TRUE(IsUuid("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"));
  EXPECT_FALSE(IsUuid(""));
  EXPECT_FALSE(IsUuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf"));
  EXPECT_FALSE(IsUuid("f81d4fae+7dec-11d0-a765-00a0c91e6bf6"));
  EXPECT_FALSE(IsUuid("g81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
}

}  // namespace
}  // namespace mosaic
