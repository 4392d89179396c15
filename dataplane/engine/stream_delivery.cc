#include "dataplane/engine/stream_delivery.h"

#include <algorithm>

#include "dataplane/engine/stream_account.h"

namespace mosaic {
namespace {

ErrorCause CauseOf(ReassemblyBuffer::Refusal refusal) {
  switch (refusal) {
    case ReassemblyBuffer::Refusal::kTooManyIslands:
      return ErrorCause::kTooManyIslands;
    case ReassemblyBuffer::Refusal::kNoMemory:
      return ErrorCause::kBudget;
    case ReassemblyBuffer::Refusal::kBeyondBuffer:
    case ReassemblyBuffer::Refusal::kNone:
      break;
  }
  return ErrorCause::kBufferFull;
}

RefusedBytes ReasonOf(ReassemblyBuffer::Refusal refusal) {
  switch (refusal) {
    case ReassemblyBuffer::Refusal::kTooManyIslands:
      return RefusedBytes::kTooManyIslands;
    case ReassemblyBuffer::Refusal::kNoMemory:
      return RefusedBytes::kNoMemory;
    case ReassemblyBuffer::Refusal::kBeyondBuffer:
    case ReassemblyBuffer::Refusal::kNone:
      break;
  }
  return RefusedBytes::kBeyondBuffer;
}

// Segments in a row from behind the bound after which the hole before them is
// given up.
constexpr uint8_t kFarSegmentsForGap = 3;

}  // namespace

// Tells each differing range as ERROR/overlap_conflict.
class StreamDelivery::ConflictReporter : public ConflictSink {
 public:
  ConflictReporter(StreamDelivery& delivery, Flow& flow, Side receiver,
                   Timestamp now)
      : delivery_(delivery), flow_(flow), receiver_(receiver), now_(now) {}

  void OnConflict(const Conflict& conflict) override {
    flow_.rare[Index(Other(receiver_))].conflict_bytes += conflict.length;
    delivery_.counters_.conflict_bytes.Add(conflict.length);
    delivery_.RaiseError(
        flow_, receiver_,
        {ErrorCause::kOverlapConflict, conflict.offset, conflict.length,
         conflict.hash_held, conflict.hash_new},
        now_);
  }

