#include "dataplane/engine/tcp_anomalies.h"

#include <algorithm>
#include <array>

#include "dataplane/tcp/tcp_observer.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kRst;
using tcp_flag::kSyn;
using tcp_flag::kUrg;

struct Row {
  uint64_t mark;
  Anomaly anomaly;
};

constexpr Row kRows[] = {
    {segment_mark::kKeepAlive, Anomaly::kKeepAlive},
    {segment_mark::kAcksUnseen, Anomaly::kAckUnseen},
    {segment_mark::kPastFin, Anomaly::kFinDataOverlap},
    {segment_mark::kSimultaneousOpen, Anomaly::kSimultaneousOpen},
    {segment_mark::kWindowScaleRange, Anomaly::kWindowScaleRange},
    {segment_mark::kBadMss, Anomaly::kBadMss},
    {segment_mark::kSegmentOutOfWindow, Anomaly::kSegmentOutOfWindow},
    {segment_mark::kFinOutOfWindow, Anomaly::kFinOutOfWindow},
    {segment_mark::kZeroWindowProbe, Anomaly::kZeroWindowProbe},
    {segment_mark::kNoAckFlag, Anomaly::kNoAckFlag},
    {segment_mark::kInvalidAck, Anomaly::kInvalidAck},
    {segment_mark::kOldTimestamp, Anomaly::kPaws},
    {segment_mark::kNoTimestamp, Anomaly::kTimestampMissing},
    {segment_mark::kBadOption, Anomaly::kBadOption},
    {segment_mark::kUnexpectedSignature, Anomaly::kSignatureUnexpected},
    {segment_mark::kOddTtl, Anomaly::kTtl},
    {segment_mark::kWrongHandshakeAck, Anomaly::kWrongHandshakeAck},
};

}  // namespace

void CountMarks(uint64_t marks, const ParsedPacket& segment,
                CoreCounters& counters) {
  if (marks == 0) return;
  for (const Row& row : kRows) {
    if ((marks & row.mark) != 0) CountAnomaly(row.anomaly, counters);
  }
  if ((marks & segment_mark::kBadReset) != 0) {
    CountAnomaly((marks & segment_mark::kBadEcho) != 0 ? Anomaly::kRstBadEcho
                 : (marks & segment_mark::kInexactReset) != 0
                     ? Anomaly::kRstInexact
                     : Anomaly::kRstOutOfWindow,
                 counters);
  }
  // A bare SYN is judged where it may begin a new connection.
  if ((marks & segment_mark::kSynConflict) != 0 && segment.Has(kAck)) {
    CountAnomaly((marks & segment_mark::kBadSynAck) != 0
                     ? Anomaly::kBadSynAck
                     : Anomaly::kSynAckConflict,
                 counters);
  }
  // A SYN/ACK after a bare SYN of the same end opens at the same time.
  if ((marks & segment_mark::kRepeatedSyn) != 0 && !segment.Has(kAck)) {
    CountAnomaly(Anomaly::kSynRepeated, counters);
  }
}

bool CountFlags(const ParsedPacket& segment, CoreCounters& counters) {
  constexpr uint8_t kJudged = kFin | kSyn | kRst | kPsh | kAck | kUrg;
  const uint8_t flags = segment.tcp_flags & kJudged;
  Anomaly anomaly;
  if ((flags & (kSyn | kRst | kFin)) == (kSyn | kRst | kFin)) {
    anomaly = Anomaly::kAllFlags;
  } else if ((flags & (kSyn | kRst)) == (kSyn | kRst)) {
    anomaly = Anomaly::kSynRst;
  } else if ((flags & (kSyn | kFin)) == (kSyn | kFin)) {
    anomaly = Anomaly::kSynFin;
  } else if (flags == 0) {
    anomaly = Anomaly::kNullFlags;
  } else if (flags == (kFin | kPsh | kUrg)) {
    anomaly = Anomaly::kXmasFlags;
  } else {
    return false;
  }
  CountAnomaly(anomaly, counters);
  return true;
}

bool CountEndpoints(const FlowKey& key, CoreCounters& counters) {
  const auto is_group = [&key](const std::array<uint8_t, 16>& address) {
    if (key.ip_version == 6) return address[0] == 0xff;
    constexpr std::array<uint8_t, 4> kBroadcast = {255, 255, 255, 255};
    return (address[0] & 0xf0) == 0xe0 ||
           std::equal(kBroadcast.begin(), kBroadcast.end(), address.begin());
  };
  Anomaly anomaly;
  if (key.address[0] == key.address[1] && key.port[0] == key.port[1]) {
    anomaly = Anomaly::kSameEndpoints;
  } else if (key.port[0] == 0 || key.port[1] == 0) {
    anomaly = Anomaly::kPortZero;
  } else if (is_group(key.address[0]) || is_group(key.address[1])) {
    anomaly = Anomaly::kGroupAddress;
  } else {
    return false;
  }
  CountAnomaly(anomaly, counters);
  return true;
}

ErrorCause CauseOf(uint64_t marks) {
  if ((marks & segment_mark::kPastFin) != 0) return ErrorCause::kFinDataOverlap;
  if ((marks & segment_mark::kSegmentOutOfWindow) != 0) {
    return ErrorCause::kOutOfWindow;
  }
  return (marks & segment_mark::kOldTimestamp) != 0 ? ErrorCause::kPaws
                                                    : ErrorCause::kUnacceptable;
}

}  // namespace mosaic
