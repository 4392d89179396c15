#include "dataplane/engine/seq_translator.h"

#include <algorithm>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/check.h"
#include "dataplane/edit/packet_regions.h"
#include "dataplane/edit/sack_option.h"
#include "dataplane/parse/checksum.h"
#include "dataplane/parse/transport.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;
using tcp_flag::kUrg;

constexpr size_t kSeqOffset = 4;
constexpr size_t kAckOffset = 8;
constexpr size_t kFlagsOffset = 13;
constexpr size_t kUrgentOffset = 18;

uint64_t HeaderSum(const ParsedPacket& parsed) {
  return ChecksumSum(parsed.l4_header, parsed.tcp_header_length);
}

// Of all that the checksum covers and that a change of payload may change.
uint64_t SegmentSum(const ParsedPacket& parsed) {
  const uint32_t length = parsed.tcp_header_length + parsed.payload_captured;
  return ChecksumSum(parsed.l4_header, length) + ChecksumSum(length);
}

bool IsWhole(const ParsedPacket& parsed) {
  return parsed.payload_captured == parsed.payload_length;
}

// Numbers in tunnels and in datagrams made of fragments cannot be written.
bool IsWritable(const ParsedPacket& parsed) {
  return parsed.tunnels == 0 && parsed.reassembled == 0;
}

SeqNum FirstByte(const ParsedPacket& parsed, SeqNum seq) {
  return seq + (parsed.Has(kSyn) ? 1u : 0u);
}

// What the receiver has acknowledged of `side`'s stream.
SeqNum AckedOf(const Flow& flow, Side side) {
  const TcpEnd& end = flow.end[Index(side)];
  return end.Has(end_flag::kAckSeen) ? end.snd_una : end.isn();
}

}  // namespace

uint32_t LongestPayload(const Flow& flow, Side receiver,
                        uint32_t tcp_header_length) {
  // What every host takes (RFC 9293, section 3.7.1).
  const uint32_t unknown = flow.key.ip_version == 4 ? 536 : 1220;
  const uint32_t told = flow.mss[Index(receiver)];
  // Options are not counted in it (RFC 6691), and smaller values are attacks.
  constexpr uint32_t kSmallest = 64;
  return std::max(told == 0 ? unknown : told, kSmallest) -
         (tcp_header_length - kTcpMinHeader);
}

SeqTranslator::SeqTranslator(size_t remapped_flows, CoreCounters& counters)
    : counters_(counters), remap_(remapped_flows), free_(remapped_flows) {}

bool SeqTranslator::TakeRemap(Flow& flow) {
  if (flow.remap != nullptr) return true;
  if (lent_ == remap_.size()) return false;
  const size_t number = free_count_ > 0 ? free_[--free_count_] : next_unused_++;
  ++lent_;
  flow.remap = &remap_[number];
  for (SeqRemap& remap : flow.remap->by_sender) remap.Clear();
  flow.Set(flow_flag::kRemapped);
  counters_.remapped_flows.Set(lent_);
  return true;
}

void SeqTranslator::Forget(Flow& flow) {
  if (flow.remap == nullptr) return;
  free_[free_count_++] = static_cast<uint32_t>(flow.remap - remap_.data());
  --lent_;
  flow.remap = nullptr;
  flow.Clear(flow_flag::kRemapped);
  counters_.remapped_flows.Set(lent_);
}

// The segment repeats changes: each gives way to its whole content, from the
// last one on, so that places before it stay.
SeqTranslator::Outcome SeqTranslator::RewritePayload(
    const SeqRemap& remap, SeqNum first, const PacketContext& context) {
  ParsedPacket& parsed = context.parsed;
  const auto length = static_cast<int32_t>(parsed.payload_length);
  const auto repeated = remap.Repeated(first, parsed.payload_length);
  int64_t growth = 0;
  for (const SeqRemap::Change& change : repeated) {
    growth += change.content_length;
  }
  if (context.editor.MakeWritable(static_cast<uint32_t>(growth)) !=
      EditResult::kDone) {
    return Fail();
  }
  if (parsed.ip_length + growth > UINT16_MAX) return Fail();
  for (size_t i = repeated.size(); i > 0; --i) {
    const SeqRemap::Change& change = repeated[i - 1];
    const int32_t begin = std::max(change.begin.Since(first), 0);
    const bool is_shift = change.length == 0;
    const int32_t end = is_shift ? static_cast<int32_t>(parsed.payload_length)
                                 : std::min(change.end().Since(first), length);
    const EditResult spliced = context.editor.SplicePayload(
        static_cast<size_t>(begin), static_cast<size_t>(end - begin),
        remap.ContentOf(change));
    MOSAIC_CHECK(spliced == EditResult::kDone);
    if (is_shift && parsed.Has(kFin)) {
      parsed.tcp_flags &= static_cast<uint8_t>(~kFin);
      parsed.l4_header[kFlagsOffset] = parsed.tcp_flags;
    }
  }
  return Outcome::kDone;
}

