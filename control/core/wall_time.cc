#include "control/core/wall_time.h"

namespace mosaic {

google::protobuf::Timestamp WallTime::ToProto(Timestamp time) const {
  return mosaic::ToProto(Of(time));
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const absl::Time second = absl::FromUnixSeconds(absl::ToUnixSeconds(time));
  proto.set_seconds(absl::ToUnixSeconds(time));
  proto.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - second)));
  return proto;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  absl::Duration rest;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

}  // namespace mosaic
