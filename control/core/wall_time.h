// WallTime turns the times that packets carry into times of the calendar. In
// replay these are the same; on live ports packets carry a monotonic clock, and
// the calendar's distance from it is taken once, at the start, so that times of
// one flow never contradict each other when the system's clock is set.

#pragma once

#include "absl/time/time.h"
#include "dataplane/base/timestamp.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace mosaic {

class WallTime {
 public:
  // Packets carry times of the calendar, as in replay.
  WallTime() = default;
  // `packets` and `calendar` were read at the same time.
  WallTime(Timestamp packets, absl::Time calendar)
      : offset_(calendar - absl::FromUnixNanos(packets.nanos())) {}

  absl::Time Of(Timestamp time) const {
    return absl::FromUnixNanos(time.nanos()) + offset_;
  }
  google::protobuf::Timestamp ToProto(Timestamp time) const;

 private:
  absl::Duration offset_;
};

// `time` as the API tells it, and a duration likewise.
google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);
absl::Duration FromProto(const google::protobuf::Duration& duration);

}  // namespace mosaic
