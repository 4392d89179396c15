// What StreamDelivery keeps, for how long, and what it gives up: retained
// bytes, bytes that readers have still to fetch, and buffers that change their
// size.

#include <algorithm>

#include "dataplane/engine/stream_account.h"
#include "dataplane/engine/stream_delivery.h"

namespace mosaic {

void StreamDelivery::ReleaseRetained(Flow& flow, Side receiver,
                                     StreamState& state) {
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  const TcpEnd& sender = flow.end[Index(Other(receiver))];
  const uint64_t delivered = sender.delivered;
  uint64_t floor = delivered;
  if (settings.retain_unacked) floor = std::min(floor, AckedOffset(sender));
  if (settings.retain == Retain::kBytes) {
    floor = std::min(floor, delivered - std::min<uint64_t>(
                                            delivered, settings.retain_bytes));
  }
  if (settings.peeked) {
    floor = std::min(floor, FirstUnfetched(flow, receiver, state));
  }
  if (floor > state.buffer.floor()) state.buffer.Release(floor);
}

uint64_t StreamDelivery::FirstUnfetched(const Flow& flow, Side receiver,
                                        const StreamState& state) const {
  const uint64_t front = state.buffer.delivered();
  const uint64_t fetched = tracker_.FetchedOffset(flow, receiver);
  if (fetched >= front || state.buffer.retained_bytes() == 0) return front;
  const ReassemblyBuffer::Range held =
      state.buffer.NextHeld(std::max(fetched, state.buffer.floor()));
  return held.length == 0 ? front : std::min(front, held.offset);
}

void StreamDelivery::DropOldest(Flow& flow, Side receiver, StreamState& state,
                                uint64_t floor, Timestamp now) {
  const uint64_t unfetched = FirstUnfetched(flow, receiver, state);
  if (floor > state.buffer.floor()) state.buffer.Release(floor);
  if (floor <= unfetched) return;
  counters_.unfetched_bytes.Add(floor - unfetched);
  RaiseError(flow, receiver,
             {ErrorCause::kOverwritten, unfetched, floor - unfetched, 0, 0},
             now);
}

// Bytes kept only for comparison never stand in the way of new ones, but are
// not given up for a segment that has no place even without them.
void StreamDelivery::MakeRoom(Flow& flow, Side receiver, StreamState& state,
                              uint64_t begin, uint64_t end, Timestamp now) {
  ReassemblyBuffer& buffer = state.buffer;
  const auto floor_needed = [&] {
    return std::min(buffer.delivered(),
                    end - std::min<uint64_t>(end, buffer.capacity()));
  };
  if (end <= buffer.limit() ||
      begin >= buffer.delivered() + buffer.capacity()) {
    return;
  }
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  if (!settings.peeked) {
    if (floor_needed() > buffer.floor()) buffer.Release(floor_needed());
    return;
  }
  uint64_t unfetched = FirstUnfetched(flow, receiver, state);
  if (floor_needed() > unfetched && settings.full == FullBuffer::kDropOldest) {
    // Readers may still fetch, or grow the buffer.
    const uint64_t from = std::max(begin, buffer.limit());
    RaiseError(flow, receiver,
               {ErrorCause::kBufferFull, from, end - from, 0, 0}, now);
    DropOldest(flow, receiver, state, floor_needed(), now);
    return;
  }
  unfetched = std::min(unfetched, floor_needed());
  if (unfetched > buffer.floor()) buffer.Release(unfetched);
}

void StreamDelivery::GiveBack(Flow& flow) {
  for (Side receiver : {Side::kClient, Side::kServer}) {
    StreamState*& state = flow.stream[Index(receiver)];
    if (state == nullptr) continue;
    const MemoryAccount account(*this, receiver);
    tracker_.stream_states().Give(state);
    state = nullptr;
  }
}

void StreamDelivery::Grow(Flow& flow, Side receiver, uint32_t capacity_bytes) {
  StreamState* const state = flow.stream[Index(receiver)];
  if (state == nullptr || state->buffer.capacity() >= capacity_bytes) return;
  static_cast<void>(state->buffer.Resize(capacity_bytes));
}

void StreamDelivery::StopReading(Flow& flow, Side receiver) {
  StreamState* const state = flow.stream[Index(receiver)];
  if (state == nullptr) return;
  const MemoryAccount account(*this, receiver);
  const uint64_t held = state->buffer.pending_bytes();
  counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kStopped)].Add(
      held);
  Subtract(counters_.pending_bytes, held);
  tracker_.stream_states().Give(state);
  flow.stream[Index(receiver)] = nullptr;
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  sender.Clear(end_flag::kBuffered);
  // From here on the front is simply the highest byte seen.
  const int32_t behind = sender.snd_nxt.Since(sender.next_seq) -
                         (sender.Has(end_flag::kFinSeen) ? 1 : 0);
  if (behind > 0) Advance(sender, static_cast<uint64_t>(behind));
}

void StreamDelivery::Resize(Flow& flow, Side receiver, uint32_t capacity_bytes,
                            Timestamp now) {
  StreamState* const state = flow.stream[Index(receiver)];
  if (state == nullptr || state->buffer.capacity() == capacity_bytes) return;
  const MemoryAccount account(*this, receiver);
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  const uint64_t delivered = state->buffer.delivered();
  if (settings.peeked && settings.full == FullBuffer::kDropOldest &&
      state->buffer.floor() + capacity_bytes < delivered) {
    DropOldest(flow, receiver, *state, delivered - capacity_bytes, now);
  }
  // Told before they go, and each range by itself: a reader may still fetch.
  ReassemblyBuffer& buffer = state->buffer;
  for (ReassemblyBuffer::Range lost =
           buffer.NextHeld(buffer.floor() + capacity_bytes);
       lost.length > 0; lost = buffer.NextHeld(lost.offset + lost.length)) {
    RaiseError(flow, receiver,
               {ErrorCause::kOverwritten, lost.offset, lost.length, 0, 0}, now);
  }
  const uint64_t before = buffer.pending_bytes();
  static_cast<void>(buffer.Resize(capacity_bytes));
  const uint64_t unread = before - buffer.pending_bytes();
  counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kOverwritten)]
      .Add(unread);
  Subtract(counters_.pending_bytes, unread);
}

}  // namespace mosaic