 private:
  StreamDelivery& delivery_;
  Flow& flow_;
  const Side receiver_;
  const Timestamp now_;
};

StreamDelivery::Position StreamDelivery::Locate(const Flow& flow, Side receiver,
                                                int64_t offset,
                                                uint32_t length) const {
  const int64_t delivered =
      static_cast<int64_t>(flow.end[Index(Other(receiver))].delivered);
  if (offset < delivered) return Position::kRepeats;
  const StreamState* const state = flow.stream[Index(receiver)];
  if (state != nullptr &&
      state->buffer.Holds(static_cast<uint64_t>(offset), length)) {
    return Position::kRepeats;
  }
  return offset == delivered ? Position::kInOrder : Position::kOutOfOrder;
}

void StreamDelivery::RaiseError(Flow& flow, Side receiver,
                                const StreamError& error, Timestamp now) {
  if (!tracker_.dispatcher().Wants(flow, EventKind::kError, Hook::kNone,
                                   receiver)) {
    return;
  }
  Event event;
  event.kind = EventKind::kError;
  event.side = receiver;
  event.now = now;
  event.error = error;
  static_cast<void>(tracker_.dispatcher().Raise(flow, event));
}

void StreamDelivery::Refuse(Flow& flow, Side receiver, RefusedBytes reason,
                            uint64_t bytes) {
  counters_.refused_bytes[static_cast<size_t>(reason)].Add(bytes);
  flow.rare[Index(Other(receiver))].refused_bytes += bytes;
}

Verdict StreamDelivery::Offer(Flow& flow, Side receiver,
                              std::span<const uint8_t> data,
                              const PacketContext* context, Timestamp now) {
  if (flow.end[Index(Other(receiver))].Has(end_flag::kUrgent)) [[unlikely]] {
    return OfferAroundUrgent(flow, receiver, data, context, now);
  }
  return OfferSpan(flow, receiver, data, context, now);
}

Verdict StreamDelivery::OfferSpan(Flow& flow, Side receiver,
                                  std::span<const uint8_t> data,
                                  const PacketContext* context, Timestamp now) {
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  const uint64_t offset = sender.delivered;
  Advance(sender, data.size());
  counters_.delivered_bytes[Index(receiver)].Add(data.size());
  if (!tracker_.dispatcher().Wants(flow, EventKind::kNewData, Hook::kNone,
                                   receiver)) {
    return Verdict::kForward;
  }
  Event event;
  event.kind = EventKind::kNewData;
  event.side = receiver;
  event.now = now;
  event.data = data;
  event.offset = offset;
  if (context == nullptr) return tracker_.dispatcher().Raise(flow, event);
  PacketView view =
      ViewOf(*context, Other(receiver), &flow, EditStage::kStream);
  event.packet = &view;
  return tracker_.dispatcher().Raise(flow, event);
}

void StreamDelivery::ObserveUnread(const Flow& flow, Side receiver,
                                   int64_t offset,
                                   const PacketContext& context) {
  Dispatcher& dispatcher = tracker_.dispatcher();
  if (!dispatcher.Observes(flow, EventKind::kNewData, Hook::kNone, receiver)) {
    return;
  }
  const int64_t front =
      static_cast<int64_t>(flow.end[Index(Other(receiver))].delivered);
  const int64_t from = std::max(offset, front);
  const int64_t end = offset + context.parsed.payload_captured;
  if (from >= end) return;
  PacketView view(context.packet, context.parsed, Other(receiver));
  Event event;
  event.kind = EventKind::kNewData;
  event.side = receiver;
  event.now = context.now;
  event.packet = &view;
  event.offset = static_cast<uint64_t>(from);
  event.data = {context.parsed.payload + (from - offset),
                static_cast<size_t>(end - from)};
  dispatcher.Observe(flow, event);
}

StreamState* StreamDelivery::StateOf(Flow& flow, Side receiver,
                                     uint32_t capacity_bytes) {
  StreamState*& state = flow.stream[Index(receiver)];
  if (state == nullptr) {
    TcpEnd& sender = flow.end[Index(Other(receiver))];
    state = tracker_.stream_states().Take(tracker_.chunks(), sender.delivered,
                                          capacity_bytes);
    sender.Set(end_flag::kBuffered);
  }
  return state;
}

void StreamDelivery::DropStateIfIdle(Flow& flow, Side receiver) {
  StreamState*& state = flow.stream[Index(receiver)];
  // Remembered gaps stay with the flow: without them late bytes would look like
  // repeats. So does the count of segments from behind the bound, by which a
  // hole wider than the buffer is told.
  if (state == nullptr || state->has_gaps || state->refused_in_a_row > 0 ||
      state->buffer.pending_bytes() + state->buffer.retained_bytes() > 0) {
    return;
  }
  tracker_.stream_states().Give(state);
  state = nullptr;
  flow.end[Index(Other(receiver))].Clear(end_flag::kBuffered);
}

Verdict StreamDelivery::Receive(Flow& flow, Side receiver, int64_t offset,
                                const PacketContext& context) {
  Verdict verdict = Verdict::kForward;
  if (flow.Has(flow_flag::kWithheld)) [[unlikely]] {
    verdict = OfferAgain(flow, receiver, offset, context);
  }
  const Verdict of_bytes = TakeBytes(flow, receiver, offset, context);
  if (of_bytes == Verdict::kDrop) [[unlikely]] {
    const auto begin = static_cast<uint64_t>(std::max(offset, int64_t{0}));
    const int64_t end = offset + context.parsed.payload_captured;
    if (end > static_cast<int64_t>(begin)) {
      NoteWithheld(flow, receiver, begin, static_cast<uint64_t>(end) - begin,
                   tracker_.dispatcher().dropped_by());
    }
  }
  return std::max(verdict, of_bytes);
}

Verdict StreamDelivery::TakeBytes(Flow& flow, Side receiver, int64_t offset,
                                  const PacketContext& context) {
  std::span<const uint8_t> payload(context.parsed.payload,
                                   context.parsed.payload_captured);
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  counters_.stream_bytes.Add(payload.size());

  if (settings.buffer_bytes == 0) {
    counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kUnread)].Add(
        payload.size());
    ObserveUnread(flow, receiver, offset, context);
    const int64_t end = offset + context.parsed.payload_length;
    const int64_t ahead = end - static_cast<int64_t>(sender.delivered);
    if (ahead > 0) Advance(sender, static_cast<uint64_t>(ahead));
    return Verdict::kForward;
  }
  if (offset < 0) {
    const uint64_t before =
        std::min<uint64_t>(static_cast<uint64_t>(-offset), payload.size());
    Refuse(flow, receiver, RefusedBytes::kBeforeStart, before);
    payload = payload.subspan(before);
    offset = 0;
  }
  if (payload.empty()) return Verdict::kForward;  // The capture cut it off.
  const uint64_t from = static_cast<uint64_t>(offset);
  if (from == sender.delivered && flow.stream[Index(receiver)] == nullptr &&
      !settings.keeps_in_order()) {
    return Offer(flow, receiver, payload, &context, context.now);
  }
  return ReceiveBuffered(flow, receiver, from, payload, context);
}

