#include "dataplane/engine/rare_states.h"

#include <algorithm>
#include <cstring>

namespace mosaic {

TcpRare* RareStates::Of(Flow& flow) {
  if (flow.rare_state == nullptr) {
    flow.rare_state = states_.Take();
    if (flow.rare_state == nullptr) counters_.rare_states_full.Add(1);
  }
  return flow.rare_state;
}

void RareStates::Refuse(Flow& flow, Side sender, uint64_t bytes) {
  counters_.refused_bytes[static_cast<size_t>(RefusedBytes::kUnacceptable)].Add(
      bytes);
  flow.rare[Index(sender)].refused_bytes += bytes;
}

void RareStates::Hold(Flow& flow, Side sender, uint64_t offset,
                      std::span<const uint8_t> payload,
                      HeldSegment::Kind kind) {
  counters_.stream_bytes.Add(payload.size());
  TcpRare* const rare = Of(flow);
  while (rare != nullptr && !payload.empty() &&
         rare->held_count[Index(sender)] < TcpRare::kMaxHeld) {
    HeldSegment* const segment = segments_.Take();
    if (segment == nullptr) break;
    const size_t length = std::min(payload.size(), HeldSegment::kMaxBytes);
    segment->offset = offset;
    segment->length = static_cast<uint16_t>(length);
    segment->kind = kind;
    std::memcpy(segment->bytes.data(), payload.data(), length);
    HeldSegment** place = &rare->held[Index(sender)];
    while (*place != nullptr && (*place)->offset <= offset) {
      place = &(*place)->next;
    }
    segment->next = *place;
    *place = segment;
    ++rare->held_count[Index(sender)];
    flow.end[Index(sender)].Set(end_flag::kHeld);
    counters_.pending_bytes.Add(length);
    offset += length;
    payload = payload.subspan(length);
  }
  if (payload.empty()) return;
  if (rare != nullptr) counters_.held_segments_full.Add(1);
  Refuse(flow, sender, payload.size());
}

HeldSegment* RareStates::TakeFirst(Flow& flow, Side sender, uint64_t below) {
  TcpRare* const rare = flow.rare_state;
  if (rare == nullptr) return nullptr;
  HeldSegment*& first = rare->held[Index(sender)];
  HeldSegment* const segment = first;
  if (segment == nullptr || segment->offset >= below) return nullptr;
  first = segment->next;
  if (--rare->held_count[Index(sender)] == 0) {
    flow.end[Index(sender)].Clear(end_flag::kHeld);
  }
  counters_.pending_bytes.Set(counters_.pending_bytes.Read() - segment->length);
  return segment;
}

void RareStates::Drop(Flow& flow, Side sender) {
  while (HeldSegment* const segment = TakeFirst(flow, sender, UINT64_MAX)) {
    Refuse(flow, sender, segment->length);
    Give(segment);
  }
}

void RareStates::ReleaseSlow(Flow& flow) {
  Drop(flow, Side::kClient);
  Drop(flow, Side::kServer);
  states_.Give(flow.rare_state);
  flow.rare_state = nullptr;
  flow.Clear(flow_flag::kWithheld);
}

}  // namespace mosaic
