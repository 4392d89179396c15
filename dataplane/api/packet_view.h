// PacketView is the packet that caused an event, as a network function sees it,
// and by which it changes it.
//
// Chain       The next function sees the packet as the one before left it, and
//             so does the receiver's end as the engine emulates it, if the edit
//             was made at the sender's hook.
// Numbers     A packet's sequence number is the one its receiver gets; its
//             acknowledgement and SACK blocks are as its sender wrote them. So
//             both speak of one stream in one numbering, that of the stream's
//             receiver, and what is translated for the other end is translated
//             as the packet leaves.
// Tap         On a port that only receives, and in a replay, edits change what
//             later functions and readers see and nothing else: no packet
//             leaves. Bytes that others share (a trace in memory, a mirrored
//             buffer) are copied before the first edit.
// Ownership   Borrowed; valid only during the callback it was given to. Spans
//             that were taken before an edit are not valid after it.
// Threading   The worker that runs the callback.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/api/packet_edit.h"
#include "dataplane/base/endpoint.h"
#include "dataplane/base/seq_num.h"
#include "dataplane/base/side.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

class Packet;
struct ParsedPacket;

class PacketView {
 public:
  // One that edits nothing.
  PacketView(const Packet& packet, const ParsedPacket& parsed, Side sender)
      : packet_(packet), parsed_(parsed), sender_(sender) {}
  // `scope.editor` is at work on `packet` and `parsed`.
  PacketView(const Packet& packet, const ParsedPacket& parsed, Side sender,
             const EditScope& scope)
      : packet_(packet), parsed_(parsed), sender_(sender), scope_(scope) {}

  // What it edits through; for the engine.
  const EditScope& scope() const { return scope_; }

  // Who sent it. kClient for an orphan.
  Side sender() const { return sender_; }

  Timestamp time() const;
  uint64_t index() const;        // Among all packets received, from 0.
  uint32_t wire_length() const;  // Bytes on the wire, link layer included.
  uint16_t port() const;         // Index of the port it came in by.

  // The frame as captured, from the link-layer header on.
  std::span<const uint8_t> frame() const;
  // From the innermost IP header on; empty when there is none.
  std::span<const uint8_t> ip() const;
  // The transport protocol's payload.
  std::span<const uint8_t> payload() const;
  // Any part; empty when the packet has no such part.
  std::span<const uint8_t> region(PacketRegion region) const;

  uint8_t protocol() const;  // IANA number.

  // The innermost IP header's addresses, with the ports where the packet has
  // them, 0 where it does not: of a fragment, of another protocol than TCP and
  // UDP.
  Endpoint source() const;
  Endpoint destination() const;

  // TCP only; meaningless else.
  SeqNum seq() const;
  SeqNum ack() const;
  uint8_t tcp_flags() const;
  uint16_t window() const;

  // Writes `bytes` over those of `region` from `offset` on. An overwrite is not
  // remembered: a retransmission of the bytes is told as any packet, and has to
  // be written over again.
  [[nodiscard]] EditResult Overwrite(
      PacketRegion region, size_t offset, std::span<const uint8_t> bytes,
      ChecksumUpdate update = ChecksumUpdate::kBoth);

  // Puts `bytes` in front of the byte at `offset`, which may be the end of the
  // region. Lengths of IP, UDP and TCP's data offset follow; a header's length
  // stays a multiple of its unit and within its bounds, or the edit is refused.
  // A change of a TCP payload's length is remembered until the receiver has
  // acknowledged it: sequence numbers of the flow are shifted from there on,
  // and a retransmission already carries the inserted bytes, and lacks the
  // removed ones, when functions see it.
  [[nodiscard]] EditResult Insert(
      PacketRegion region, size_t offset, std::span<const uint8_t> bytes,
      ChecksumUpdate update = ChecksumUpdate::kBoth);

  // Removes `length` bytes from `offset` on, as Insert() adds them.
  // A TCP segment that is left without payload goes on as a keep-alive probe
  // is, one number lower, so that its receiver acknowledges what is gone.
  [[nodiscard]] EditResult Remove(
      PacketRegion region, size_t offset, size_t length,
      ChecksumUpdate update = ChecksumUpdate::kBoth);

 private:
  const Packet& packet_;
  const ParsedPacket& parsed_;
  const Side sender_;
  const EditScope scope_;
};

}  // namespace mosaic
