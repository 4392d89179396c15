// Urgent bytes that leave the stream.

#include <algorithm>

#include "dataplane/engine/stream_delivery.h"

namespace mosaic {

Verdict StreamDelivery::OfferAroundUrgent(Flow& flow, Side receiver,
                                          std::span<const uint8_t> data,
                                          const PacketContext* context,
                                          Timestamp now) {
  const Side from = Other(receiver);
  TcpEnd& sender = flow.end[Index(from)];
  const uint64_t end = sender.delivered + data.size();
  Verdict verdict = Verdict::kForward;
  while (sender.delivered < end) {
    const uint64_t urgent = flow.rare_state->NextUrgent(from, sender.delivered);
    const uint64_t until = std::min(urgent, end);
    const uint64_t length = until - sender.delivered;
    if (length > 0) {
      verdict = std::max(
          verdict, OfferSpan(flow, receiver, data.first(length), context, now));
      data = data.subspan(length);
    }
    if (data.empty()) break;
    data = data.subspan(1);
    sender.delivered += 1;
    sender.next_seq = sender.next_seq + 1u;
    counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kUrgent)].Add(
        1);
    if (flow.subscription->side[Index(receiver)].urgent == UrgentPolicy::kGap) {
      flow.rare[Index(from)].gap_bytes += 1;
      counters_.gap_bytes[Index(receiver)].Add(1);
      RaiseError(flow, receiver, {ErrorCause::kGap, urgent, 1, 0, 0}, now);
    }
  }
  if (flow.rare_state->ForgetUrgent(from, end)) {
    sender.Clear(end_flag::kUrgent);
  }
  return verdict;
}

}  // namespace mosaic
