// What TcpStage does about segments that network functions change or drop.

#include "dataplane/engine/tcp_stage.h"
#include "dataplane/parse/tcp_options.h"

namespace mosaic {

void TcpStage::NoteMss(Flow& flow, Side sender, const ParsedPacket& segment) {
  flow.mss[Index(sender)] = ParseTcpOptions(segment.tcp_options()).mss;
}

void TcpStage::DropAtSender(Flow& flow, Side sender, SeqNum highest_before,
                            uint32_t bytes) {
  counters_.stream_bytes.Add(bytes);
  counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kDropped)].Add(
      bytes);
  // What is sent again is new, and may be edited like anything new.
  TcpEnd& end = flow.end[Index(sender)];
  if (bytes > 0 && end.Has(end_flag::kAckSeen)) end.snd_nxt = highest_before;
}

Verdict TcpStage::LeaveRemapped(Flow& flow, Side sender,
                                const PacketContext& context, Verdict verdict) {
  translator_.FollowShift(flow);
  if (verdict != Verdict::kForward ||
      context.parsed.l4_checksum == L4Checksum::kBad) {
    return verdict;
  }
  return translator_.Leave(flow, sender, context) ==
                 SeqTranslator::Outcome::kDone
             ? Verdict::kForward
             : Verdict::kDrop;
}

void TcpStage::FollowEdits(Flow& flow, Side sender,
                           const PacketContext& context, int64_t& offset) {
  if (context.editor.length_changed()) {
    translator_.Commit(flow, sender, context);
  }
  const TcpEnd& end = flow.end[Index(sender)];
  const SeqNum first =
      context.parsed.seq + (context.parsed.Has(tcp_flag::kSyn) ? 1u : 0u);
  offset = static_cast<int64_t>(end.delivered) + first.Since(end.next_seq);
}

}  // namespace mosaic
