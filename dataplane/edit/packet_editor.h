// PacketEditor changes the packet that a worker has at hand, for the network
// functions that are called with it.
//
// Ownership   Borrows packet and parsed fields from Begin() to End(); keeps
//             what it replaced until End(), so that spans of it stay readable
//             during the callback that edits.
// Memory      In place where the bytes are the packet's own and there is room;
//             else a buffer of PacketBuffers, whose use is counted there.
// Threading   Owner worker only.
// Cost        A packet that nobody edits costs Begin()'s two stores and a test
//             of touched().

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/api/packet_edit.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_buffers.h"
#include "dataplane/edit/payload_map.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/parse/parser.h"

namespace mosaic {

// Who answers for the sequence numbers of a flow when a payload changes its
// length.
class LengthGate {
 public:
  virtual ~LengthGate() = default;
  // kDone if the payload of `segment`, which the flow's sender just took, may
  // change its length at `offset`, and as many as `put_in` bytes be put into
  // it, those of earlier edits of the packet included; else the reason.
  // `settled` becomes the number of payload bytes that were sent before.
  virtual EditResult MayChangeLength(Flow& flow, const ParsedPacket& segment,
                                     uint32_t offset, uint32_t put_in,
                                     uint32_t& settled) = 0;
};

class PacketEditor {
 public:
  // Longest headers, link layer to transport, that an edit can make.
  static constexpr size_t kMaxHeaderBytes = 512;

  // What functions' edits end in is counted in `results`, by EditResult. All
  // outlive the editor.
  PacketEditor(PacketBuffers& buffers, LengthGate& gate,
               std::span<Counter, kEditResults> results);

  // Sets to work on a packet; both stay where they are until End().
  void Begin(Packet& packet, ParsedPacket& parsed) {
    packet_ = &packet;
    parsed_ = &parsed;
  }
  // Nothing is to be edited any more; what was replaced is given back.
  void End() {
    packet_ = nullptr;
    parsed_ = nullptr;
    if (touched_) [[unlikely]]
      Forget();
  }

  // Whether the packet was changed since Begin().
  bool touched() const { return touched_; }
  // Whether its payload's length was changed on a TCP flow: then payload_map()
  // says how, for what is behind the first settled_bytes().
  bool length_changed() const { return length_changed_; }
  uint32_t settled_bytes() const { return settled_; }
  const PayloadMap& payload_map() const { return map_; }

  // The packet at hand; null if there is none.
  ParsedPacket* parsed() { return parsed_; }

  // As PacketView has them.
  EditResult Overwrite(const EditScope& scope, PacketRegion region,
                       size_t offset, std::span<const uint8_t> bytes,
                       ChecksumUpdate update);
  EditResult Insert(const EditScope& scope, PacketRegion region, size_t offset,
                    std::span<const uint8_t> bytes, ChecksumUpdate update);
  EditResult Remove(const EditScope& scope, PacketRegion region, size_t offset,
                    size_t length, ChecksumUpdate update);

  // Makes the bytes the packet's own with `growth` bytes of room behind them.
  // For the engine, which writes sequence numbers; no edit of a function.
  // kDone, kTooLong or kNoBuffer.
  EditResult MakeWritable(uint32_t growth);
  // Replaces `removed` payload bytes from `offset` on by `bytes`; lengths
  // follow, checksums do not. For the engine: knows no gate, counts as no edit.
  // kDone, kTooLong or kNoBuffer. REQUIRES: the packet is TCP or UDP, whole,
  // outside tunnels.
  EditResult SplicePayload(size_t offset, size_t removed,
                           std::span<const uint8_t> bytes);

 private:
  // One edit: `removed` bytes of the region from `offset` on give way to
  // `bytes`.
  struct Change {
    PacketRegion region;
    size_t offset;
    size_t removed;
    std::span<const uint8_t> bytes;
    ChecksumUpdate update;
  };

  EditResult Apply(const EditScope& scope, const Change& change);
  EditResult TryToApply(const EditScope& scope, const Change& change);
  // Whether the packet at hand is one that can be edited at all.
  EditResult CheckPacket(ChecksumUpdate update) const;
  EditResult CheckLength(const EditScope& scope, const Change& change);
  EditResult ChangeHeaders(const EditScope& scope, const Change& change);
  EditResult ChangePayload(const EditScope& scope, const Change& change);
  EditResult MovePayload(const Change& change);
  void NoteLengthChange(const Change& change);
  void WriteChecksums(ChecksumUpdate update);
  // Moves the packet into a buffer of its own.
  EditResult CopyOut(uint32_t growth);
  void Forget();

  PacketBuffers& buffers_;
  LengthGate& gate_;
  const std::span<Counter, kEditResults> results_;
  const Parser parser_;  // Looks at no checksum.

  Packet* packet_ = nullptr;  // Null between packets.
  ParsedPacket* parsed_ = nullptr;
  bool touched_ = false;
  bool length_changed_ = false;
  bool copied_for_stream_ = false;
  // What the packet was before it was copied: as it arrived, and as its stream
  // was offered.
  std::array<Packet, 4> replaced_;
  size_t replaced_count_ = 0;
  PayloadMap map_;  // Of the payload behind settled_.
  uint32_t settled_ = 0;
};

}  // namespace mosaic
