// Overlap policies of the API in the engine's type.

#pragma once

#include <optional>

#include "dataplane/policy/snapshot.h"
#include "mosaic/v1/common.pb.h"

namespace mosaic {

// None for UNSPECIFIED: what that means is its user's to say. REQUIRES: a value
// that the API names.
std::optional<OverlapPolicy> ToOverlapPolicy(v1::OverlapPolicy policy);

}  // namespace mosaic
