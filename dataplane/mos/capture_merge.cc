#include "dataplane/mos/capture_merge.h"

#include <algorithm>
#include <span>
#include <utility>

namespace mosaic::mos {

CaptureMerge::CaptureMerge(std::vector<PacketSource*> sources)
    : lanes_(sources.size()) {
  for (size_t i = 0; i < sources.size(); ++i) lanes_[i].source = sources[i];
}

bool CaptureMerge::Refill() {
  bool known = true;
  for (Lane& lane : lanes_) {
    if (!lane.empty()) continue;
    lane.begin = 0;
    lane.end = lane.source->Receive(std::span(lane.packet));
    known &= !lane.empty() || lane.source->state() == State::kEnded;
  }
  return known;
}

size_t CaptureMerge::Receive(std::span<Packet> burst) {
  size_t count = 0;
  while (count < burst.size() && Refill()) {
    Lane* next = nullptr;
    for (Lane& lane : lanes_) {
      if (lane.empty()) continue;
      if (next == nullptr ||
          lane.packet[lane.begin].time < next->packet[next->begin].time) {
        next = &lane;
      }
    }
    if (next == nullptr) break;
    Packet& packet = burst[count++];
    packet = std::move(next->packet[next->begin++]);
    clock_ = std::max(clock_, packet.time);
    packet.clock = clock_;
    packet.index = next_index_++;
  }
  return count;
}

PacketSource::State CaptureMerge::state() const {
  for (const Lane& lane : lanes_) {
    if (!lane.empty() || lane.source->state() == State::kActive) {
      return State::kActive;
    }
  }
  return State::kEnded;
}

}  // namespace mosaic::mos
