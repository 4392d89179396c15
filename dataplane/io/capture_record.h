// CaptureRecord is one packet as a capture file holds it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/packet.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

struct CaptureRecord {
  // More than any capture tool writes for one packet. A record that claims more
  // is taken for damage: its length decides where all that follow begin.
  static constexpr size_t kMaxBytes = 256 * 1024;

  // Later stamps are lowered to this one (in the year 2116; the four-byte
  // seconds of pcap end before), so that sums with durations cannot overflow.
  static constexpr Timestamp kLatest = Timestamp::FromNanos(int64_t{1} << 62);

  std::span<const uint8_t> bytes;  // From the link-layer header on.
  uint32_t wire_length = 0;        // At least bytes.size().
  Timestamp time;                  // Since 1970, not before it.
  LinkType link = LinkType::kEthernet;
};

}  // namespace mosaic
