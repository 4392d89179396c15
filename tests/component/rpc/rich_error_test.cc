// What of an error reaches a client, and that it always fits.

#include "control/rpc/rich_error.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/component/rpc/api_fixture.h"

namespace mosaic::testing {
namespace {

Error SomeError() {
  Error error;
  error.code = absl::StatusCode::kAborted;
  error.reason = error_reason::kEtagMismatch;
  error.message = "it has another etag";
  return error;
}

TEST(RichErrorTest, CodeMessageAndReasonAreAlwaysTold) {
  const grpc::Status status = ToGrpc(SomeError());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "it has another etag");
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  google::rpc::Status rich;
  ASSERT_TRUE(rich.ParseFromString(status.error_details()));
  EXPECT_EQ(rich.code(), 10);
  EXPECT_EQ(rich.message(), status.error_message());
  EXPECT_EQ(rich.details_size(), 1);
}

TEST(RichErrorTest, EachDetailIsToldAsItsMessage) {
  Error error = SomeError();
  error.fields = {{"monitor.priority", "70000 is not in 0 to 65535"}};
  error.resource = {"mosaic.v1.Monitor", "monitors/web"};
  error.preconditions = {{"STILL_REFERENCED", "nfInstances/a", "monitors/web"}};
  error.quotas = {{"monitors", "64 are there"}};
  error.retry_after = absl::Milliseconds(2500);
  const grpc::Status status = ToGrpc(error);
  const auto fields = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(fields->field_violations(0).field(), "monitor.priority");
  EXPECT_EQ(fields->field_violations(0).description(),
            "70000 is not in 0 to 65535");
  EXPECT_EQ(DetailOf<google::rpc::ResourceInfo>(status)->resource_name(),
            "monitors/web");
  EXPECT_EQ(
      DetailOf<google::rpc::PreconditionFailure>(status)->violations(0).type(),
      "STILL_REFERENCED");
  EXPECT_EQ(
      DetailOf<google::rpc::QuotaFailure>(status)->violations(0).subject(),
      "monitors");
  const auto retry = DetailOf<google::rpc::RetryInfo>(status);
  EXPECT_EQ(retry->retry_delay().seconds(), 2);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
}

TEST(RichErrorTest, OfManyViolationsTheFirstAreToldAndTheRestCounted) {
  Error error = SomeError();
  for (int i = 0; i < 1000; ++i) {
    error.fields.push_back({"config.monitors[" + std::to_string(i) + "].name",
                            "is wrong in its own way"});
  }
  const grpc::Status status = ToGrpc(error);
  EXPECT_LE(status.error_details().size(), kMaxErrorDetailBytes + 256);
  const auto told = DetailOf<google::rpc::BadRequest>(status);
  EXPECT_GT(told->field_violations_size(), 20);
  EXPECT_EQ(told->field_violations(0).field(), "config.monitors[0].name");
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  EXPECT_EQ(info->metadata().at("violations_left_out"),
            std::to_string(1000 - told->field_violations_size()));
}

TEST(RichErrorTest, ALongTextIsCutBetweenTwoCharacters) {
  Error error = SomeError();
  error.message = std::string(kMaxErrorTextBytes - 4, 'a');
  for (int i = 0; i < 4; ++i) error.message += "\u00e9";  // Two bytes each.
  const std::string cut = ToGrpc(error).error_message();
  EXPECT_EQ(cut, std::string(kMaxErrorTextBytes - 4, 'a') + "...");
  error.message.resize(kMaxErrorTextBytes);
  EXPECT_EQ(ToGrpc(error).error_message(), error.message);
}

}  // namespace
}  // namespace mosaic::testing
