// Assignments builds a resource from "path=value" flags, and the mask of what
// they set, with the words of a configuration file as values.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace mosaic::ctl {

class Assignments {
 public:
  // REQUIRES: `message` outlives this object.
  explicit Assignments(google::protobuf::Message& message)
      : message_(message) {}

  // Sets the field `path`, such as `server.buffer_size_bytes`, to what `value`
  // means in a configuration file: 64KiB, a filter's text, `[a, b]`, `{...}`.
  // INVALID_ARGUMENT says which word is wrong and which are allowed, or that
  // the field was set before; the message may then be set in part.
  absl::Status Set(const std::string& path, const std::string& value);

  // "path=value", as after --set.
  absl::Status Set(const std::string& assignment);

  // Puts a field into the mask without a value: an update takes it away.
  absl::Status Clear(const std::string& path);

  const google::protobuf::FieldMask& mask() const { return mask_; }

 private:
  // The field of `path`; an error names the part that does not exist.
  absl::Status Find(const std::string& path,
                    const google::protobuf::FieldDescriptor*& field) const;
  absl::Status AddToMask(const std::string& path);

  google::protobuf::Message& message_;
  google::protobuf::FieldMask mask_;
  std::set<std::string> paths_;
};

}  // namespace mosaic::ctl
