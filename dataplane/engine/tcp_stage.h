// TcpStage takes one TCP packet through its flow: find or make the flow, update
// the sender's end, then the receiver's, deliver payload, raise the events.
//
// Order of events for one packet
//   sender     START, PACKET_IN, RETRANSMISSION, STATE_CHANGE
//   receiver   START, PACKET_IN, RETRANSMISSION, then ERROR, NEW_DATA and
//              STATE_CHANGE where the packet closes the flow, else STATE_CHANGE
//              before ERROR and NEW_DATA
// A packet that a network function drops at the sender's hook never reaches the
// receiver: its state does not move.
//
// Threading   Owner worker only.

#pragma once

#include "dataplane/engine/flow_tracker.h"
#include "dataplane/engine/packet_context.h"
#include "dataplane/engine/seq_translator.h"
#include "dataplane/engine/stream_delivery.h"
#include "dataplane/stats/core_counters.h"
#include "dataplane/tcp/acceptance.h"
#include "dataplane/tcp/tcp_observer.h"

namespace mosaic {

class TcpStage {
 public:
  TcpStage(FlowTracker& tracker, StreamDelivery& delivery,
           SeqTranslator& translator)
      : tracker_(tracker),
        delivery_(delivery),
        translator_(translator),
        counters_(tracker.counters()) {}

  // `flow` is the table's flow of the packet's tuple, or null. Returns what is
  // to become of the packet.
  Verdict Process(Flow* flow, const PacketContext& context);

 private:
  // A segment of an established connection that carries none of SYN, FIN, RST,
  // URG, on ends with nothing out of order: most of all packets.
  static bool IsPlain(const Flow& flow, const ParsedPacket& segment);
  // Whether all that is to be known of the segment beyond IsPlain() is as it
  // nearly always is; notes its timestamp then.
  static bool TakePlain(TcpEnd& from, const TcpEnd& to,
                        const ParsedPacket& segment);
  Verdict ProcessPlain(Flow& flow, Side sender, const PacketContext& context,
                       Timestamp seen_before);
  // `seen_before` is when the flow's last packet came.
  Verdict ProcessAny(Flow& flow, Side sender, const PacketContext& context,
                     bool is_new, Timestamp seen_before);
  static ParsedPacket PartOf(const ParsedPacket& segment,
                             const Judgement& judgement);
  // Counts payload that comes out of order. Returns true if it repeats some.
  bool NotePosition(Flow& flow, Side sender, const ParsedPacket& segment,
                    int64_t offset, SeqNum highest_before);
  Verdict TakePayload(Flow& flow, Side sender, const PacketContext& context,
                      const SegmentInfo& info);
  // Takes what the judgement leaves of the segment `whole`.
  Verdict TakeSegment(Flow& flow, Side sender, const PacketContext& whole,
                      const Judgement& judgement, bool is_new);

  void LearnRoles(Flow& flow, const PacketContext& context);
  void NoteHandshakeTimes(Flow& flow, Side sender, const PacketContext& context,
                          const SegmentInfo& info);
  void CountRepeat(Flow& flow, Side sender, uint32_t bytes);
  Verdict RefuseChecksum(Flow& flow, Side sender, const PacketContext& context);
  void NoteClosing(Flow& flow, const SegmentInfo& info);

  // In tcp_stage_begin.cc.
  //
  Flow* FlowForNewTuple(const PacketContext& context);
  // Ends the record if the packet is a SYN that belongs to another connection.
  // Returns true if it did.
  bool EndForNewIncarnation(Flow& flow, Side sender,
                            const PacketContext& context);

  // In tcp_stage_edit.cc.
  //
  // A packet of a remapped flow leaves: returns what is to become of it then.
  Verdict LeaveRemapped(Flow& flow, Side sender, const PacketContext& context,
                        Verdict verdict);
  // What functions made of the segment before its receiver takes it; `offset`
  // becomes that of its first byte now.
  void FollowEdits(Flow& flow, Side sender, const PacketContext& context,
                   int64_t& offset);
  // A function dropped the segment, of `bytes` payload, at the sender's hook.
  void DropAtSender(Flow& flow, Side sender, SeqNum highest_before,
                    uint32_t bytes);
  // Notes the longest segment that the sender of a SYN takes.
  static void NoteMss(Flow& flow, Side sender, const ParsedPacket& segment);

  // In tcp_stage_rare.cc.
  //
  // Makes way in the sender's end for another SYN or SYN/ACK of a handshake
  // that is still open. Returns true if the segment is one.
  bool TakeCandidate(Flow& flow, Side sender, const PacketContext& context);
  // Brings back the SYN or SYN/ACK that the segment shows to be the right one.
  void ChooseHandshake(Flow& flow, Side sender, const ParsedPacket& segment);
  Judgement JudgeSegment(Flow& flow, Side sender, const PacketContext& context,
                         Timestamp seen_before);
  // Shows a segment that is not taken, and sets its payload aside.
  Verdict Refuse(Flow& flow, Side sender, const PacketContext& context,
                 const Judgement& judgement);
  // Holds or refuses the payload behind its first `from` bytes, and tells it.
  Verdict SetAside(Flow& flow, Side sender, const PacketContext& context,
                   uint32_t from, const Judgement& judgement);
  void RefusePayload(Flow& flow, Side sender, uint64_t bytes,
                     RefusedBytes reason);
  // What is held of `from` and acknowledged by `ack` was sent; ...
  void AnnounceProven(Flow& flow, Side from, SeqNum ack);
  // ... and is delivered.
  Verdict DeliverProven(Flow& flow, Side from, SeqNum ack, Timestamp now);
  void NoteOneSided(const Flow& flow, Side sender, const ParsedPacket& segment);
  // Takes a RST back whose sender goes on.
  void ResumeAfterReset(Flow& flow, Side sender, const ParsedPacket& segment);
  void NoteStorm(Flow& flow, Timestamp now);
  void NoteTtl(Flow& flow, Side sender, const ParsedPacket& segment);
  // Where the sender's window ended before its segment was taken.
  struct WindowBefore {
    explicit WindowBefore(const TcpPair& pair);
    SeqNum edge;
    bool known;   // Both SYNs were seen, and an acknowledgement.
    bool scaled;  // In the same unit as the windows to come.
  };
  // To be called when a segment of `side` was taken.
  void NoteWindow(Flow& flow, Side side, const WindowBefore& before);
  static bool DropsUrgent(const Flow& flow, Side sender,
                          const ParsedPacket& segment);
  void NoteUrgent(Flow& flow, Side sender, const ParsedPacket& segment,
                  int64_t offset);
  // Whether the end that waits for the last segments of a closed connection
  // would not take this SYN (RFC 9293, section 3.6.1; RFC 6191).
  static bool SynIsTooOld(const TcpPair& pair, const ParsedPacket& segment);

  Verdict RaisePacketEvent(Flow& flow, EventKind kind, Hook hook, Side side,
                           const PacketContext& context);
  Verdict RaiseStateChange(Flow& flow, Hook hook, Side side, TcpState before,
                           const PacketContext& context);

  FlowTracker& tracker_;
  StreamDelivery& delivery_;
  SeqTranslator& translator_;
  CoreCounters& counters_;
};

}  // namespace mosaic
