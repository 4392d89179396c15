#include "dataplane/edit/packet_editor.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/edit/packet_regions.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"
#include "dataplane/parse/transport.h"

namespace mosaic {
namespace {

// What the lengths in IP headers can say.
constexpr uint32_t kMaxIpv4Bytes = 65'535;
constexpr uint32_t kMaxIpv6Bytes = kIpv6Header + 65'535;
constexpr uint32_t kMaxTcpHeader = 60;
constexpr uint32_t kMaxIpv4Header = 60;
// Payload that is shown to the parser with new headers.
constexpr size_t kLookedInto = 128;

ParserConfig ReparseConfig() {
  ParserConfig config;
  config.checksum = ChecksumPolicy::kIgnore;
  return config;
}

bool Has(ChecksumUpdate update, ChecksumUpdate part) {
  return (static_cast<uint8_t>(update) & static_cast<uint8_t>(part)) != 0;
}

bool IsIpv4(const ParsedPacket& parsed) {
  return parsed.ip_header[0] >> 4 == 4;
}

// Moves pointers into `from` to the same places in `to`.
void Rebase(const uint8_t* from, uint8_t* to, ParsedPacket& parsed) {
  for (uint8_t** at : {&parsed.ip_header, &parsed.l4_header, &parsed.payload}) {
    if (*at != nullptr) *at = to + (*at - from);
  }
}

// Whether the link layer may say how long the packet is, as PPPoE and LLC do:
// whether it is more than Ethernet with VLAN tags.
bool HasOuterLength(const Packet& packet, const ParsedPacket& parsed) {
  constexpr int kEthernetHeader = 14;
  constexpr int kVlanTag = 4;
  return packet.link == LinkType::kEthernet &&
         parsed.ip_header - packet.data !=
             kEthernetHeader + kVlanTag * parsed.vlan_count;
}

// REQUIRES: the packet's buffer has room.
void SetLength(uint32_t length, Packet& packet) {
  packet.tailroom = static_cast<uint16_t>(
      std::min<uint32_t>(packet.tailroom + packet.length - length, UINT16_MAX));
  packet.length = length;
  packet.wire_length = length;
}

// Lengths inside the headers at `ip`, for a region that grew by `growth`.
// False if they cannot be such.
bool FixHeaderLengths(PacketRegion region, const ParsedPacket& parsed,
                      uint8_t* ip, uint8_t* l4, int64_t growth) {
  if (growth == 0) return true;
  if (region == PacketRegion::kTransportHeader) {
    if (parsed.packet_class != PacketClass::kTcp) return false;
    const int64_t length = parsed.tcp_header_length + growth;
    if (length % 4 != 0 || length < kTcpMinHeader || length > kMaxTcpHeader) {
      return false;
    }
    l4[12] = static_cast<uint8_t>((l4[12] & 0xf) | (length / 4) << 4);
    return true;
  }
  const int64_t length = (l4 - ip);
  if (IsIpv4(parsed)) {
    if (length % 4 != 0 || length < kIpv4MinHeader || length > kMaxIpv4Header) {
      return false;
    }
    ip[0] = static_cast<uint8_t>(0x40 | length / 4);
    return true;
  }
  return length % 8 == 0 && length >= kIpv6Header;
}

}  // namespace

PacketEditor::PacketEditor(PacketBuffers& buffers, LengthGate& gate,
                           std::span<Counter, kEditResults> results)
    : buffers_(buffers),
      gate_(gate),
      results_(results),
      parser_(ReparseConfig()) {}

void PacketEditor::Forget() {
  for (size_t i = 0; i < replaced_count_; ++i) replaced_[i].Free();
  replaced_count_ = 0;
  touched_ = false;
  length_changed_ = false;
  copied_for_stream_ = false;
}

EditResult PacketEditor::Overwrite(const EditScope& scope, PacketRegion region,
                                   size_t offset,
                                   std::span<const uint8_t> bytes,
                                   ChecksumUpdate update) {
  return Apply(scope, {region, offset, bytes.size(), bytes, update});
}

EditResult PacketEditor::Insert(const EditScope& scope, PacketRegion region,
                                size_t offset, std::span<const uint8_t> bytes,
                                ChecksumUpdate update) {
  return Apply(scope, {region, offset, 0, bytes, update});
}

EditResult PacketEditor::Remove(const EditScope& scope, PacketRegion region,
                                size_t offset, size_t length,
                                ChecksumUpdate update) {
  return Apply(scope, {region, offset, length, {}, update});
}

EditResult PacketEditor::CheckPacket(ChecksumUpdate update) const {
  if (packet_ == nullptr) return EditResult::kNotEditable;
  const ParsedPacket& parsed = *parsed_;
  if (parsed.ip_header == nullptr) return EditResult::kNoRegion;
  if (parsed.tunnels > 0) return EditResult::kTunnelled;
  if (parsed.reassembled > 0 || parsed.packet_class == PacketClass::kFragment) {
    return EditResult::kReassembled;
  }
  if (parsed.payload_captured != parsed.payload_length ||
      packet_->length < packet_->wire_length) {
    return EditResult::kCut;
  }
  if (parsed.l4_checksum == L4Checksum::kBad) return EditResult::kBadChecksum;
  if (Has(update, ChecksumUpdate::kTransport) && parsed.l4_header != nullptr &&
      IsSourceRouted(parsed)) {
    return EditResult::kSourceRouted;
  }
  return EditResult::kDone;
}

EditResult PacketEditor::CheckLength(const EditScope& scope,
                                     const Change& change) {
  const int64_t growth = static_cast<int64_t>(change.bytes.size()) -
                         static_cast<int64_t>(change.removed);
  if (growth == 0) return EditResult::kDone;
  if (change.region == PacketRegion::kLinkHeader) {
    return EditResult::kFixedLength;
  }
  if (HasOuterLength(*packet_, *parsed_)) return EditResult::kTunnelled;
  // Bytes between the datagram's end and the IP packet's would be in the way.
  const ParsedPacket& whole = *parsed_;
  if (whole.l4_header != nullptr && whole.payload + whole.payload_captured !=
                                        whole.ip_header + whole.ip_length) {
    return EditResult::kMalformed;
  }
  const int64_t longest = IsIpv4(*parsed_) ? kMaxIpv4Bytes : kMaxIpv6Bytes;
  if (parsed_->ip_length + growth > longest) return EditResult::kTooLong;
  if (change.region != PacketRegion::kPayload ||
      parsed_->packet_class != PacketClass::kTcp) {
    return EditResult::kDone;
  }
  if (scope.stage != EditStage::kSender || scope.flow == nullptr) {
    return EditResult::kTooLate;
  }
  if (!length_changed_ && parsed_->payload_captured == 0) {
    return EditResult::kEmptySegment;
  }
  // The bytes beside the change are kept with it.
  const auto put_in =
      static_cast<uint32_t>(parsed_->payload_captured + change.bytes.size());
  uint32_t settled = 0;
  const EditResult answer = gate_.MayChangeLength(
      *scope.flow, *parsed_, static_cast<uint32_t>(change.offset), put_in,
      settled);
  if (answer != EditResult::kDone) return answer;
  if (!length_changed_) {
    settled_ = settled;
    map_.Reset(parsed_->payload_captured - settled);
  }
  return map_.pieces().size() + 4 > PayloadMap::kMaxPieces
             ? EditResult::kRemapFull
             : EditResult::kDone;
}

EditResult PacketEditor::Apply(const EditScope& scope, const Change& change) {
  const EditResult result = TryToApply(scope, change);
  results_[static_cast<size_t>(result)].Add(1);
  return result;
}

EditResult PacketEditor::TryToApply(const EditScope& scope,
                                    const Change& change) {
  EditResult result = CheckPacket(change.update);
  if (result != EditResult::kDone) return result;
  const std::span<uint8_t> region = RegionOf(*packet_, *parsed_, change.region);
  const bool has_region =
      !region.empty() || (change.region == PacketRegion::kPayload &&
                          (parsed_->packet_class == PacketClass::kTcp ||
                           parsed_->packet_class == PacketClass::kUdp));
  if (!has_region) return EditResult::kNoRegion;
  if (change.offset > region.size() ||
      change.removed > region.size() - change.offset ||
      change.removed + change.bytes.size() == 0) {
    return EditResult::kOutOfBounds;
  }
  result = CheckLength(scope, change);
  if (result != EditResult::kDone) return result;
  result = change.region == PacketRegion::kPayload
               ? ChangePayload(scope, change)
               : ChangeHeaders(scope, change);
  if (result == EditResult::kDone) touched_ = true;
  return result;
}

// The new headers are made beside the packet and read as a receiver would: what
// it could not read never reaches the packet.
EditResult PacketEditor::ChangeHeaders(const EditScope& scope,
                                       const Change& change) {
  const ParsedPacket before = *parsed_;
  uint8_t* const old_payload =
      before.packet_class == PacketClass::kTcp ||
              before.packet_class == PacketClass::kUdp
          ? before.payload
          : RegionOf(*packet_, before, PacketRegion::kIpHeader).data() +
                RegionOf(*packet_, before, PacketRegion::kIpHeader).size();
  const size_t old_length = static_cast<size_t>(old_payload - packet_->data);
  const size_t new_length = old_length - change.removed + change.bytes.size();
  if (old_length > kMaxHeaderBytes || new_length > kMaxHeaderBytes) {
    return EditResult::kTooLong;
  }
  const int64_t growth =
      static_cast<int64_t>(new_length) - static_cast<int64_t>(old_length);
  const size_t at =
      static_cast<size_t>(RegionOf(*packet_, before, change.region).data() +
                          change.offset - packet_->data);
  // With some payload: readers of ICMP look into it.
  std::array<uint8_t, kMaxHeaderBytes + kLookedInto> made;
  const size_t rest =
      before.ip_length - static_cast<size_t>(old_payload - before.ip_header);
  const size_t shown = std::min(rest, kLookedInto);
  std::memcpy(made.data() + new_length, old_payload, shown);
  std::memcpy(made.data(), packet_->data, at);
  if (!change.bytes.empty()) {
    std::memcpy(made.data() + at, change.bytes.data(), change.bytes.size());
  }
  std::memcpy(made.data() + at + change.bytes.size(),
              packet_->data + at + change.removed,
              old_length - at - change.removed);

  const size_t ip_at = static_cast<size_t>(before.ip_header - packet_->data);
  const int64_t l4_shift =
      change.region == PacketRegion::kIpHeader ? growth : 0;
  uint8_t* const l4 =
      before.l4_header == nullptr
          ? nullptr
          : made.data() + (before.l4_header - packet_->data) + l4_shift;
  const uint32_t ip_length = static_cast<uint32_t>(before.ip_length + growth);
  if (growth != 0) {
    if (l4 == nullptr || !FixHeaderLengths(change.region, before,
                                           made.data() + ip_at, l4, growth)) {
      return EditResult::kMalformed;
    }
    WriteIpLength(made.data() + ip_at, ip_length);
  }

  Packet probe;
  probe.data = made.data();
  probe.length = static_cast<uint32_t>(new_length + shown);
  probe.wire_length = static_cast<uint32_t>(ip_at + ip_length);
  probe.link = packet_->link;
  probe.port = packet_->port;
  ParsedPacket read;
  parser_.ParseOne(probe, read);
  if (read.packet_class != before.packet_class || read.tunnels != 0 ||
      read.key.protocol != before.key.protocol ||
      read.ip_header != made.data() + ip_at ||
      read.ip_header[0] >> 4 != before.ip_header[0] >> 4 ||
      read.l4_header != l4 || read.payload_length != before.payload_length) {
    return EditResult::kMalformed;
  }

  const bool keeps_stream =
      scope.stage == EditStage::kStream && !copied_for_stream_;
  const EditResult room = keeps_stream ? CopyOut(growth > 0 ? growth : 0)
                                       : MakeWritable(growth > 0 ? growth : 0);
  if (room != EditResult::kDone) return room;
  copied_for_stream_ |= keeps_stream;
  if (growth != 0) {
    std::memmove(packet_->data + new_length, packet_->data + old_length, rest);
    SetLength(static_cast<uint32_t>(new_length + rest), *packet_);
  }
  std::memcpy(packet_->data, made.data(), new_length);

  // The tuple stays the one it arrived with: by that its flow was found.
  parser_.ParseOne(*packet_, *parsed_);
  parsed_->key = before.key;
  parsed_->hash = before.hash;
  parsed_->sender = before.sender;
  parsed_->l4_checksum = before.l4_checksum;
  WriteChecksums(change.update);
  return EditResult::kDone;
}

EditResult PacketEditor::ChangePayload(const EditScope& scope,
                                       const Change& change) {
  if (scope.stage == EditStage::kStream && !copied_for_stream_) {
    const int64_t growth = static_cast<int64_t>(change.bytes.size()) -
                           static_cast<int64_t>(change.removed);
    const EditResult copied = CopyOut(growth > 0 ? growth : 0);
    if (copied != EditResult::kDone) return copied;
    copied_for_stream_ = true;
  }
  const EditResult moved = MovePayload(change);
  if (moved != EditResult::kDone) return moved;
  if (parsed_->packet_class == PacketClass::kTcp &&
      change.removed != change.bytes.size()) {
    NoteLengthChange(change);
  }
  WriteChecksums(change.update);
  return EditResult::kDone;
}

EditResult PacketEditor::MovePayload(const Change& change) {
  const int64_t growth = static_cast<int64_t>(change.bytes.size()) -
                         static_cast<int64_t>(change.removed);
  const EditResult room = MakeWritable(growth > 0 ? growth : 0);
  if (room != EditResult::kDone) return room;
  ParsedPacket& parsed = *parsed_;
  uint8_t* const at = parsed.payload + change.offset;
  if (growth != 0) {
    const size_t rest =
        parsed.payload_captured - change.offset - change.removed;
    std::memmove(at + change.bytes.size(), at + change.removed, rest);
    parsed.payload_captured =
        static_cast<uint32_t>(parsed.payload_captured + growth);
    parsed.payload_length = parsed.payload_captured;
    parsed.ip_length = static_cast<uint32_t>(parsed.ip_length + growth);
    WriteIpLength(parsed.ip_header, parsed.ip_length);
    if (parsed.packet_class == PacketClass::kUdp) {
      WriteBig16(parsed.l4_header + 4,
                 static_cast<uint16_t>(parsed.payload_captured + kUdpHeader));
    }
    // What lay behind the datagram, padding, goes.
    SetLength(static_cast<uint32_t>(parsed.payload - packet_->data +
                                    parsed.payload_captured),
              *packet_);
  }
  if (!change.bytes.empty()) {
    std::memcpy(at, change.bytes.data(), change.bytes.size());
  }
  return EditResult::kDone;
}

EditResult PacketEditor::SplicePayload(size_t offset, size_t removed,
                                       std::span<const uint8_t> bytes) {
  const size_t growth = bytes.size() > removed ? bytes.size() - removed : 0;
  const uint32_t longest = IsIpv4(*parsed_) ? kMaxIpv4Bytes : kMaxIpv6Bytes;
  if (parsed_->ip_length + growth > longest) return EditResult::kTooLong;
  return MovePayload(
      {PacketRegion::kPayload, offset, removed, bytes, ChecksumUpdate::kNone});
}

// CheckLength() has seen to it that there are pieces enough.
void PacketEditor::NoteLengthChange(const Change& change) {
  length_changed_ = true;
  const auto offset = static_cast<uint32_t>(change.offset) - settled_;
  if (change.removed > 0) {
    static_cast<void>(
        map_.Remove(offset, static_cast<uint32_t>(change.removed)));
  }
  if (!change.bytes.empty()) {
    static_cast<void>(
        map_.Insert(offset, static_cast<uint32_t>(change.bytes.size())));
  }
}

void PacketEditor::WriteChecksums(ChecksumUpdate update) {
  if (Has(update, ChecksumUpdate::kIp) && IsIpv4(*parsed_)) {
    WriteIpv4Checksum(parsed_->ip_header);
  }
  if (Has(update, ChecksumUpdate::kTransport) &&
      (parsed_->packet_class == PacketClass::kTcp ||
       parsed_->packet_class == PacketClass::kUdp)) {
    WriteTransportChecksum(*parsed_);
  }
}

EditResult PacketEditor::MakeWritable(uint32_t growth) {
  if (packet_->access == PacketBytes::kOwn && packet_->tailroom >= growth) {
    return EditResult::kDone;
  }
  return CopyOut(growth);
}

EditResult PacketEditor::CopyOut(uint32_t growth) {
  const uint32_t length = packet_->length;
  if (length + growth > PacketBuffers::kBytes) return EditResult::kTooLong;
  if (replaced_count_ == replaced_.size()) return EditResult::kNoBuffer;
  Packet copy;
  if (!buffers_.Give(copy, length)) return EditResult::kNoBuffer;
  std::memcpy(copy.data, packet_->data, length);
  copy.time = packet_->time;
  copy.clock = packet_->clock;
  copy.index = packet_->index;
  copy.port = packet_->port;
  copy.link = packet_->link;
  copy.ip_checksum = packet_->ip_checksum;
  copy.l4_checksum = packet_->l4_checksum;
  Rebase(packet_->data, copy.data, *parsed_);
  replaced_[replaced_count_++] = std::move(*packet_);
  *packet_ = std::move(copy);
  touched_ = true;
  return EditResult::kDone;
}

}  // namespace mosaic
