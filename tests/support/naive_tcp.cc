#include "tests/support/naive_tcp.h"

#include <algorithm>

namespace mosaic::testing {
namespace {

constexpr int64_t kGibi = int64_t{1} << 30;
constexpr size_t kOtherSyns = 9;
constexpr size_t kOtherSynAcks = 4;
constexpr size_t kMostHeld = 48;

}  // namespace

int64_t NaiveTcp::ShiftOf(const End& end) const {
  return Scaled() ? std::min<int64_t>(*end.syn.scale, 14) : 0;
}

// --- States -----------------------------------------------------------------

TcpState NaiveTcp::StateOf(Side side) const {
  const End& end = end_[Index(side)];
  const End& peer = end_[Index(Other(side))];
  if (reset_) return TcpState::kClosed;
  if (!end.isn && !end.got_syn) return TcpState::kClosed;
  const bool open = end.got_syn && end.syn_acked;
  if (!open && !end.fin) {
    // Of an end that was never seen, which must have opened to take a FIN.
    if (peer.fin_taken) return TcpState::kCloseWait;
    return end.got_syn ? TcpState::kSynReceived : TcpState::kSynSent;
  }
  if (!end.fin) {
    return peer.fin_taken ? TcpState::kCloseWait : TcpState::kEstablished;
  }
  if (!peer.fin_taken) {
    return end.fin_acked ? TcpState::kFinWait2 : TcpState::kFinWait1;
  }
  if (end.fin_second) {
    return end.fin_acked ? TcpState::kClosed : TcpState::kLastAck;
  }
  return end.fin_acked ? TcpState::kTimeWait : TcpState::kClosing;
}

void NaiveTcp::TakeFins() {
  for (const Side side : {Side::kClient, Side::kServer}) {
    End& end = end_[Index(side)];
    if (!end.fin || end.fin_taken || end.next < *end.fin) continue;
    end.fin_taken = true;
  }
  const auto done = [this](Side side) {
    const TcpState state = StateOf(side);
    return state == TcpState::kClosed || state == TcpState::kTimeWait;
  };
  closed_ = closed_ || (done(Side::kClient) && done(Side::kServer) &&
                        (reset_ || end_[0].fin_acked || end_[1].fin_acked));
}

// --- Handshake --------------------------------------------------------------

bool NaiveTcp::Answers(const End& end, int64_t ack) {
  return end.isn && ack > *end.isn && ack <= end.highest;
}

bool NaiveTcp::IsOpening(const End& end) {
  return end.isn && !end.past_syn && !end.syn_acked_at_all && !end.fin &&
         !end.rst && end.stream.empty();
}

void NaiveTcp::Begin(End& end, const Syn& syn) {
  const bool got_syn = end.got_syn;
  std::vector<Syn> others = std::move(end.others);
  end = End();
  end.got_syn = got_syn;
  end.others = std::move(others);
  end.isn = syn.isn;
  end.syn = syn;
  end.next = end.highest = syn.isn + 1;
  end.window = syn.window;
  if (syn.timestamp && *syn.timestamp != 0) end.recent = syn.timestamp;
}

bool NaiveTcp::TakeCandidate(Side from, const NaiveSegment& segment) {
  End& sender = end_[Index(from)];
  const End& receiver = end_[Index(Other(from))];
  if (!IsOpening(sender) || *sender.isn == segment.seq || over()) return false;
  const TcpState state = StateOf(from);
  const bool open = segment.ack
                        ? state == TcpState::kSynReceived && receiver.isn &&
                              Answers(receiver, *segment.ack)
                        : state == TcpState::kSynSent && !receiver.isn;
  if (!open) return false;
  sender.others.push_back(sender.syn);
  const size_t most = segment.ack ? kOtherSynAcks : kOtherSyns;
  if (sender.others.size() > most) {
    sender.others.erase(sender.others.begin());
    Count(Anomaly::kCandidateEvicted);
  }
  sender.isn.reset();
  sender.una.reset();
  return true;
}

void NaiveTcp::Choose(Side from, const NaiveSegment& segment) {
  End& sender = end_[Index(from)];
  End& receiver = end_[Index(Other(from))];
  const auto choose = [](End& end, int64_t next) {
    for (size_t i = end.others.size(); i-- > 0;) {
      if (end.others[i].isn + 1 != next) continue;
      Begin(end, Syn(end.others[i]));
      return true;
    }
    return false;
  };
  const TcpState state = StateOf(Other(from));
  const bool answers_syn = segment.syn && state == TcpState::kSynSent;
  const bool answers_syn_ack = !segment.syn && state == TcpState::kSynReceived;
  if (segment.ack && IsOpening(receiver) && (answers_syn || answers_syn_ack) &&
      (Answers(receiver, *segment.ack) || choose(receiver, *segment.ack))) {
    receiver.others.clear();
  }
  if (!segment.syn && IsOpening(sender) && segment.seq != sender.next) {
    static_cast<void>(choose(sender, segment.seq));
  }
}

void NaiveTcp::TakeSyn(Side from, const NaiveSegment& segment) {
  End& sender = end_[Index(from)];
  End& receiver = end_[Index(Other(from))];
  if (!TakeCandidate(from, segment) && !segment.ack && sender.isn &&
      *sender.isn != segment.seq) {
    Count(Anomaly::kSynIgnored);
  }
  Choose(from, segment);
  const bool waits = StateOf(Other(from)) == TcpState::kSynSent;
  if (segment.ack && receiver.isn && waits &&
      !Answers(receiver, *segment.ack)) {
    Count(Anomaly::kBadSynAck);
    return;
  }
  if (sender.isn && *sender.isn != segment.seq) {
    if (segment.ack) Count(Anomaly::kSynAckConflict);
    return;
  }
  if (sender.isn) {
    if (!segment.ack) Count(Anomaly::kSynRepeated);
  } else {
    const bool simultaneous = !segment.ack && waits;
    const std::optional<int64_t> una = sender.una;
    Begin(sender,
          {segment.seq, segment.window, segment.scale, segment.timestamp});
    // What was acknowledged before can only be what follows this SYN.
    if (una && *una > segment.seq && *una - segment.seq <= kGibi) {
      sender.una = una;
    }
    if (simultaneous) Count(Anomaly::kSimultaneousOpen);
  }
  receiver.got_syn = true;
  if (segment.ack) {
    TakeAck(from, segment);
    Prove(receiver, *segment.ack);
  }
  TakeFins();
}

// --- RST --------------------------------------------------------------------

void NaiveTcp::TakeRst(Side from, const NaiveSegment& segment) {
  End& sender = end_[Index(from)];
  const End& receiver = end_[Index(Other(from))];
  Choose(from, segment);
  if (closed_ && !reset_) return;
  if (StateOf(Other(from)) == TcpState::kSynSent && !sender.isn) {
    if (!segment.ack || !Answers(receiver, *segment.ack)) {
      Count(Anomaly::kRstOutOfWindow);
      return;
    }
    refused_ = true;
  } else if (sender.isn && segment.seq != sender.next &&
             segment.seq != sender.highest) {
    const int64_t ahead = segment.seq - sender.next;
    const bool closing = sender.fin || receiver.fin;
    if (!closing || ahead < -kGibi || ahead > kGibi) {
      Count(ahead > 0 && ahead < receiver.window ? Anomaly::kRstInexact
                                                 : Anomaly::kRstOutOfWindow);
      return;
    }
  }
  reset_ = true;
  sender.rst = true;
  TakeFins();
}

// --- All others -------------------------------------------------------------

std::optional<Anomaly> NaiveTcp::Refusal(Side from,
                                         const NaiveSegment& segment) {
  const End& sender = end_[Index(from)];
  const End& receiver = end_[Index(Other(from))];
  if (!segment.ack) return Anomaly::kNoAckFlag;
  const bool new_ack = receiver.una && *segment.ack > *receiver.una;
  if (Stamped()) {
    if (!segment.timestamp) {
      Count(Anomaly::kTimestampMissing);
    } else if ((!segment.payload.empty() || segment.fin || new_ack) &&
               sender.recent) {
      const auto older =
          static_cast<int32_t>(*sender.recent - *segment.timestamp);
      if (older > 1) return Anomaly::kPaws;
    }
  }
  if (!receiver.isn) return std::nullopt;
  int64_t sent = receiver.highest;
  for (const Held& held : receiver.held) {
    sent = std::max(sent, held.first + static_cast<int64_t>(held.bytes.size()));
  }
  const bool unseen = *segment.ack > sent;
  if (StateOf(Other(from)) == TcpState::kSynReceived &&
      (unseen || *segment.ack <= *receiver.isn)) {
    return Anomaly::kWrongHandshakeAck;
  }
  if (unseen && !segment.payload.empty()) return Anomaly::kInvalidAck;
  if (receiver.una && *receiver.una - *segment.ack > int64_t{65'535}
                                                         << ShiftOf(sender)) {
    return Anomaly::kInvalidAck;
  }
  return std::nullopt;
}

int64_t NaiveTcp::EdgeFor(Side from) const {
  const End& sender = end_[Index(from)];
  const End& receiver = end_[Index(Other(from))];
  if (!sender.una || !receiver.isn) return sender.next + kGibi;
  return std::max(*sender.una + receiver.window,
                  receiver.widest_edge.value_or(INT64_MIN));
}

void NaiveTcp::Hold(End& sender, int64_t first, const std::string& bytes) {
  const int64_t ahead = first - sender.next;
  if (bytes.empty() || ahead < -kGibi || ahead > kGibi ||
      first <= *sender.isn || sender.held.size() == kMostHeld) {
    return;
  }
  const auto place = std::upper_bound(
      sender.held.begin(), sender.held.end(), first,
      [](int64_t at, const Held& held) { return at < held.first; });
  sender.held.insert(place, {first, bytes});
}

void NaiveTcp::Store(End& sender, int64_t first, const std::string& bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int64_t at = first + static_cast<int64_t>(i);
    if (at >= sender.next) sender.ahead.emplace(at, bytes[i]);
  }
  for (auto it = sender.ahead.begin();
       it != sender.ahead.end() && it->first == sender.next;
       it = sender.ahead.erase(it)) {
    sender.stream += it->second;
    ++sender.next;
  }
}

void NaiveTcp::Announce(Side from, int64_t ack) {
  End& end = end_[Index(from)];
  End& peer = end_[Index(Other(from))];
  for (const Held& held : end.held) {
    if (held.first >= ack) break;
    if (end.fin && !end.fin_acked && held.first >= *end.fin &&
        ack > *end.fin + 1) {
      // More was acknowledged than the FIN at its place: that was forged.
      if (end.highest == *end.fin + 1) end.highest = *end.fin;
      end.fin.reset();
      end.fin_taken = end.fin_second = false;
      peer.fin_second = false;
      closed_ = false;
    }
    end.highest = std::max(
        end.highest,
        std::min(ack, held.first + static_cast<int64_t>(held.bytes.size())));
  }
}

void NaiveTcp::Prove(End& sender, int64_t ack) {
  while (!sender.held.empty() && sender.held[0].first < ack) {
    Held held = sender.held[0];
    sender.held.erase(sender.held.begin());
    if (held.first + static_cast<int64_t>(held.bytes.size()) > ack) {
      held.bytes.resize(static_cast<size_t>(ack - held.first));
    }
    if (sender.fin && held.first >= *sender.fin) continue;
    Store(sender, held.first, held.bytes);
  }
}

void NaiveTcp::TakeAck(Side from, const NaiveSegment& segment) {
  End& receiver = end_[Index(Other(from))];
  const int64_t ack = *segment.ack;
  receiver.una = std::max(receiver.una.value_or(ack), ack);
  if (!receiver.isn) return;
  if (ack > receiver.highest) Count(Anomaly::kAckUnseen);
  if (ack > *receiver.isn) {
    receiver.syn_acked_at_all = true;
    receiver.syn_acked = receiver.syn_acked || receiver.got_syn;
  }
  if (receiver.fin && ack > *receiver.fin) receiver.fin_acked = true;
}

void NaiveTcp::TakePlain(Side from, const NaiveSegment& segment) {
  End& sender = end_[Index(from)];
  End& receiver = end_[Index(Other(from))];
  Choose(from, segment);
  const auto length = static_cast<int64_t>(segment.payload.size());
  if (const auto why = Refusal(from, segment); why) {
    Count(*why);
    Hold(sender, segment.seq, segment.payload);
    return;
  }

  // Its place.
  bool fin = segment.fin;
  bool hold = true;
  int64_t inside = length;
  const int64_t room = EdgeFor(from) - segment.seq;
  const bool far_below = segment.seq - sender.next < -kGibi;
  if (fin && (room < length || far_below)) {
    fin = false;
    if (length == 0) {
      Count(Anomaly::kFinOutOfWindow);
      return;
    }
  }
  if (length > 0 && (far_below || room <= 0)) {
    const bool probes =
        receiver.window == 0 && length == 1 && segment.seq == sender.next;
    Count(probes ? Anomaly::kZeroWindowProbe : Anomaly::kSegmentOutOfWindow);
    Hold(sender, segment.seq, segment.payload);
    return;
  }
  const bool in_place = length > 0 || fin || (room >= 0 && !far_below);
  if (!in_place) Count(Anomaly::kSegmentOutOfWindow);
  if (length > 0 && length > room) {
    Count(Anomaly::kSegmentOutOfWindow);
    inside = room;
  }
  if (length > 0 && sender.fin && *sender.fin - segment.seq < inside) {
    Count(Anomaly::kFinDataOverlap);
    hold = !sender.fin_acked;
    inside = *sender.fin - segment.seq;
    fin = false;
    if (inside <= 0) {
      if (hold) Hold(sender, segment.seq, segment.payload);
      return;
    }
  }
  const std::string part =
      segment.payload.substr(0, static_cast<size_t>(inside));
  fin = fin && inside == length;

  // RFC 7323, section 4.3: not of one that overtook others, and never back.
  if (segment.timestamp && (!sender.una || segment.seq <= *sender.una) &&
      (!sender.recent ||
       static_cast<int32_t>(*segment.timestamp - *sender.recent) >= 0)) {
    sender.recent = segment.timestamp;
    if (*sender.recent == 0) sender.recent.reset();
  }
  if (inside > 0 && !sender.past_syn && !receiver.isn) {
    Count(Anomaly::kOneSided);
  }
  if (reset_ && !refused_ && sender.rst && inside > 0 &&
      segment.seq + inside > sender.highest) {
    Count(Anomaly::kDataAfterRst);
    reset_ = closed_ = false;
    end_[0].rst = end_[1].rst = false;
  }
  Announce(Other(from), *segment.ack);

  // As its sender had it.
  const bool window_was_scaled = sender.past_syn || !Scaled();
  const bool window_was_known = receiver.una && receiver.isn;
  const int64_t edge_before = receiver.una.value_or(0) + sender.window;
  sender.past_syn = true;
  const bool probe = inside <= 1 && segment.seq + 1 == sender.next && !fin &&
                     (inside == 1 || (StateOf(from) == TcpState::kEstablished &&
                                      !sender.stream.empty()));
  if (probe) {
    Count(receiver.window == 0 ? Anomaly::kZeroWindowProbe
                               : Anomaly::kKeepAlive);
  }
  const int64_t end = segment.seq + inside;
  if (in_place) {
    sender.highest = std::max(sender.highest, end + (fin ? 1 : 0));
  }
  if (fin && !sender.fin) {
    sender.fin = end;
    sender.fin_second = receiver.fin_taken;
  } else if (fin && !sender.fin_taken) {
    sender.fin = std::max(*sender.fin, end);
  }
  TakeAck(from, segment);
  if (!receiver.una || *segment.ack >= *receiver.una) {
    sender.window = int64_t{segment.window} << ShiftOf(sender);
  }
  if (window_was_known) {
    const int64_t back = edge_before - (*receiver.una + sender.window);
    if (back > 0) {
      if (window_was_scaled && back >= int64_t{1} << ShiftOf(sender)) {
        Count(Anomaly::kWindowRecision);
      }
      sender.widest_edge =
          std::max(sender.widest_edge.value_or(edge_before), edge_before);
    }
  }

  // As its receiver has it.
  if (inside > 0 && !probe) {
    if (closed_ && !reset_) Count(Anomaly::kLateAfterClose);
    if (!receiver.isn) Prove(sender, segment.seq);
    Store(sender, segment.seq, part);
  }
  if (hold && inside < length) {
    Hold(sender, segment.seq + inside,
         segment.payload.substr(static_cast<size_t>(inside)));
  }
  Prove(receiver, *segment.ack);
  TakeFins();
}

void NaiveTcp::Take(const NaiveSegment& segment) {
  if (segment.rst) {
    TakeRst(segment.from, segment);
  } else if (segment.syn) {
    TakeSyn(segment.from, segment);
  } else {
    TakePlain(segment.from, segment);
  }
}

std::vector<int64_t> NaiveTcp::EdgesOf(Side side) const {
  const End& end = end_[Index(side)];
  std::vector<int64_t> edges = {end.next, end.highest, end.una.value_or(0),
                                isn(side)};
  // Where the window is not known it is as good as endless.
  if (EdgeFor(side) < end.next + kGibi) edges.push_back(EdgeFor(side));
  if (end.fin) edges.push_back(*end.fin);
  if (!end.held.empty()) edges.push_back(end.held[0].first);
  if (!end.ahead.empty()) edges.push_back(end.ahead.begin()->first);
  for (const Syn& syn : end.others) edges.push_back(syn.isn);
  return edges;
}

}  // namespace mosaic::testing
