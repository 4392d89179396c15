// StreamDelivery brings the payload of TCP segments to readers in order:
// straight from the packet where it can, through a ReassemblyBuffer where it
// must.
//
// Account     Every payload byte that is handed in moves exactly one of the
//             byte counters of CoreCounters, and leaves `pending_bytes` by one
//             of them.
// Threading   Owner worker only.
// Cost        In-order payload of a side that compares nothing is one event on
//             the packet's own bytes; nothing is copied or looked up.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/engine/flow_tracker.h"
#include "dataplane/engine/packet_context.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

class StreamDelivery {
 public:
  explicit StreamDelivery(FlowTracker& tracker)
      : tracker_(tracker), counters_(tracker.counters()) {}

  // How a segment's payload lies to what is known of its stream.
  enum class Position : uint8_t {
    kInOrder,     // Its first byte is the next one, none was seen before.
    kRepeats,     // Some byte was delivered, or is held.
    kOutOfOrder,  // All bytes are new, behind a hole.
  };
  Position Locate(const Flow& flow, Side receiver, int64_t offset,
                  uint32_t length) const;

  // Takes the payload of `context`'s segment, which `receiver` receives, at
  // stream offset `offset`. Raises ERROR and NEW_DATA. Returns the severest
  // verdict of the readers.
  Verdict Receive(Flow& flow, Side receiver, int64_t offset,
                  const PacketContext& context);

  // To be called for bytes from `offset` on that were offered, and whose packet
  // does not go on: `asked_from` (Dispatcher::RaiseFrom) is asked again when
  // they come again.
  void NoteWithheld(Flow& flow, Side receiver, uint64_t offset, uint64_t length,
                    uint8_t asked_from);

  // Takes bytes from `offset` on that were held apart until `receiver`
  // acknowledged them. They fill holes; what is there already stays. They are
  // part of the account already.
  Verdict ReceiveHeld(Flow& flow, Side receiver, uint64_t offset,
                      std::span<const uint8_t> bytes, Timestamp now);

  // To be called when `receiver` has acknowledged up to its peer's snd_una:
  // gives up on holes that the acknowledgements say are none, and forgets
  // retained bytes.
  Verdict Acknowledge(Flow& flow, Side receiver, const PacketContext& context);

  // Gives up on holes whose time has come. Returns when the next one's comes;
  // zero if there is none.
  Timestamp GiveUpOldHoles(Flow& flow, Timestamp now);

  // Delivers all that the flow's streams still hold, gaps told first.
  void Finish(Flow& flow, Timestamp now);

  // Gives the storage of the flow's streams back. REQUIRES: Finish() was
  // called.
  void GiveBack(Flow& flow);

  // Drops what is held for `receiver`, whom nobody reads any more.
  void StopReading(Flow& flow, Side receiver);

  // Changes the buffer's capacity with data inside; what no longer fits is told
  // as ERROR/overwritten. The newest goes, or the oldest where the side's
  // policy is FullBuffer::kDropOldest.
  void Resize(Flow& flow, Side receiver, uint32_t capacity_bytes,
              Timestamp now);

  // Makes the capacity at least so large, which moves no byte.
  void Grow(Flow& flow, Side receiver, uint32_t capacity_bytes);

 private:
  class ConflictReporter;
  class MemoryAccount;

  // Receive() but for bytes whose packet was dropped before.
  Verdict TakeBytes(Flow& flow, Side receiver, int64_t offset,
                    const PacketContext& context);
  // Offers again what was withheld.
  Verdict OfferAgain(Flow& flow, Side receiver, int64_t offset,
                     const PacketContext& context);

  void FollowAcknowledgement(Flow& flow, Side receiver);

  // Tells an observer what a segment brings to a side that nobody reads.
  void ObserveUnread(const Flow& flow, Side receiver, int64_t offset,
                     const PacketContext& context);
  StreamState* StateOf(Flow& flow, Side receiver, uint32_t capacity_bytes);
  void DropStateIfIdle(Flow& flow, Side receiver);
  Verdict ReceiveBuffered(Flow& flow, Side receiver, uint64_t offset,
                          std::span<const uint8_t> payload,
                          const PacketContext& context);
  // Held bytes lose against every copy that is there. `context` is null
  // without a packet of theirs.
  enum class Copy : uint8_t { kOfPacket, kHeld };
  Verdict InsertAll(Flow& flow, Side receiver, StreamState& state,
                    uint64_t offset, std::span<const uint8_t> payload,
                    Copy copy, const PacketContext* context, Timestamp now);
  Verdict HandOverRefused(Flow& flow, Side receiver, StreamState& state,
                          uint64_t offset, std::span<const uint8_t> payload,
                          const PacketContext* context, Timestamp now);
  void CountInsertion(Flow& flow, Side receiver, StreamState& state,
                      uint64_t offset,
                      const ReassemblyBuffer::Insertion& insertion,
                      Timestamp now);
  // Counts and tells what of [offset, end) lies in holes that were given up.
  // Returns how many bytes that are.
  uint64_t TellLate(Flow& flow, Side receiver, const StreamState& state,
                    uint64_t offset, uint64_t end, Timestamp now);
  // Delivers what is in order in the buffer.
  Verdict Drain(Flow& flow, Side receiver, StreamState& state,
                const PacketContext* context, Timestamp now);
  void GiveUpHole(Flow& flow, Side receiver, StreamState& state,
                  uint64_t length, Timestamp now);
  void ReleaseRetained(Flow& flow, Side receiver, StreamState& state);
  // Makes room for [begin, end): first what was fetched goes, then, where the
  // policy says so, what was not.
  void MakeRoom(Flow& flow, Side receiver, StreamState& state, uint64_t begin,
                uint64_t end, Timestamp now);
  // Drops what is held below `floor`; what readers had still to fetch is told.
  void DropOldest(Flow& flow, Side receiver, StreamState& state, uint64_t floor,
                  Timestamp now);
  // The first byte that somebody who peeks has still to fetch; the front if
  // there is none.
  uint64_t FirstUnfetched(const Flow& flow, Side receiver,
                          const StreamState& state) const;
  // Offers a segment in order that is held whole, as one piece.
  Verdict OfferHeld(Flow& flow, Side receiver, StreamState& state,
                    std::span<const uint8_t> payload,
                    const PacketContext& context);
  // Offers bytes in order that have no room, and tells those who peek.
  Verdict OfferUnkept(Flow& flow, Side receiver, StreamState& state,
                      std::span<const uint8_t> payload, ErrorCause cause,
                      const PacketContext* context, Timestamp now);
  Verdict Offer(Flow& flow, Side receiver, std::span<const uint8_t> data,
                const PacketContext* context, Timestamp now);
  // Leaves out the urgent bytes among `data`.
  Verdict OfferAroundUrgent(Flow& flow, Side receiver,
                            std::span<const uint8_t> data,
                            const PacketContext* context, Timestamp now);
  Verdict OfferSpan(Flow& flow, Side receiver, std::span<const uint8_t> data,
                    const PacketContext* context, Timestamp now);
  void RaiseError(Flow& flow, Side receiver, const StreamError& error,
                  Timestamp now);
  void Refuse(Flow& flow, Side receiver, RefusedBytes reason, uint64_t bytes);

  FlowTracker& tracker_;
  CoreCounters& counters_;
};

}  // namespace mosaic
