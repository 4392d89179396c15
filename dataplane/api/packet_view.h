// PacketView is the packet that caused an event, as a network function sees it.
//
// Ownership   Borrowed; valid only during the callback it was given to.
// Threading   The worker that runs the callback.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/base/endpoint.h"
#include "dataplane/base/seq_num.h"
#include "dataplane/base/side.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

class Packet;
struct ParsedPacket;

class PacketView {
 public:
  PacketView(const Packet& packet, const ParsedPacket& parsed, Side sender)
      : packet_(packet), parsed_(parsed), sender_(sender) {}

  // Who sent it. kClient for an orphan.
  Side sender() const { return sender_; }

  Timestamp time() const;
  uint64_t index() const;        // Among all packets received, from 0.
  uint32_t wire_length() const;  // Bytes on the wire, link layer included.

  // The frame as captured, from the link-layer header on.
  std::span<const uint8_t> frame() const;
  // From the innermost IP header on; empty when there is none.
  std::span<const uint8_t> ip() const;
  // The transport protocol's payload.
  std::span<const uint8_t> payload() const;

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

 private:
  const Packet& packet_;
  const ParsedPacket& parsed_;
  const Side sender_;
};

}  // namespace mosaic
