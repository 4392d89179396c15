// Field masks of the API: which fields of a message an update takes, and which
// differ between two versions. Paths go through singular messages; a list is
// taken as a whole.

#pragma once

#include <string>
#include <vector>

#include "control/core/error.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace mosaic {

// Takes the masked fields of `from` into `to`: a field that `from` has not set
// is cleared. `*`, alone or among others, means all fields. An empty mask means
// all that are set in `from`, below messages too. INVALID_ARGUMENT, and `to`
// untouched, where a path names no field; `mask_path` is where the mask stands
// in the request. REQUIRES: both messages are of one type.
MaybeError ApplyMask(const google::protobuf::FieldMask& mask,
                     const std::string& mask_path,
                     const google::protobuf::Message& from,
                     google::protobuf::Message& to);

// Paths of the fields in which `a` and `b` differ, in the order of the fields.
// REQUIRES: both messages are of one type.
std::vector<std::string> ChangedPaths(const google::protobuf::Message& a,
                                      const google::protobuf::Message& b);

// Clears the fields that only the server sets, (server_set) = true.
void ClearServerSet(google::protobuf::Message& message);

}  // namespace mosaic