Verdict StreamDelivery::ReceiveBuffered(Flow& flow, Side receiver,
                                        uint64_t offset,
                                        std::span<const uint8_t> payload,
                                        const PacketContext& context) {
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  const Timestamp now = context.now;
  const uint64_t end = offset + payload.size();

  if (flow.stream[Index(receiver)] == nullptr && end <= sender.delivered) {
    counters_.unverified_bytes.Add(payload.size());
    return Verdict::kForward;
  }
  const MemoryAccount account(*this, receiver);
  StreamState& state = *StateOf(flow, receiver, settings.buffer_bytes);
  ReassemblyBuffer& buffer = state.buffer;
  Verdict verdict = Verdict::kForward;

  // Nothing of it was seen and nobody compares: no need to copy it first.
  const uint32_t length = static_cast<uint32_t>(payload.size());
  const bool is_next =
      offset == sender.delivered && !buffer.Holds(offset, length);
  if (is_next && !settings.keeps_in_order()) {
    verdict = Offer(flow, receiver, payload, &context, now);
    buffer.DeliverDirect(length);
    state.refused_in_a_row = 0;
  } else {
    verdict = InsertAll(flow, receiver, state, offset, payload, Copy::kOfPacket,
                        &context, now);
    if (is_next && offset == sender.delivered &&
        buffer.NextHeld(offset).length >= length) {
      verdict =
          std::max(verdict, OfferHeld(flow, receiver, state, payload, context));
    }
  }
  verdict = std::max(verdict, Drain(flow, receiver, state, &context, now));
  ReleaseRetained(flow, receiver, state);
  DropStateIfIdle(flow, receiver);
  return verdict;
}

Verdict StreamDelivery::ReceiveHeld(Flow& flow, Side receiver, uint64_t offset,
                                    std::span<const uint8_t> bytes,
                                    Timestamp now) {
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  const uint64_t end = offset + bytes.size();
  if (settings.buffer_bytes == 0) {
    counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kUnread)].Add(
        bytes.size());
    if (end > sender.delivered) Advance(sender, end - sender.delivered);
    return Verdict::kForward;
  }
  if (end <= sender.delivered) {
    Refuse(flow, receiver, RefusedBytes::kUnacceptable, bytes.size());
    return Verdict::kForward;
  }
  const MemoryAccount account(*this, receiver);
  StreamState& state = *StateOf(flow, receiver, settings.buffer_bytes);
  Verdict verdict = InsertAll(flow, receiver, state, offset, bytes, Copy::kHeld,
                              nullptr, now);
  verdict = std::max(verdict, Drain(flow, receiver, state, nullptr, now));
  ReleaseRetained(flow, receiver, state);
  DropStateIfIdle(flow, receiver);
  return verdict;
}

Verdict StreamDelivery::OfferHeld(Flow& flow, Side receiver, StreamState& state,
                                  std::span<const uint8_t> payload,
                                  const PacketContext& context) {
  Subtract(counters_.pending_bytes, payload.size());
  const Verdict verdict = Offer(flow, receiver, payload, &context, context.now);
  for (size_t left = payload.size(); left > 0;) {
    const size_t n = std::min(left, state.buffer.Deliverable().size());
    state.buffer.Deliver(static_cast<uint32_t>(n));
    left -= n;
  }
  return verdict;
}

