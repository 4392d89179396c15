// FlowView is a flow as a network function sees it: who talks, how far both
// ends are, what was counted, and the function's own context of this flow.
//
// Ownership   Borrowed; valid only during the callback it was given to. A
//             function that wants to find a flow again keeps its id().
// Threading   The worker that owns the flow.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/api/flow_action.h"
#include "dataplane/api/stream_info.h"
#include "dataplane/api/timer.h"
#include "dataplane/api/user_event.h"
#include "dataplane/api/worker_view.h"
#include "dataplane/base/end_reason.h"
#include "dataplane/base/endpoint.h"
#include "dataplane/base/side.h"
#include "dataplane/base/tcp_state.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/stream/overlap_policy.h"

namespace mosaic {

struct ChainLink;
struct Flow;
struct NfSlot;
class FlowServices;
class PacketView;

// A network function's place in the chain of a flow. It stays the same while
// handlers and stops change.
struct LinkRef {
  NfSlot* slot = nullptr;
  uint8_t number = 0;        // In the chain.
  uint16_t attachments = 0;  // Of the monitors that name it, as bits.
};

// How a flow came to be tracked.
enum class FlowOrigin : uint8_t {
  kSyn,        // From its first SYN on.
  kMidstream,  // Picked up later: offset 0 is the first byte seen.
  kDatagram,   // Not TCP.
};

// What one side sent. Bytes and packets count everything seen, whether or not
// anybody monitors the side.
struct SideCounters {
  uint64_t packets = 0;
  uint64_t wire_bytes = 0;     // Link layer included.
  uint64_t payload_bytes = 0;  // As the IP headers declare, repeats included.
  uint64_t stream_bytes = 0;   // In order, without repeats: the length of the
                               // stream as far as it is known.
  uint64_t retransmitted_packets = 0;
  uint64_t retransmitted_bytes = 0;
  uint64_t out_of_order_packets = 0;
  uint64_t gap_bytes = 0;
  uint64_t conflict_bytes = 0;
  uint64_t refused_bytes = 0;  // Bad checksum, beyond the buffer, budget.
  uint64_t icmp_errors = 0;    // Quoting packets that it sent.
};

class FlowView {
 public:
  // `packet` is the event's, null if it has none.
  FlowView(Flow& flow, FlowServices& services, const LinkRef& link,
           PacketView* packet = nullptr)
      : flow_(flow), services_(services), link_(link), packet_(packet) {}

  // Index of the flow's first packet: unique, in order of appearance, opaque.
  uint64_t id() const;

  Endpoint client() const;
  Endpoint server() const;
  uint8_t protocol() const;  // IANA number.
  FlowOrigin origin() const;

  TcpState state(Side side) const;
  // What `side` sent.
  SideCounters counters(Side side) const;

  Timestamp start_time() const;
  Timestamp last_packet_time() const;

  // Time from the SYN to the SYN/ACK and from there to the client's answer, as
  // seen from here; 0 where it was not seen.
  Duration handshake_rtt(Side side) const;

  // The function's context of this flow: `size` bytes as its ContextLayout
  // says, zeroed when the function was attached. Valid to the end of the flow.
  void* context();
  template <typename T>
  T& Context() {
    return *static_cast<T*>(context());
  }

  // The function's own pointer for this flow, null until it is set. Readable to
  // the last event; what it points to is the function's.
  void* user() const;
  void set_user(void* user);

  // Names the flow for WorkerView::VisitFlow().
  FlowHandle handle() const;

  // --- Handlers; see user_event.h. For functions that use them.

  // Handles `event` at `hook` on this flow from the next event on; replaces. A
  // null handler unregisters.
  RegisterError Register(EventId event, Hook hook, EventHandler handler);
  // Null if nothing is registered there.
  EventHandler HandlerOf(EventId event, Hook hook) const;
  // Walks the tree of `event` with the flow's handlers: what OnEvent() does
  // with the event it is given. `caller` comes as EventCall::caller.
  Verdict RunHandlers(const Event& event, void* caller);

  // --- Reading; `side` is who received the bytes. For functions that peek.

