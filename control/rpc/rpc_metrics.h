// RpcMetrics counts the calls of the API by method and status code, and how
// long they took.
//
// Bounds      One set of counts for each method known at construction, and one
//             for calls of any other, which no caller can multiply.
// Threading   Any thread.
// Cost        Record() takes a lock for some tens of nanoseconds.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/base/histogram.h"

namespace google::protobuf {
class ServiceDescriptor;
}

namespace mosaic {

class RpcMetrics {
 public:
  // OK to UNAUTHENTICATED, the numbers of gRPC and Abseil alike.
  static constexpr size_t kCodes = 17;

  struct Method {
    std::string service;  // "mosaic.v1.MonitorService".
    std::string method;   // "GetMonitor".
  };

  struct Reading {
    Method method;
    std::array<uint64_t, kCodes> handled = {};  // By status code.
    HistogramReading nanoseconds;
  };

  // The methods of `services`, to be given to the constructor.
  static std::vector<Method> MethodsOf(
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  explicit RpcMetrics(const std::vector<Method>& methods);

  RpcMetrics(const RpcMetrics&) = delete;
  RpcMetrics& operator=(const RpcMetrics&) = delete;

  // Counts a call that ended after `duration`; of a stream its whole life. A
  // method that is not known counts as "unknown", a code that is none as
  // UNKNOWN. A grpc::StatusCode is cast to absl::StatusCode.
  void Record(std::string_view service, std::string_view method,
              absl::StatusCode code, std::chrono::nanoseconds duration);

  // All methods in the order of construction, then "unknown".
  std::vector<Reading> Read() const;

  // "OK", "INVALID_ARGUMENT", ... REQUIRES: code < kCodes.
  static std::string_view CodeName(size_t code);

 private:
  struct Entry {
    explicit Entry(Method name);
    Method method;
    std::array<uint64_t, kCodes> handled = {};
    Histogram duration;
  };

  mutable std::mutex mutex_;
  std::deque<Entry> entries_;  // Their counts are guarded by mutex_.
  std::map<std::pair<std::string, std::string>, Entry*> by_name_;
};

}  // namespace mosaic