Verdict StreamDelivery::OfferUnkept(Flow& flow, Side receiver,
                                    StreamState& state,
                                    std::span<const uint8_t> payload,
                                    ErrorCause cause,
                                    const PacketContext* context,
                                    Timestamp now) {
  if (tracker_.SettingsOf(flow, receiver).peeked) {
    RaiseError(flow, receiver,
               {cause, state.buffer.delivered(), payload.size(), 0, 0}, now);
  }
  const Verdict verdict = Offer(flow, receiver, payload, context, now);
  state.buffer.DeliverDirect(static_cast<uint32_t>(payload.size()));
  return verdict;
}

// The pool is empty: what is in order goes to readers from the packet itself,
// so that a stream never stalls for want of memory.
Verdict StreamDelivery::HandOverRefused(Flow& flow, Side receiver,
                                        StreamState& state, uint64_t offset,
                                        std::span<const uint8_t> payload,
                                        const PacketContext* context,
                                        Timestamp now) {
  ReassemblyBuffer& buffer = state.buffer;
  const uint64_t end = offset + payload.size();
  Verdict verdict = Verdict::kForward;
  while (true) {
    verdict = std::max(verdict, Drain(flow, receiver, state, context, now));
    const uint64_t front = buffer.delivered();
    if (front >= end) return verdict;
    const ReassemblyBuffer::Range held = buffer.NextHeld(front);
    const uint64_t until = held.length > 0 ? std::min(end, held.offset) : end;
    const auto part = payload.subspan(front - offset, until - front);
    verdict = std::max(verdict, OfferUnkept(flow, receiver, state, part,
                                            ErrorCause::kBudget, context, now));
  }
}

Verdict StreamDelivery::InsertAll(Flow& flow, Side receiver, StreamState& state,
                                  uint64_t offset,
                                  std::span<const uint8_t> payload, Copy copy,
                                  const PacketContext* context, Timestamp now) {
  ReassemblyBuffer& buffer = state.buffer;
  const SideSettings settings = tracker_.SettingsOf(flow, receiver);
  const OverlapPolicy overlap =
      copy == Copy::kHeld ? OverlapPolicy::kFirst : settings.overlap;
  ConflictReporter reporter(*this, flow, receiver, now);
  ConflictReporter* const conflicts = copy == Copy::kHeld ? nullptr : &reporter;
  Verdict verdict = Verdict::kForward;
  // Each round keeps a part, or gives up a hole, or is the last.
  while (true) {
    MakeRoom(flow, receiver, state, offset, offset + payload.size(), now);
    ReassemblyBuffer::Insertion insertion =
        buffer.Insert(offset, payload, overlap, conflicts);
    if (insertion.refusal == ReassemblyBuffer::Refusal::kNoMemory &&
        offset <= buffer.delivered()) {
      insertion.refused = 0;  // All of it is handed over.
      state.refused_in_a_row = 0;
      CountInsertion(flow, receiver, state, offset, insertion, now);
      return std::max(verdict, HandOverRefused(flow, receiver, state, offset,
                                               payload, context, now));
    }
    if (insertion.refusal != ReassemblyBuffer::Refusal::kBeyondBuffer) {
      state.refused_in_a_row = 0;
      CountInsertion(flow, receiver, state, offset, insertion, now);
      return verdict;
    }
    const uint32_t kept =
        static_cast<uint32_t>(payload.size()) - insertion.refused;
    const uint32_t refused = insertion.refused;
    if (kept > 0) {
      insertion.refused = 0;
      CountInsertion(flow, receiver, state, offset, insertion, now);
      const uint64_t before = buffer.delivered();
      verdict = std::max(verdict, Drain(flow, receiver, state, context, now));
      offset += kept;
      payload = payload.subspan(kept);
      if (buffer.delivered() > before) continue;
    }
    if (settings.peeked && offset == buffer.delivered()) {
      state.refused_in_a_row = 0;
      return std::max(verdict,
                      OfferUnkept(flow, receiver, state, payload,
                                  ErrorCause::kBufferFull, context, now));
    }
    // The bound is reached. Data that goes on where held data ends, or that
    // keeps coming from behind the bound, shows that the hole will stay; a
    // single far segment does not.
    const bool goes_on = offset > 0 && buffer.Holds(offset - 1, 1);
    const bool keeps_coming = ++state.refused_in_a_row >= kFarSegmentsForGap;
    if (!goes_on && !keeps_coming) {
      insertion = {};
      insertion.refused = refused;
      insertion.refusal = ReassemblyBuffer::Refusal::kBeyondBuffer;
      CountInsertion(flow, receiver, state, offset, insertion, now);
      return verdict;
    }
    const ReassemblyBuffer::Range hole = buffer.Hole();
    GiveUpHole(flow, receiver, state,
               hole.length > 0 ? hole.length : offset - buffer.delivered(),
               now);
    verdict = std::max(verdict, Drain(flow, receiver, state, context, now));
  }
}

