#include "control/rpc/rich_error.h"

#include <string>
#include <string_view>

#include "control/core/wall_time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace mosaic {
namespace {

constexpr char kDomain[] = "mosaic";

// `text`, cut between two characters of UTF-8.
std::string Shortened(std::string_view text) {
  constexpr std::string_view kMark = "...";
  if (text.size() <= kMaxErrorTextBytes) return std::string(text);
  size_t end = kMaxErrorTextBytes - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return std::string(text.substr(0, end)).append(kMark);
}

google::rpc::BadRequest BadRequestOf(const Error& error) {
  google::rpc::BadRequest detail;
  for (const config::Violation& field : error.fields) {
    auto& violation = *detail.add_field_violations();
    violation.set_field(Shortened(field.path));
    violation.set_description(Shortened(field.message));
  }
  return detail;
}

google::rpc::PreconditionFailure PreconditionsOf(const Error& error) {
  google::rpc::PreconditionFailure detail;
  for (const Error::Precondition& precondition : error.preconditions) {
    auto& violation = *detail.add_violations();
    violation.set_type(precondition.type);
    violation.set_subject(Shortened(precondition.subject));
    violation.set_description(Shortened(precondition.description));
  }
  return detail;
}

google::rpc::QuotaFailure QuotasOf(const Error& error) {
  google::rpc::QuotaFailure detail;
  for (const Error::Quota& quota : error.quotas) {
    auto& violation = *detail.add_violations();
    violation.set_subject(Shortened(quota.subject));
    violation.set_description(Shortened(quota.description));
  }
  return detail;
}

google::rpc::ResourceInfo ResourceOf(const Error::Resource& resource,
                                     const std::string& message) {
  google::rpc::ResourceInfo detail;
  detail.set_resource_type(resource.type);
  detail.set_resource_name(Shortened(resource.name));
  detail.set_description(Shortened(message));
  return detail;
}

// Adds `detail` with as many of its violations, of the field that `violations`
// returns, as there is room for. Returns how many are left out.
template <typename Detail, typename Violations>
int AddFitting(Detail detail, Violations violations,
               google::rpc::Status& status) {
  int left_out = 0;
  while (violations(detail)->size() > 1 &&
         status.ByteSizeLong() + detail.ByteSizeLong() > kMaxErrorDetailBytes) {
    violations(detail)->RemoveLast();
    ++left_out;
  }
  if (!violations(detail)->empty()) status.add_details()->PackFrom(detail);
  return left_out;
}

}  // namespace

grpc::Status ToGrpc(const Error& error) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code));
  status.set_message(Shortened(error.message));

  if (error.resource.has_value()) {
    status.add_details()->PackFrom(ResourceOf(*error.resource, error.message));
  }
  if (error.retry_after.has_value()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToProto(*error.retry_after);
    status.add_details()->PackFrom(retry);
  }
  const auto violations = [](auto& detail) {
    return detail.mutable_violations();
  };
  int left_out =
      AddFitting(PreconditionsOf(error), violations, status) +
      AddFitting(QuotasOf(error), violations, status) +
      AddFitting(
          BadRequestOf(error),
          [](auto& detail) { return detail.mutable_field_violations(); },
          status);

  google::rpc::ErrorInfo info;
  info.set_reason(error.reason);
  info.set_domain(kDomain);
  if (left_out > 0) {
    (*info.mutable_metadata())["violations_left_out"] =
        std::to_string(left_out);
  }
  status.add_details()->PackFrom(info);
  return {static_cast<grpc::StatusCode>(error.code), status.message(),
          status.SerializeAsString()};
}

}  // namespace mosaic
