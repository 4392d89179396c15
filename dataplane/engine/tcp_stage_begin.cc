// Which TCP packets begin a record, and which end one for another.

#include "dataplane/engine/tcp_anomalies.h"
#include "dataplane/engine/tcp_stage.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;

}  // namespace

Flow* TcpStage::FlowForNewTuple(const PacketContext& context) {
  const ParsedPacket& segment = context.parsed;
  const bool syn = segment.Has(kSyn);
  const bool bare_syn = syn && !segment.Has(kAck | kRst | kFin);
  const bool odd_flags = CountFlags(segment, counters_);
  const bool odd_endpoints = CountEndpoints(segment.key, counters_);
  // Live such packets take no memory; in captures they are part of the tale.
  if ((odd_flags || odd_endpoints) &&
      tracker_.limits().reincarnation == Reincarnation::kWhenClosed) {
    return nullptr;
  }
  if (!bare_syn && !tracker_.picks_up_midstream()) return nullptr;

  // A SYN/ACK comes from the server; of other packets the first sender is taken
  // for the client until a SYN says otherwise.
  const EndpointIndex other = segment.sender ^ 1;
  const EndpointIndex client = syn && !bare_syn ? other : segment.sender;
  Flow* const flow = tracker_.Create(
      context, client, bare_syn ? FlowOrigin::kSyn : FlowOrigin::kMidstream);
  if (flow == nullptr || bare_syn) return flow;
  if (syn && segment.Has(kAck)) {
    flow->end[Index(Side::kClient)].state = TcpState::kSynSent;
    flow->end[Index(Side::kServer)].state = TcpState::kSynReceived;
  } else {
    flow->Set(flow_flag::kRolesGuessed);
    for (TcpEnd& end : flow->end) StartMidstream(end);
    tracker_.Rearm(*flow);
  }
  return flow;
}

bool TcpStage::EndForNewIncarnation(Flow& flow, Side sender,
                                    const PacketContext& context) {
  const ParsedPacket& segment = context.parsed;
  TcpPair pair = PairOf(flow, sender);
  if (!StartsNewIncarnation(pair.sender, pair.receiver,
                            flow.first_seq[Index(sender)], segment)) {
    return false;
  }
  const bool over =
      (flow.flags & (flow_flag::kClosed | flow_flag::kReset)) != 0;
  if (tracker_.limits().reincarnation == Reincarnation::kWhenClosed && over &&
      !flow.Has(flow_flag::kReset) && SynIsTooOld(pair, segment)) {
    CountAnomaly(Anomaly::kSynOld, counters_);
    return false;
  }
  const bool unanswered = pair.sender.state == TcpState::kSynSent &&
                          !pair.receiver.Has(end_flag::kPacketSeen);
  if (tracker_.limits().reincarnation == Reincarnation::kWhenClosed && !over &&
      !unanswered) {
    CountAnomaly(Anomaly::kSynIgnored, counters_);
    return false;
  }
  tracker_.End(flow, EndReason::kShutdown, context.now);
  return true;
}

}  // namespace mosaic
