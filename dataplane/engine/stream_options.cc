#include "dataplane/engine/stream_options.h"

#include <algorithm>

namespace mosaic {

const ReassemblyBuffer* FunctionStreams::BufferOf(const Flow& flow,
                                                  const LinkRef& link,
                                                  Side side) const {
  const StreamState* const state = flow.stream[Index(side)];
  if (state == nullptr || BufferBytesOf(flow, link, side) == 0) return nullptr;
  return &state->buffer;
}

PeekResult FunctionStreams::Peek(Flow& flow, const LinkRef& link, Side side,
                                 std::span<uint8_t> to) {
  if (!link.slot->peeks || to.empty() || BufferBytesOf(flow, link, side) == 0) {
    return {};
  }
  const uint64_t front = flow.end[Index(Other(side))].delivered;
  uint64_t offset = ReadOffset(flow, link, side);
  if (offset >= front) return {};
  uint64_t& read = tracker_.link_states()
                       .FindOrTake(flow, link.number)
                       .read_offset[Index(side)];
  const size_t most = std::min<uint64_t>(to.size(), front - offset);
  const uint32_t copied = PeekAt(flow, link, side, offset, to.first(most));
  read = offset + copied;
  if (copied > 0) return {copied, 0};
  const HeldRange held = NextHeld(flow, link, side, offset);
  read = held.length == 0 ? front : std::min(front, held.offset);
  return {0, read - offset};
}

uint32_t FunctionStreams::PeekAt(const Flow& flow, const LinkRef& link,
                                 Side side, uint64_t offset,
                                 std::span<uint8_t> to) const {
  const ReassemblyBuffer* const buffer = BufferOf(flow, link, side);
  if (buffer == nullptr || offset < buffer->floor() ||
      offset >= buffer->limit()) {
    return 0;
  }
  return buffer->Copy(offset, to.first(std::min<uint64_t>(
                                  to.size(), buffer->limit() - offset)));
}

uint64_t FunctionStreams::ReadOffset(const Flow& flow, const LinkRef& link,
                                     Side side) const {
  const LinkState* const state = tracker_.link_states().Find(flow, link.number);
  return state == nullptr ? 0 : state->read_offset[Index(side)];
}

HeldRange FunctionStreams::NextHeld(const Flow& flow, const LinkRef& link,
                                    Side side, uint64_t offset) const {
  const ReassemblyBuffer* const buffer = BufferOf(flow, link, side);
  if (buffer == nullptr) return {};
  const ReassemblyBuffer::Range held =
      buffer->NextHeld(std::max(offset, buffer->floor()));
  return {held.offset, held.length};
}

BufferInfo FunctionStreams::InfoOf(const Flow& flow, const LinkRef& link,
                                   Side side) const {
  const TcpEnd& sender = flow.end[Index(Other(side))];
  BufferInfo info;
  info.init_seq = sender.isn();
  info.last_byte_read =
      sender.isn() + static_cast<uint32_t>(ReadOffset(flow, link, side));
  info.next_byte_expected = sender.next_seq;
  // A FIN takes a number, and is no byte.
  const uint32_t behind = sender.Has(end_flag::kFinSeen) ? 2 : 1;
  info.last_byte_received = sender.snd_nxt - behind;
  return info;
}

bool FunctionStreams::SetBufferBytes(Flow& flow, const LinkRef& link, Side side,
                                     uint32_t bytes) {
  if (bytes > ReassemblyBuffer::kMaxCapacityBytes) return false;
  LinkState& state = tracker_.link_states().FindOrTake(flow, link.number);
  state.has_buffer[Index(side)] = true;
  state.buffer_bytes[Index(side)] = bytes;
  flow.Set(flow_flag::kOverrides | flow_flag::kUnsettled);
  delivery_.Grow(flow, side, tracker_.SettingsOf(flow, side).buffer_bytes);
  return true;
}

uint32_t FunctionStreams::BufferBytesOf(const Flow& flow, const LinkRef& link,
                                        Side side) const {
  const ChainLink& place = flow.subscription->link[link.number];
  if (!place.reads[Index(side)]) return 0;
  if (flow.Has(flow_flag::kOverrides)) {
    const LinkState* const state =
        tracker_.link_states().Find(flow, link.number);
    if (state != nullptr && state->has_buffer[Index(side)]) {
      return state->buffer_bytes[Index(side)];
    }
  }
  return place.buffer_bytes[Index(side)];
}

void FunctionStreams::SetOverlap(Flow& flow, const LinkRef& link, Side side,
                                 OverlapPolicy policy) {
  LinkState& state = tracker_.link_states().FindOrTake(flow, link.number);
  state.has_overlap[Index(side)] = true;
  state.overlap[Index(side)] = policy;
  flow.Set(flow_flag::kOverrides);
}

OverlapPolicy FunctionStreams::OverlapOf(const Flow& flow, Side side) const {
  return tracker_.SettingsOf(flow, side).overlap;
}

}  // namespace mosaic