void StreamDelivery::CountInsertion(
    Flow& flow, Side receiver, StreamState& state, uint64_t offset,
    const ReassemblyBuffer::Insertion& insertion, Timestamp now) {
  counters_.pending_bytes.Add(insertion.stored);
  counters_.duplicate_bytes.Add(insertion.duplicate);
  counters_.replaced_bytes.Add(insertion.replaced);
  const uint64_t kept = uint64_t{insertion.stored} + insertion.duplicate +
                        insertion.replaced + insertion.unverified;
  uint64_t late = 0;
  if (state.has_gaps && insertion.unverified > 0) {
    late = TellLate(flow, receiver, state, offset, offset + kept, now);
  }
  counters_.unverified_bytes.Add(insertion.unverified - late);
  if (insertion.refused > 0) {
    Refuse(flow, receiver, ReasonOf(insertion.refusal), insertion.refused);
    RaiseError(
        flow, receiver,
        {CauseOf(insertion.refusal), offset + kept, insertion.refused, 0, 0},
        now);
  }
}

uint64_t StreamDelivery::TellLate(Flow& flow, Side receiver,
                                  const StreamState& state, uint64_t offset,
                                  uint64_t end, Timestamp now) {
  uint64_t total = 0;
  for (size_t i = 0; i < StreamState::kRememberedGaps; ++i) {
    const ReassemblyBuffer::Range late = state.LatePart(i, offset, end);
    if (late.length == 0) continue;
    total += late.length;
    counters_.late_after_gap_bytes.Add(late.length);
    RaiseError(flow, receiver,
               {ErrorCause::kLateAfterGap, late.offset, late.length, 0, 0},
               now);
  }
  return total;
}

Verdict StreamDelivery::Drain(Flow& flow, Side receiver, StreamState& state,
                              const PacketContext* context, Timestamp now) {
  Verdict verdict = Verdict::kForward;
  while (true) {
    const std::span<const uint8_t> data = state.buffer.Deliverable();
    if (data.empty()) return verdict;
    Subtract(counters_.pending_bytes, data.size());
    verdict = std::max(verdict, Offer(flow, receiver, data, context, now));
    state.buffer.Deliver(static_cast<uint32_t>(data.size()));
    state.acks_past_hole = 0;
    state.hole_acked_at = Timestamp();
  }
}

void StreamDelivery::GiveUpHole(Flow& flow, Side receiver, StreamState& state,
                                uint64_t length, Timestamp now) {
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  const uint64_t offset = sender.delivered;
  const uint64_t skipped = state.buffer.SkipHole();
  if (skipped == 0) {
    state.buffer.DeliverDirect(static_cast<uint32_t>(length));
    // What a reader has still to fetch goes when its policy says so.
    if (!tracker_.SettingsOf(flow, receiver).peeked) {
      state.buffer.Release(state.buffer.delivered());
    }
  } else {
    length = skipped;
  }
  Advance(sender, length);
  state.RememberGap(offset, length);
  state.acks_past_hole = 0;
  state.refused_in_a_row = 0;
  state.hole_acked_at = Timestamp();
  flow.rare[Index(Other(receiver))].gap_bytes += length;
  counters_.gap_bytes[Index(receiver)].Add(length);
  RaiseError(flow, receiver, {ErrorCause::kGap, offset, length, 0, 0}, now);
}

