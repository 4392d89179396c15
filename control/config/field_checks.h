// FieldChecks collects what is wrong with the fields of a message, worded the
// same everywhere: what, the value, what is allowed.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/config/diagnostic.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"

namespace mosaic::config {

class FieldChecks {
 public:
  void Fail(std::string path, std::string message) {
    violations_.push_back({std::move(path), std::move(message)});
  }

  // min <= value <= max.
  void InRange(const std::string& path, uint64_t value, uint64_t min,
               uint64_t max);
  // The same of a number of bytes; the bounds are told as 64MiB and the like.
  void BytesInRange(const std::string& path, uint64_t value, uint64_t min,
                    uint64_t max);
  // A whole number of MiB. Call after BytesInRange().
  void WholeMebibytes(const std::string& path, uint64_t value);
  // 0s < value <= 24h, and canonical.
  void Timeout(const std::string& path,
               const google::protobuf::Duration& value);
  // size <= max.
  void AtMost(const std::string& path, int size, int max,
              std::string_view elements);
  // "{collection}/{id}" with id = [a-z][a-z0-9-]{0,62}.
  void ResourceName(const std::string& path, const std::string& name,
                    std::string_view collection);
  // [a-z][a-z0-9-]{0,62}.
  void Id(const std::string& path, const std::string& id);
  // Every enum in the message and below it has a value that its type names.
  // From the wire an enum may be any number.
  void KnownEnums(const std::string& path,
                  const google::protobuf::Message& message);

  std::vector<Violation> Take() { return std::move(violations_); }

 private:
  std::vector<Violation> violations_;
};

// `bytes` with the largest binary unit that divides them: 256KiB, 1000.
std::string BytesText(uint64_t bytes);

// Whether `id` matches [a-z][a-z0-9-]{0,62}.
bool IsId(std::string_view id);

}  // namespace mosaic::config
