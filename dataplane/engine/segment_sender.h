// SegmentSender makes TCP segments of its own on the flows of a worker: what
// network functions send, and resets.
//
// Ownership   Owns what waits to be sent. Buffers are PacketBuffers'.
// Memory      A FlowPath for each flow record, resident as used, where ports
//             send at all; kMaxWaiting segments that wait for the packet at
//             hand to leave.
// Threading   Owner worker only.
// Cost        A new flow writes its path, 32 bytes; nothing where no port
// sends.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/api/flow_action.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_buffers.h"
#include "dataplane/engine/packet_context.h"
#include "dataplane/engine/seq_translator.h"
#include "dataplane/engine/transmitter.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

class SegmentSender {
 public:
  // Segments that may wait at once. More are refused as kQueueFull.
  static constexpr size_t kMaxWaiting = 64;

  // All outlive the sender.
  SegmentSender(size_t flows, PacketBuffers& buffers,
                const SeqTranslator& translator, Transmitter& transmitter,
                CoreCounters& counters);

  // Address space where some port sends; nothing where none does.
  static constexpr size_t BytesFor(size_t flows) {
    return flows * sizeof(FlowPath);
  }

  // Notes how packets reach the ends of a new flow, number `flow_index`, by its
  // first one: the link header, turned round for the other direction.
  void NotePath(uint32_t flow_index, const PacketContext& context);

  // Whether segments can reach both ends of the flow.
  bool CanSend(uint32_t flow_index) const;
  // FlowView::Send().
  SendResult Send(const Flow& flow, uint32_t flow_index,
                  const SegmentSpec& spec);
  // A RST to each end with the number that it expects next. kQueued if both
  // could be sent to.
  SendResult SendResets(const Flow& flow, uint32_t flow_index);
  // A RST that answers a segment which `sender` sent to a connection that is no
  // more (RFC 9293, section 3.10.7.1); none for a RST.
  void AnswerWithReset(const Flow& flow, uint32_t flow_index, Side sender,
                       const ParsedPacket& segment);

  bool HasWaiting() const { return waiting_ > 0; }
  // Hands over what waits to the transmitter, in the order it was sent.
  void Flush();

 private:
  static constexpr size_t kMaxLinkHeader = 22;  // Ethernet with two tags.
  struct FlowPath {
    std::array<uint8_t, kMaxLinkHeader> link_header;
    uint8_t link_bytes;
    LinkType link;
    uint16_t port;         // Where the first packet came in.
    EndpointIndex sender;  // Whose packets come in there.
    bool known;
  };

  // All of a segment's numbers, when none is left open.
  struct Numbers {
    SeqNum seq;
    SeqNum ack;
    uint16_t window;
  };
  Numbers NumbersOf(const Flow& flow, const SegmentSpec& spec) const;
  // The port by whose lane a packet from `from` leaves; Transmitter::kNoLane.
  uint16_t LaneOf(const FlowPath& path, EndpointIndex from) const;
  bool Queue(const Flow& flow, const FlowPath& path, const SegmentSpec& spec,
             const Numbers& numbers, std::span<const uint8_t> payload,
             uint8_t tcp_flags);

  const size_t flows_;
  PacketBuffers& buffers_;
  const SeqTranslator& translator_;
  Transmitter& transmitter_;
  CoreCounters& counters_;
  LazyArray<FlowPath> path_;  // By flow record; empty where no port sends.
  std::array<Packet, kMaxWaiting> queue_;
  size_t waiting_ = 0;
};

}  // namespace mosaic
