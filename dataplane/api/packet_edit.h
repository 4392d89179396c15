// What a network function may do to the packet of an event: the words that
// PacketView's editing calls take and answer in.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mosaic {

struct Flow;
class PacketEditor;

// A part of a packet. Offsets into it are from 0 for its first byte.
enum class PacketRegion : uint8_t {
  kLinkHeader,       // All in front of the IP header: addresses, tags, type.
  kIpHeader,         // With options, or extension headers.
  kTransportHeader,  // Of TCP, with options, or UDP.
  kPayload,          // What TCP or UDP carries.
};

inline constexpr size_t kPacketRegions = 4;

// Which checksums an edit computes anew. The downside of kNone is that whoever
// edits has to keep them right: a wrong one makes the receiver drop the packet.
enum class ChecksumUpdate : uint8_t {
  kNone = 0,
  kIp = 1,         // The IPv4 header's; IPv6 has none.
  kTransport = 2,  // Of TCP or UDP. UDP's stays 0 where it is 0 on IPv4.
  kBoth = 3,
};

// What became of an edit. Of all but kDone the packet is as it was.
enum class EditResult : uint8_t {
  kDone,
  kNotEditable,   // The event has no packet that goes on: a timer's, a copy's.
  kNoRegion,      // The packet has no such part.
  kOutOfBounds,   // Offset and length reach beyond the region, or nothing is
                  // given to insert, remove or write.
  kFixedLength,   // The link-layer header's length is no function's to change.
  kMalformed,     // The headers would not be readable, or of another protocol.
  kTooLong,       // Longer than an IP datagram, or a packet buffer, can be.
  kTooLate,       // The receiver took the payload as it was: lengths of TCP
                  // payload change at the sender's hook.
  kAlreadySent,   // A retransmission: its length is settled, same-length edits
                  // work.
  kOutOfOrder,    // Bytes before it are missing, bytes behind it went on
                  // already, or its receiver does not take all of it. Dropped,
                  // it comes again in order.
  kEmptySegment,  // No payload to insert into: nobody would send it again.
  kTunnelled,     // Outer lengths and checksums would not fit any more.
  kReassembled,   // A fragment, or a datagram put together: other packets than
                  // this one go on.
  kCut,           // The capture has not all bytes.
  kBadChecksum,   // Its checksum is wrong; an edit would hide that.
  kSourceRouted,  // Its checksum covers an address it has not yet.
  kNoBuffer,      // The worker's packet buffers are in use.
  kRemapFull,     // Too many changes of length that the receiver has not yet
                  // acknowledged: drop the packet, or let it pass.
};

inline constexpr size_t kEditResults = 18;

// The result in lower case, "out_of_bounds" for instance. Static storage.
std::string_view Name(EditResult result);

// When in a packet's life a callback runs, which decides what of it may change.
enum class EditStage : uint8_t {
  kRaw,       // Before it is looked up: no flow to remap yet.
  kSender,    // The sender took it, the receiver did not: all may change.
  kReceiver,  // The receiver took the segment; its payload is delivered next.
  kStream,    // Its payload is being delivered: the packet may change, what
              // readers are offered does not.
};

// What a PacketView edits through. Without an editor it edits nothing.
struct EditScope {
  PacketEditor* editor = nullptr;
  Flow* flow = nullptr;  // Null for packets without one.
  EditStage stage = EditStage::kRaw;
};

}  // namespace mosaic
