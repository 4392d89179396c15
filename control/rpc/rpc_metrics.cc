#include "control/rpc/rpc_metrics.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// Nanoseconds. A stream may live for hours.
constexpr std::array<uint64_t, 12> kBounds = {
    500'000,       1'000'000,      5'000'000,       10'000'000,
    50'000'000,    100'000'000,    500'000'000,     1'000'000'000,
    5'000'000'000, 30'000'000'000, 300'000'000'000, 3'600'000'000'000};

constexpr std::array<std::string_view, RpcMetrics::kCodes> kCodeNames = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED"};
static_assert(static_cast<size_t>(absl::StatusCode::kUnauthenticated) + 1 ==
              RpcMetrics::kCodes);

}  // namespace

RpcMetrics::Entry::Entry(Method name)
    : method(std::move(name)), duration(kBounds) {}

std::vector<RpcMetrics::Method> RpcMetrics::MethodsOf(
    const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  std::vector<Method> methods;
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      methods.push_back({service->full_name(), service->method(i)->name()});
    }
  }
  return methods;
}

RpcMetrics::RpcMetrics(const std::vector<Method>& methods) {
  for (const Method& method : methods) {
    entries_.emplace_back(method);
    by_name_.emplace(std::pair(method.service, method.method),
                     &entries_.back());
  }
  entries_.emplace_back(Method{"unknown", "unknown"});
}

void RpcMetrics::Record(std::string_view service, std::string_view method,
                        absl::StatusCode code,
                        std::chrono::nanoseconds duration) {
  size_t number = static_cast<size_t>(code);
  if (number >= kCodes)
    number = static_cast<size_t>(absl::StatusCode::kUnknown);
  const auto found =
      by_name_.find(std::pair(std::string(service), std::string(method)));
  Entry& entry = found != by_name_.end() ? *found->second : entries_.back();
  const std::lock_guard lock(mutex_);
  entry.handled[number] += 1;
  entry.duration.Record(static_cast<uint64_t>(
      std::max<std::chrono::nanoseconds::rep>(duration.count(), 0)));
}

std::vector<RpcMetrics::Reading> RpcMetrics::Read() const {
  std::vector<Reading> readings;
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    readings.push_back({entry.method, entry.handled, entry.duration.Read()});
  }
  return readings;
}

std::string_view RpcMetrics::CodeName(size_t code) {
  MOSAIC_CHECK(code < kCodes);
  return kCodeNames[code];
}

}  // namespace mosaic
