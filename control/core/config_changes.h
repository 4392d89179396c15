// What differs between two configurations.

#pragma once

#include "control/core/config_draft.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic {

// The resources that differ, in order of their names.
google::protobuf::RepeatedPtrField<v1::Change> ChangesBetween(
    const ConfigDraft& before, const ConfigDraft& after);

bool operator==(const ConfigDraft& a, const ConfigDraft& b);

}  // namespace mosaic
