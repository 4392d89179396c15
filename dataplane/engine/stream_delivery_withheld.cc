// Bytes that readers were offered and whose packet was dropped then.

#include <algorithm>

#include "dataplane/engine/stream_delivery.h"

namespace mosaic {

void StreamDelivery::NoteWithheld(Flow& flow, Side receiver, uint64_t offset,
                                  uint64_t length, uint8_t asked_from) {
  TcpRare* const rare = tracker_.rare_states().Of(flow);
  if (rare == nullptr) return;
  WithheldRanges& ranges = rare->withheld[Index(Other(receiver))];
  if (!ranges.Add({offset, offset + length, asked_from},
                  Dispatcher::kWholeChain)) {
    counters_.withheld_joined.Add(1);
  }
  flow.Set(flow_flag::kWithheld);
}

Verdict StreamDelivery::OfferAgain(Flow& flow, Side receiver, int64_t offset,
                                   const PacketContext& context) {
  const Side from = Other(receiver);
  WithheldRanges& ranges = flow.rare_state->withheld[Index(from)];
  const int64_t front = static_cast<int64_t>(flow.end[Index(from)].delivered);
  const auto begin = static_cast<uint64_t>(std::max(offset, int64_t{0}));
  const int64_t ends =
      std::min(offset + context.parsed.payload_captured, front);
  if (ends <= static_cast<int64_t>(begin)) return Verdict::kForward;
  const auto end = static_cast<uint64_t>(ends);

  Verdict verdict = Verdict::kForward;
  bool repeats = false;
  // Functions that are asked may add to the ranges: each is looked for anew.
  for (uint64_t at = begin; at < end && verdict == Verdict::kForward;) {
    WithheldRange next = {end, end, 0};
    for (const WithheldRange& range : ranges.ranges()) {
      if (range.end > at && range.begin < next.begin) next = range;
    }
    next.begin = std::max(next.begin, at);
    next.end = std::min(next.end, end);
    if (next.begin >= next.end) break;
    repeats = true;
    const auto skipped =
        static_cast<size_t>(static_cast<int64_t>(next.begin) - offset);
    PacketView view = ViewOf(context, from, &flow, EditStage::kStream);
    Event event;
    event.kind = EventKind::kNewData;
    event.side = receiver;
    event.now = context.now;
    event.packet = &view;
    event.offset = next.begin;
    event.data = {context.parsed.payload + skipped, next.end - next.begin};
    event.resent = true;
    Dispatcher& dispatcher = tracker_.dispatcher();
    verdict = dispatcher.RaiseFrom(next.asked_from, flow, event);
    if (verdict == Verdict::kForward) {
      at = next.end;
    } else {
      NoteWithheld(flow, receiver, next.begin, next.end - next.begin,
                   dispatcher.dropped_by());
    }
  }
  if (repeats) counters_.resent_after_drop_packets.Add(1);
  if (verdict == Verdict::kForward) {
    ranges.Remove(begin, end);
    const auto& withheld = flow.rare_state->withheld;
    if (withheld[0].empty() && withheld[1].empty()) {
      flow.Clear(flow_flag::kWithheld);
    }
  }
  return verdict;
}

}  // namespace mosaic