// Of a side that nobody reads nothing is held that an acknowledgement could
// prove, so its front follows: else bytes that the receiver took although it
// should not have would leave all that comes behind them out of order.
void StreamDelivery::FollowAcknowledgement(Flow& flow, Side receiver) {
  if (tracker_.SettingsOf(flow, receiver).buffer_bytes > 0) return;
  TcpEnd& sender = flow.end[Index(Other(receiver))];
  uint64_t acked = AckedOffset(sender);
  if (sender.Has(end_flag::kFinSeen)) {
    const SeqNum fin = flow.fin_seq[Index(Other(receiver))];
    const int64_t last =
        static_cast<int64_t>(sender.delivered) + fin.Since(sender.next_seq);
    acked = std::min(acked, static_cast<uint64_t>(std::max(last, int64_t{0})));
  }
  // More than a window at once is no receiver's word.
  const uint64_t window =
      std::max<uint64_t>(flow.end[Index(receiver)].window, UINT16_MAX);
  if (acked <= sender.delivered || acked - sender.delivered > window) return;
  Advance(sender, acked - sender.delivered);
  sender.snd_nxt = std::max(sender.snd_nxt, sender.next_seq);
}

Verdict StreamDelivery::Acknowledge(Flow& flow, Side receiver,
                                    const PacketContext& context) {
  StreamState* const state = flow.stream[Index(receiver)];
  if (state == nullptr) {
    FollowAcknowledgement(flow, receiver);
    return Verdict::kForward;
  }
  const MemoryAccount account(*this, receiver);
  const TcpEnd& sender = flow.end[Index(Other(receiver))];
  Verdict verdict = Verdict::kForward;
  const GapPolicy& policy = tracker_.limits().gap;
  const ReassemblyBuffer::Range hole = state->buffer.Hole();
  if (policy.enabled && hole.length > 0 &&
      AckedOffset(sender) > sender.delivered) {
    if (state->acks_past_hole == 0) {
      state->hole_acked_at = context.now;
      tracker_.ArmBy(flow, context.now + policy.after);
    }
    if (++state->acks_past_hole >= policy.acks) {
      GiveUpHole(flow, receiver, *state, hole.length, context.now);
      verdict = Drain(flow, receiver, *state, nullptr, context.now);
    }
  }
  ReleaseRetained(flow, receiver, *state);
  DropStateIfIdle(flow, receiver);
  return verdict;
}

Timestamp StreamDelivery::GiveUpOldHoles(Flow& flow, Timestamp now) {
  const GapPolicy& policy = tracker_.limits().gap;
  Timestamp next;
  if (!policy.enabled) return next;
  for (Side receiver : {Side::kClient, Side::kServer}) {
    StreamState* const state = flow.stream[Index(receiver)];
    if (state == nullptr || state->acks_past_hole == 0) continue;
    const Timestamp due = state->hole_acked_at + policy.after;
    if (due > now) {
      if (next == Timestamp() || due < next) next = due;
      continue;
    }
    const ReassemblyBuffer::Range hole = state->buffer.Hole();
    const MemoryAccount account(*this, receiver);
    if (hole.length > 0) {
      GiveUpHole(flow, receiver, *state, hole.length, now);
      static_cast<void>(Drain(flow, receiver, *state, nullptr, now));
      ReleaseRetained(flow, receiver, *state);
    }
    state->acks_past_hole = 0;
    DropStateIfIdle(flow, receiver);
  }
  return next;
}

void StreamDelivery::Finish(Flow& flow, Timestamp now) {
  for (Side receiver : {Side::kClient, Side::kServer}) {
    StreamState* const state = flow.stream[Index(receiver)];
    if (state == nullptr) continue;
    const MemoryAccount account(*this, receiver);
    while (true) {
      const ReassemblyBuffer::Range hole = state->buffer.Hole();
      if (hole.length == 0) break;
      GiveUpHole(flow, receiver, *state, hole.length, now);
      static_cast<void>(Drain(flow, receiver, *state, nullptr, now));
    }
  }
}

}  // namespace mosaic