  // Copies the next in-order bytes for this function and moves its offset
  // behind them. Nothing when nothing is new or the side is not kept. Of bytes
  // that were lost before it came it is told once.
  PeekResult Peek(Side side, std::span<uint8_t> to);
  // Copies bytes from `offset` on, up to the first that is not held, in order
  // or not. Moves nothing. Returns how many.
  uint32_t PeekAt(Side side, uint64_t offset, std::span<uint8_t> to) const;
  // Where the next Peek() begins.
  uint64_t read_offset(Side side) const;
  // The first range of bytes held at or after `offset`; walks all that is held.
  HeldRange NextHeld(Side side, uint64_t offset) const;
  BufferInfo buffer_info(Side side) const;

  // --- What the function's monitors set, changed for this flow.

  // Bytes kept for `side`: at most ReassemblyBuffer::kMaxCapacityBytes, 0 keeps
  // nothing; false beyond. Of several functions' the largest counts. Growing
  // takes effect at once, and loses nothing; shrinking when the current packet
  // has been dealt with, and ERROR/overwritten tells what no longer fits.
  bool SetBufferBytes(Side side, uint32_t bytes);
  uint32_t buffer_bytes(Side side) const;

  // From the next segment on, for all readers of the flow: of several
  // functions' the first in the chain counts.
  void SetOverlapPolicy(Side side, OverlapPolicy policy);
  OverlapPolicy overlap_policy(Side side) const;

  // Ends the monitoring of `side` for the monitors that attached this function:
  // no more events of that side but the end, at once; its bytes can no longer
  // be read, and are given back when the current packet has been dealt with.
  void StopMonitoring(Side side);
  bool is_stopped(Side side) const;

  // --- Timers of this flow; the flow's end cancels them.

  // kNoTimer if all timers of the worker are in use.
  TimerHandle ArmTimer(const TimerSpec& spec);
  // False if it is not armed (any more).
  bool CancelTimer(TimerHandle timer);

  // --- What reaches the ends; see PacketView for the packet at hand.

  // Shifts the sequence numbers that `side` sends by `shift` more from `base`
  // on, acknowledgements and SACK blocks of the other side back. `base` is in
  // the numbers that PacketView::seq() shows; at the sender's hook it may be
  // that of the packet at hand, which then is shifted too. Calls add up, with
  // each other and with what edits do by themselves. A positive shift leaves
  // numbers that nobody sends: fill them with Send().
  [[nodiscard]] RemapResult RemapSequence(Side side, int64_t shift,
                                          SeqNum base);

  // Sends a segment as if `segment.from` had, by the port that its packets
  // leave by. Longer than the receiver's MSS, it is split; a FIN or PSH goes on
  // the last part. It is no event, no part of a stream as readers see it, and
  // does not move the emulated ends: the function's words are not the peer's.
  // It is sent once; what follows in the stream is not shifted behind it, see
  // RemapSequence().
  [[nodiscard]] SendResult Send(const SegmentSpec& segment);

  // Resets the connection: a RST to both ends, with the number that each
  // expects next (RFC 9293, RFC 5961), behind the packet at hand, whose fate is
  // the verdict's. From then on the flow is closed: what either end still sends
  // is dropped and answered with a RST, and the flow ends as `reset`.
  // kNoPath: nothing can be sent; the flow is closed and blocked all the same.
  // A call rather than a verdict, so that a timer, which has no packet, can
  // reset too, and the current packet may still be forwarded.
  SendResult Reset();

  // Lets go of packets of this flow that this function holds (Verdict::kHold),
  // in the order they came, `most` of them at most; not yet of the packet at
  // hand, which leaves behind them. Returns how many it let go of. One that
  // another function holds too leaves when that one releases it as well;
  // kDrop drops it at once.
  // Held packets are released by the engine itself when their time is up or the
  // flow ends, as the function's failure policy says, and dropped when the flow
  // is blocked or reset.
  size_t Release(HeldFate fate, size_t most = SIZE_MAX);
  // How many packets of this flow this function holds.
  size_t held() const;

 private:
  Flow& flow_;
  FlowServices& services_;
  const LinkRef link_;
  PacketView* const packet_;
};

}  // namespace mosaic