SeqTranslator::Outcome SeqTranslator::Arrive(Flow& flow, Side sender,
                                             const PacketContext& context) {
  ParsedPacket& parsed = context.parsed;
  SeqRemap& remap = flow.remap->by_sender[Index(sender)];
  arrived_seq_ = parsed.seq;
  arrived_length_ = parsed.payload_length;
  if (remap.empty()) return Outcome::kDone;
  const SeqNum first = FirstByte(parsed, parsed.seq);
  remap.Keep(first + parsed.payload_length);
  const SeqNum seq = remap.ToReceiver(parsed.seq);
  const bool repeats = IsWhole(parsed) && parsed.payload_length > 0 &&
                       !remap.Repeated(first, parsed.payload_length).empty();
  if (seq == parsed.seq && !repeats) return Outcome::kDone;
  if (!IsWritable(parsed)) return Fail();
  if (context.editor.MakeWritable(0) != EditResult::kDone) {
    return Fail();
  }
  const SeqNum urgent = remap.ToReceiver(parsed.seq + parsed.urgent);
  const uint64_t before = repeats ? SegmentSum(parsed) : HeaderSum(parsed);
  if (repeats && RewritePayload(remap, first, context) == Outcome::kFailed) {
    return Outcome::kFailed;
  }
  uint8_t* const header = parsed.l4_header;
  parsed.seq = seq;
  WriteBig32(header + kSeqOffset, seq.raw());
  if (parsed.Has(kUrg)) {
    parsed.urgent = static_cast<uint16_t>(
        std::clamp(urgent.Since(seq), 0, int32_t{UINT16_MAX}));
    WriteBig16(header + kUrgentOffset, parsed.urgent);
  }
  UpdateTcpChecksum(header, before,
                    repeats ? SegmentSum(parsed) : HeaderSum(parsed));
  if (repeats && parsed.ip_header[0] >> 4 == 4) {
    WriteIpv4Checksum(parsed.ip_header);
  }
  counters_.remapped_packets.Add(1);
  return Outcome::kDone;
}

// A packet of a new connection has no payload that was changed: before a
// connection's end its SYN repeats nothing but the SYN.
void SeqTranslator::Undo(const PacketContext& context) {
  ParsedPacket& parsed = context.parsed;
  if (parsed.seq == arrived_seq_) return;
  const uint64_t before = HeaderSum(parsed);
  parsed.seq = arrived_seq_;
  WriteBig32(parsed.l4_header + kSeqOffset, parsed.seq.raw());
  UpdateTcpChecksum(parsed.l4_header, before, HeaderSum(parsed));
}

EditResult SeqTranslator::MayChangeLength(Flow& flow,
                                          const ParsedPacket& segment,
                                          uint32_t offset, uint32_t put_in,
                                          uint32_t& settled) {
  const Side sender = flow.SideOf(segment.sender);
  const TcpEnd& end = flow.end[Index(sender)];
  const SeqNum first = FirstByte(segment, segment.seq);
  if (first > end.next_seq) return EditResult::kOutOfOrder;
  settled = static_cast<uint32_t>(end.next_seq.Since(first));
  if (offset < settled || settled > segment.payload_length ||
      (settled > 0 && settled == segment.payload_length)) {
    return EditResult::kAlreadySent;
  }
  // What is behind the front must not have gone on with its numbers.
  if (fixed_length_ || highest_before_ > end.next_seq ||
      end.Has(end_flag::kHeld)) {
    return EditResult::kOutOfOrder;
  }
  if (flow.remap == nullptr) {
    if (!TakeRemap(flow)) return EditResult::kRemapFull;
    arrived_seq_ = segment.seq;
    arrived_length_ = segment.payload_length;
  }
  const SeqRemap& remap = flow.remap->by_sender[Index(sender)];
  return remap.HasRoom(PayloadMap::kMaxPieces, put_in, AckedOf(flow, sender))
             ? EditResult::kDone
             : EditResult::kRemapFull;
}

void SeqTranslator::Commit(Flow& flow, Side sender,
                           const PacketContext& context) {
  const ParsedPacket& parsed = context.parsed;
  const PayloadMap& map = context.editor.payload_map();
  SeqRemap& remap = flow.remap->by_sender[Index(sender)];
  TcpEnd& end = flow.end[Index(sender)];
  // All that was changed is behind the front, and so behind all changes.
  const uint32_t settled = context.editor.settled_bytes();
  const SeqNum front = end.next_seq;
  remap.Add(remap.AckToSender(front), front, map,
            std::span<const uint8_t>(parsed.payload, parsed.payload_captured)
                .subspan(settled),
            AckedOf(flow, sender));
  const uint32_t growth = map.length() - map.arrived_length();
  end.snd_nxt = end.snd_nxt + growth;
  if (parsed.Has(kFin)) {
    SeqNum& fin = flow.fin_seq[Index(sender)];
    fin = fin + growth;
  }
}

void SeqTranslator::FollowShift(Flow& flow) {
  if (next_shift_.by == 0) return;
  TcpEnd& end = flow.end[Index(next_shift_.side)];
  if (end.next_seq == next_shift_.base && end.snd_nxt == next_shift_.base) {
    end.next_seq = end.next_seq + next_shift_.by;
    end.snd_nxt = end.snd_nxt + next_shift_.by;
  }
  next_shift_.by = 0;
}

