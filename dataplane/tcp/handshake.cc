#include "dataplane/tcp/handshake.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;

bool Answers(const TcpEnd& end, SeqNum ack) {
  return ack > end.isn() && ack <= end.snd_nxt;
}

SynCandidate CandidateOf(const TcpEnd& end) {
  SynCandidate candidate;
  candidate.seq = end.isn();
  candidate.timestamp = end.timestamp;
  candidate.window = end.window;
  candidate.payload = static_cast<uint16_t>(end.snd_nxt.Since(end.next_seq));
  candidate.flags = end.flags;
  candidate.window_shift = end.window_shift;
  candidate.ttl = end.ttl;
  return candidate;
}

void Restore(const SynCandidate& candidate, TcpEnd& end) {
  const TcpState state = end.state;
  end = TcpEnd();
  end.state = state;
  end.next_seq = candidate.seq + 1u;
  end.snd_nxt = end.next_seq + candidate.payload;
  end.timestamp = candidate.timestamp;
  end.window = candidate.window;
  end.flags = candidate.flags;
  end.window_shift = candidate.window_shift & 0xf;
  end.ttl = candidate.ttl;
}

// True while the end has sent nothing but a SYN or SYN/ACK that nobody has
// acknowledged.
bool IsOpening(const TcpEnd& end) {
  return end.Has(end_flag::kSynSeen) &&
         !end.Has(end_flag::kPastSyn | end_flag::kSynAcked |
                  end_flag::kFinSeen | end_flag::kRstSeen) &&
         end.delivered == 0;
}

}  // namespace

bool IsCandidate(const TcpPair& pair, const ParsedPacket& segment) {
  const TcpEnd& sender = pair.sender;
  const TcpEnd& receiver = pair.receiver;
  if (!segment.Has(kSyn) || segment.Has(kRst | kFin) || !IsOpening(sender) ||
      sender.isn() == segment.seq) {
    return false;
  }
  if (!segment.Has(kAck)) {
    return sender.state == TcpState::kSynSent &&
           !receiver.Has(end_flag::kPacketSeen);
  }
  return sender.state == TcpState::kSynReceived &&
         receiver.Has(end_flag::kSynSeen) && Answers(receiver, segment.ack);
}

bool MakeWayForCandidate(TcpEnd& sender, TcpRare* rare) {
  const SynCandidate candidate = CandidateOf(sender);
  const TcpState state = sender.state;
  sender = TcpEnd();
  sender.state = state;
  if (rare == nullptr) return true;
  return state == TcpState::kSynSent ? rare->syns.Add(candidate)
                                     : rare->syn_acks.Add(candidate);
}

Chosen ChooseCandidates(const TcpPair& pair, const ParsedPacket& segment,
                        TcpRare& rare) {
  Chosen chosen;
  TcpEnd& sender = pair.sender;
  TcpEnd& receiver = pair.receiver;
  const bool syn = segment.Has(kSyn);
  if (segment.Has(kAck) && IsOpening(receiver)) {
    const bool answers_syn = receiver.state == TcpState::kSynSent && syn;
    const bool answers_syn_ack =
        receiver.state == TcpState::kSynReceived && !syn;
    const SynCandidate* other = nullptr;
    const bool answers = Answers(receiver, segment.ack);
    if (answers_syn && !answers) other = rare.syns.AnsweredBy(segment.ack);
    if (answers_syn_ack && !answers) {
      other = rare.syn_acks.AnsweredBy(segment.ack);
    }
    if (other != nullptr) {
      Restore(*other, receiver);
      chosen.receiver = true;
    }
    if (answers_syn && (answers || other != nullptr)) rare.syns.Clear();
    if (answers_syn_ack && (answers || other != nullptr)) {
      rare.syn_acks.Clear();
    }
  }
  if (!syn && IsOpening(sender) && segment.seq != sender.next_seq &&
      segment.seq != sender.snd_nxt) {
    const SynCandidate* const other = sender.state == TcpState::kSynSent
                                          ? rare.syns.Before(segment.seq)
                                          : rare.syn_acks.Before(segment.seq);
    if (other != nullptr) {
      Restore(*other, sender);
      chosen.sender = true;
    }
  }
  return chosen;
}

}  // namespace mosaic
