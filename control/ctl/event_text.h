// Records of an event stream as lines.

#pragma once

#include <cstdint>
#include <string>

#include "control/ctl/table.h"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic::ctl {

enum class EventDetail : uint8_t {
  kUsual,
  kMore,  // With the worker and the flow's id.
};

// "12:00:01.123456  start  tcp 192.0.2.1:51000 > 198.51.100.7:443  web" and its
// like, without a newline and printable; losses are red. "" for records that
// say nothing to people: the stream's beginning and heartbeats.
std::string RecordText(const v1::ObserveResponse& record, EventDetail detail,
                       const Style& style);

}  // namespace mosaic::ctl