SeqTranslator::Outcome SeqTranslator::Leave(Flow& flow, Side sender,
                                            const PacketContext& context) {
  ParsedPacket& parsed = context.parsed;
  if (parsed.payload_length > arrived_length_) {
    const uint32_t longest =
        LongestPayload(flow, Other(sender), parsed.tcp_header_length);
    const uint32_t limit = std::max(longest, arrived_length_);
    split_at_ = parsed.payload_length > limit ? limit : 0;
  }
  const SeqRemap& remap = flow.remap->by_sender[Index(Other(sender))];
  const bool acknowledges = parsed.Has(kAck) && !remap.empty();
  const bool emptied = arrived_length_ > 0 && parsed.payload_length == 0 &&
                       !parsed.Has(kSyn | kFin | kRst);
  if (!acknowledges && !emptied) return Outcome::kDone;
  if (!IsWritable(parsed) ||
      context.editor.MakeWritable(0) != EditResult::kDone) {
    return Fail();
  }
  uint8_t* const header = parsed.l4_header;
  const uint64_t before = HeaderSum(parsed);
  if (acknowledges) {
    WriteBig32(header + kAckOffset, remap.AckToSender(parsed.ack).raw());
    TranslateSack(remap, {header + 20, parsed.tcp_header_length - size_t{20}});
  }
  if (emptied) WriteBig32(header + kSeqOffset, (parsed.seq - 1).raw());
  UpdateTcpChecksum(header, before, HeaderSum(parsed));
  return Outcome::kDone;
}

SeqNum SeqTranslator::AckFor(const Flow& flow, Side side, SeqNum ack) const {
  return flow.remap == nullptr
             ? ack
             : flow.remap->by_sender[Index(side)].AckToSender(ack);
}

// The packet at hand, the first that the shift is for.
bool SeqTranslator::ShiftPacket(Flow& flow, Side side, uint32_t by,
                                PacketEditor& editor) {
  ParsedPacket& parsed = *editor.parsed();
  if (!IsWritable(parsed) || editor.MakeWritable(0) != EditResult::kDone) {
    return false;
  }
  const uint64_t before = HeaderSum(parsed);
  parsed.seq = parsed.seq + by;
  WriteBig32(parsed.l4_header + kSeqOffset, parsed.seq.raw());
  UpdateTcpChecksum(parsed.l4_header, before, HeaderSum(parsed));
  TcpEnd& end = flow.end[Index(side)];
  end.snd_nxt = end.snd_nxt + by;
  if (parsed.Has(kSyn)) {
    flow.first_seq[Index(side)] = flow.first_seq[Index(side)] + by;
  }
  if (parsed.Has(kFin)) {
    flow.fin_seq[Index(side)] = flow.fin_seq[Index(side)] + by;
  }
  return true;
}

RemapResult SeqTranslator::Shift(Flow& flow, Side side, int64_t shift,
                                 SeqNum base, const EditScope& scope) {
  constexpr uint8_t kTcp = 6;
  if (shift < INT32_MIN || shift > INT32_MAX || flow.key.protocol != kTcp) {
    return RemapResult::kBadOffset;
  }
  TcpEnd& end = flow.end[Index(side)];
  const ParsedPacket* const packet =
      scope.editor == nullptr ? nullptr : scope.editor->parsed();
  const bool this_packet =
      packet != nullptr && scope.stage == EditStage::kSender &&
      flow.SideOf(packet->sender) == side && base == packet->seq;
  const bool in_order =
      this_packet &&
      (packet->Has(kSyn) ? base == end.isn() && end.delivered == 0
                         : base == end.next_seq);
  if (!in_order && end.Has(end_flag::kPacketSeen) && base < end.snd_nxt) {
    return RemapResult::kAlreadySent;
  }
  const bool had_remap = flow.remap != nullptr;
  if (!TakeRemap(flow)) return RemapResult::kNoRoom;
  if (!had_remap && packet != nullptr) {
    arrived_seq_ = packet->seq;
    arrived_length_ = packet->payload_length;
  }
  SeqRemap& remap = flow.remap->by_sender[Index(side)];
  const SeqNum acked = AckedOf(flow, side);
  if (!remap.HasRoom(1, 0, acked)) return RemapResult::kNoRoom;
  const auto by = static_cast<uint32_t>(shift);
  // Nothing is missing at the shift: the stream goes on without a hole.
  const bool at_front =
      in_order || (end.Has(end_flag::kPacketSeen) && base == end.next_seq);
  if (in_order && !ShiftPacket(flow, side, by, *scope.editor)) {
    return RemapResult::kNoRoom;
  }
  MOSAIC_CHECK(remap.Shift(base, static_cast<int32_t>(shift), acked));
  if (at_front) end.next_seq = end.next_seq + by;
  if (at_front && !in_order) end.snd_nxt = end.snd_nxt + by;
  if (!at_front && base == end.snd_nxt) next_shift_ = {by, side, base};
  return RemapResult::kSet;
}

}  // namespace mosaic
