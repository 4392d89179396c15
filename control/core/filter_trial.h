// Tries a filter without installing it: ValidateFilter of the API.
//
// Threading   Any thread; compiling may take milliseconds.

#pragma once

#include "control/core/error.h"
#include "dataplane/filter/filter_cache.h"
#include "mosaic/v1/monitor_service.pb.h"

namespace mosaic {

// Bytes of ValidateFilterRequest.sample_packet at most.
inline constexpr size_t kMaxSampleBytes = 65535;

// An expression that is wrong is no error: the response says so. A sample is
// matched as a worker would: what cannot be read as IP never reaches a stream
// monitor, and so matches none of its filters.
//   INVALID_ARGUMENT  the expression or the sample is too long, or there is no
//                     such use
Result<v1::ValidateFilterResponse> TryFilter(
    const v1::ValidateFilterRequest& request, FilterCache& filters);

}  // namespace mosaic
