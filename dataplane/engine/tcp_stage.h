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
  Verdict ProcessPlain(Flow& flow, Side sender, const PacketContext& context);
  Verdict ProcessAny(Flow& flow, Side sender, const PacketContext& context,
                     bool is_new);

  Flow* FlowForNewTuple(const PacketContext& context);
  // Ends the record if the packet is a SYN that belongs to another connection.
  // Returns true if it did.
  bool EndForNewIncarnation(Flow& flow, Side sender,
                            const PacketContext& context);
  // A packet of a remapped flow leaves: returns what is to become of it then.
  Verdict LeaveRemapped(Flow& flow, Side sender, const PacketContext& context,
                        Verdict verdict);
  void FollowEdits(Flow& flow, Side sender, const PacketContext& context,
                   int64_t& offset);
  // A function dropped the segment at the sender's hook.
  void DropAtSender(Flow& flow, Side sender, SeqNum highest_before,
                    uint32_t bytes);
  void LearnRoles(Flow& flow, const PacketContext& context);
  void NoteHandshakeTimes(Flow& flow, Side sender, const PacketContext& context,
                          const SegmentInfo& info);
  void CountMarks(const SegmentInfo& info);
  void CountRepeat(Flow& flow, Side sender, uint32_t bytes);
  Verdict RefuseChecksum(Flow& flow, Side sender, const PacketContext& context);
  void NoteClosing(Flow& flow, const SegmentInfo& info);

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
