// SeqTranslator keeps the sequence numbers of connections right whose payload
// was lengthened or shortened on the way (edit/seq_remap.h).
//
//   arrives ──► Arrive() ──► sender's hook ──► Commit() ──► receiver ──►
//   Leave()
//               its own         edits          the edits                its
//               peer's numbers                        are noted numbers back
//
// Between Arrive() and Leave() a packet's sequence number is its receiver's,
// and its acknowledgement is as its sender wrote it. So each TcpEnd is kept in
// one numbering: that of who receives what the end sends.
//
// Ownership   Owns the remaps of the flows that have one.
// Memory      EditLimits::remapped_flows, resident as used.
// Threading   Owner worker only.
// Cost        A flow without a remap costs the test of flow_flag::kRemapped.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "dataplane/base/lazy_array.h"
#include "dataplane/edit/packet_editor.h"
#include "dataplane/edit/seq_remap.h"
#include "dataplane/engine/packet_context.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

// The longest payload of a segment to `receiver` with such a header.
uint32_t LongestPayload(const Flow& flow, Side receiver,
                        uint32_t tcp_header_length);

class SeqTranslator final : public LengthGate {
 public:
  SeqTranslator(size_t remapped_flows, CoreCounters& counters);

  // Address space of one for so many.
  static constexpr size_t BytesFor(size_t remapped_flows) {
    return remapped_flows * (sizeof(FlowRemap) + sizeof(uint32_t));
  }

  SeqTranslator(const SeqTranslator&) = delete;
  SeqTranslator& operator=(const SeqTranslator&) = delete;

  enum class Outcome : uint8_t {
    kDone,
    kFailed,  // Its numbers cannot be written: no buffer, in a tunnel, or too
              // long then. It must not go on; it is as it was.
  };

  // Gives the segment the numbers, and the content, that its receiver gets. A
  // segment that reaches over a shift (FlowView::RemapSequence) is cut there:
  // its sender repeats the rest. REQUIRES: the flow is remapped.
  [[nodiscard]] Outcome Arrive(Flow& flow, Side sender,
                               const PacketContext& context);
  // To be called before the sender's hook with the number behind the highest
  // byte that went on before this segment.
  void SetHighest(SeqNum highest) {
    highest_before_ = highest;
    fixed_length_ = false;
  }
  // Until the next SetHighest() lengths stay: the receiver takes the segment in
  // part, or not at all.
  void FixLength() { fixed_length_ = true; }
  // Takes Arrive() back, for a packet that is not the flow's after all.
  void Undo(const PacketContext& context);
  // Notes how functions changed the payload's length at the sender's hook, and
  // moves the sender's end accordingly. REQUIRES: editor.length_changed().
  void Commit(Flow& flow, Side sender, const PacketContext& context);
  // To be called when the receiver has taken the segment: the front follows a
  // shift that begins behind it.
  void FollowShift(Flow& flow);
  // Translates what the segment acknowledges for its receiver.
  // REQUIRES: the flow is remapped.
  [[nodiscard]] Outcome Leave(Flow& flow, Side sender,
                              const PacketContext& context);

  // The longest payload that the packet at hand may leave with, 0 for any. Asks
  // once: the answer to the next question is 0.
  uint32_t TakeSplitAt() {
    const uint32_t at = split_at_;
    if (at != 0) split_at_ = 0;
    return at;
  }

  // Whether the packet at hand is dropped because of kFailed. Asks once, too.
  bool TakeFailed() { return std::exchange(failed_, false); }

  // FlowView::RemapSequence(). `scope` is that of the packet at hand.
  RemapResult Shift(Flow& flow, Side side, int64_t shift, SeqNum base,
                    const EditScope& scope);

  // `ack`, a number of `side`'s stream as its receiver has it, as `side` has
  // it.
  SeqNum AckFor(const Flow& flow, Side side, SeqNum ack) const;

  // The flow ends.
  void Forget(Flow& flow);

  // PacketEditor asks it.
  EditResult MayChangeLength(Flow& flow, const ParsedPacket& segment,
                             uint32_t offset, uint32_t put_in,
                             uint32_t& settled) override;

  size_t remapped_flows() const { return lent_; }

 private:
  bool TakeRemap(Flow& flow);
  Outcome Fail() {
    failed_ = true;
    return Outcome::kFailed;
  }
  static bool ShiftPacket(Flow& flow, Side side, uint32_t by,
                          PacketEditor& editor);
  Outcome RewritePayload(const SeqRemap& remap, SeqNum first,
                         const PacketContext& context);

  CoreCounters& counters_;
  LazyArray<FlowRemap> remap_;
  LazyArray<uint32_t> free_;
  size_t free_count_ = 0;
  size_t next_unused_ = 0;
  size_t lent_ = 0;

  // Of the packet at hand, as it arrived.
  SeqNum arrived_seq_;
  uint32_t arrived_length_ = 0;
  SeqNum highest_before_;
  bool fixed_length_ = false;
  // A shift that begins where the packet at hand ends.
  struct {
    uint32_t by = 0;  // 0: there is none.
    Side side = Side::kClient;
    SeqNum base;
  } next_shift_;
  uint32_t split_at_ = 0;
  bool failed_ = false;
};

}  // namespace mosaic
