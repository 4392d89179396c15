// Turns what a client asks of Observe into what the hub understands, and what
// the hub tells into the stream's records.
//
// Threading   Any thread.

#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "control/core/error.h"
#include "control/core/event_hub.h"
#include "control/core/wall_time.h"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic {

inline constexpr int kMaxEventFilters = 16;
inline constexpr absl::Duration kShortestHeartbeat = absl::Milliseconds(100);
inline constexpr absl::Duration kLongestHeartbeat = absl::Hours(1);

// INVALID_ARGUMENT with everything that is wrong, each with its path in the
// request ("allow[1].flow.client_cidrs[0]").
Result<SubscribeOptions> Decode(const v1::ObserveRequest& request);

// What the records of one stream have in common.
struct StreamOrigin {
  WallTime wall_time;
  std::string boot_id;
  uint64_t revision = 0;  // When the stream began.
};

// Overwrites `response`. `now` is the time of what no packet caused.
void Encode(const Observation& observation, const StreamOrigin& origin,
            absl::Time now, v1::ObserveResponse& response);

}  // namespace mosaic
