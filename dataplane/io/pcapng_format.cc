#include "dataplane/io/pcapng_format.h"

#include <algorithm>
#include <optional>

#include "dataplane/io/link_type_number.h"

namespace mosaic {
namespace {

// Kinds of blocks.
constexpr uint32_t kSection = 0x0a0d0d0a;  // The same in both byte orders.
constexpr uint32_t kInterface = 1;
constexpr uint32_t kOldPacket = 2;
constexpr uint32_t kSimplePacket = 3;
constexpr uint32_t kPacket = 6;

constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;

// Options of an interface.
constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kTimeResolution = 9;
constexpr uint16_t kTimeOffset = 14;

constexpr size_t kSectionHeaderBytes = 28;  // Without options.
constexpr size_t kInterfaceBytes = 8;       // Bodies, without options.
constexpr size_t kPacketBytes = 20;
constexpr size_t kSimplePacketBytes = 4;
constexpr size_t kFrameBytes = 12;  // Kind and both lengths of a block.

bool IsRead(uint32_t kind) {
  return kind == kInterface || kind == kPacket || kind == kOldPacket ||
         kind == kSimplePacket;
}

}  // namespace

bool PcapngFormat::Recognises(const uint8_t* first_four) {
  return FileByteOrder().Read32(first_four) == kSection;
}

CaptureFormat::Read PcapngFormat::ReadHeader() { return ReadSectionHeader(); }

CaptureFormat::Read PcapngFormat::Next(CaptureRecord& record) {
  for (;;) {
    const std::span<const uint8_t> kind = input().Peek(4);
    if (kind.empty()) return Read::kEnd;
    Block block;
    Read result;
    if (kind.size() == 4 && order_.Read32(kind.data()) == kSection) {
      result = ReadSectionHeader();
    } else {
      result = ReadBlock(block);
      if (result != Read::kRecord) return result;
      switch (block.kind) {
        case kPacket:
        case kOldPacket:
          return ReadPacket(block, record);
        case kSimplePacket:
          return ReadSimplePacket(block, record);
        case kInterface:
          result = ReadInterface(block);
          break;
        default:
          break;
      }
    }
    if (result != Read::kRecord) return result;
  }
}

CaptureFormat::Read PcapngFormat::ReadSectionHeader() {
  const uint64_t begin = input().offset();
  const std::span<const uint8_t> header = input().Peek(kSectionHeaderBytes);
  if (header.size() < kSectionHeaderBytes) {
    return Cut(begin, "a section's header", kSectionHeaderBytes, header.size());
  }
  using Order = FileByteOrder::Order;
  const uint32_t magic = FileByteOrder().Read32(header.data() + 8);
  if (magic == kByteOrderMagic) {
    order_ = FileByteOrder(Order::kAsHere);
  } else if (__builtin_bswap32(magic) == kByteOrderMagic) {
    order_ = FileByteOrder(Order::kSwapped);
  } else {
    return Broken(begin, "the section's byte-order mark is damaged");
  }
  const uint16_t major = order_.Read16(header.data() + 12);
  const uint16_t minor = order_.Read16(header.data() + 14);
  if (major != 1) {
    return Broken(begin, absl::StrCat("pcapng version ", major, ".", minor,
                                      " is not supported; 1.x is"));
  }
  const uint32_t total = order_.Read32(header.data() + 4);
  if (total < kSectionHeaderBytes || total % 4 != 0) {
    return Broken(
        begin, absl::StrCat("the section's header claims a length of ", total,
                            " bytes"));
  }
  const uint64_t skipped = input().Skip(total);
  if (skipped < total) {
    return Cut(begin, "a section's header", total, skipped);
  }
  interfaces_.clear();
  return Read::kRecord;
}

// Reads one whole block; of a kind that is not used only the frame. Answers
// kRecord when it did.
CaptureFormat::Read PcapngFormat::ReadBlock(Block& block) {
  block.offset = input().offset();
  const std::span<const uint8_t> head = input().Peek(8);
  if (head.size() < 8) return Cut(block.offset, "a block", 8, head.size());
  block.kind = order_.Read32(head.data());
  const uint32_t total = order_.Read32(head.data() + 4);
  if (total < kFrameBytes || total % 4 != 0) {
    return Broken(block.offset,
                  absl::StrCat("a block claims a length of ", total, " bytes"));
  }
  if (!IsRead(block.kind)) {
    const uint64_t skipped = input().Skip(total);
    if (skipped < total) return Cut(block.offset, "a block", total, skipped);
    return Read::kRecord;
  }
  if (total > kMaxBlockBytes) {
    return Broken(block.offset, absl::StrCat("a block of ", total,
                                             " bytes is longer than the "
                                             "largest of ",
                                             kMaxBlockBytes));
  }
  const std::span<const uint8_t> bytes = input().Peek(total);
  if (bytes.size() < total) {
    return Cut(block.offset, "a block", total, bytes.size());
  }
  if (order_.Read32(bytes.data() + total - 4) != total) {
    return Broken(block.offset, "the two lengths of a block differ");
  }
  block.body = bytes.subspan(8, total - kFrameBytes);
  input().Advance(total);
  return Read::kRecord;
}

CaptureFormat::Read PcapngFormat::ReadInterface(const Block& block) {
  if (block.body.size() < kInterfaceBytes) {
    return Broken(block.offset, "an interface block is too short");
  }
  if (interfaces_.size() == kMaxInterfaces) {
    return Broken(block.offset, absl::StrCat("more than ", kMaxInterfaces,
                                             " interfaces in one section"));
  }
  Interface interface;
  interface.link_number = order_.Read16(block.body.data());
  interface.snap_bytes = order_.Read32(block.body.data() + 4);

  std::span<const uint8_t> options = block.body.subspan(kInterfaceBytes);
  while (options.size() >= 4) {
    const uint16_t code = order_.Read16(options.data());
    const size_t length = order_.Read16(options.data() + 2);
    const size_t padded = (length + 3) / 4 * 4;
    if (code == kEndOfOptions) break;
    if (padded > options.size() - 4) {
      return Broken(block.offset, "an interface's option runs past its block");
    }
    const uint8_t* const value = options.data() + 4;
    if (code == kTimeResolution && length >= 1) {
      interface.base =
          (*value & 0x80) != 0 ? Interface::Base::kTwo : Interface::Base::kTen;
      interface.exponent = *value & 0x7f;
    } else if (code == kTimeOffset && length >= 8) {
      interface.offset_seconds = static_cast<int64_t>(order_.Read64(value));
    }
    options = options.subspan(4 + padded);
  }
  interfaces_.push_back(interface);
  return Read::kRecord;
}

// Both kinds of packet block that name their interface; they differ in the
// first word only.
CaptureFormat::Read PcapngFormat::ReadPacket(const Block& block,
                                             CaptureRecord& record) {
  const std::span<const uint8_t> body = block.body;
  if (body.size() < kPacketBytes) {
    return Broken(block.offset, "a packet block is too short");
  }
  const uint32_t id = block.kind == kPacket ? order_.Read32(body.data())
                                            : order_.Read16(body.data());
  if (id >= interfaces_.size()) {
    return Broken(block.offset,
                  absl::StrCat("the packet names interface ", id, ", the file ",
                               "describes ", interfaces_.size()));
  }
  const uint64_t stamp = uint64_t{order_.Read32(body.data() + 4)} << 32 |
                         order_.Read32(body.data() + 8);
  const uint32_t captured = order_.Read32(body.data() + 12);
  if (captured > CaptureRecord::kMaxBytes ||
      captured > body.size() - kPacketBytes) {
    return Broken(block.offset, absl::StrCat("a packet of ", captured,
                                             " bytes does not fit its block"));
  }
  record.bytes = body.subspan(kPacketBytes, captured);
  record.wire_length = std::max(order_.Read32(body.data() + 16), captured);
  record.time = TimeOf(stamp, interfaces_[id]);
  last_time_ = record.time;
  return SetLink(block, interfaces_[id], record);
}

// A packet without interface and time: it is of the first interface, and gets
// the time of the packet before it.
CaptureFormat::Read PcapngFormat::ReadSimplePacket(const Block& block,
                                                   CaptureRecord& record) {
  if (block.body.size() < kSimplePacketBytes || interfaces_.empty()) {
    return Broken(block.offset, interfaces_.empty()
                                    ? "a packet comes before any interface"
                                    : "a packet block is too short");
  }
  const Interface& interface = interfaces_.front();
  const uint32_t wire_length = order_.Read32(block.body.data());
  uint32_t captured = wire_length;
  if (interface.snap_bytes != 0) {
    captured = std::min(captured, interface.snap_bytes);
  }
  if (captured > CaptureRecord::kMaxBytes ||
      captured > block.body.size() - kSimplePacketBytes) {
    return Broken(block.offset, absl::StrCat("a packet of ", captured,
                                             " bytes does not fit its block"));
  }
  record.bytes = block.body.subspan(kSimplePacketBytes, captured);
  record.wire_length = wire_length;
  record.time = last_time_;
  return SetLink(block, interface, record);
}

CaptureFormat::Read PcapngFormat::SetLink(const Block& block,
                                          const Interface& interface,
                                          CaptureRecord& record) {
  const std::optional<LinkType> link =
      LinkTypeFromNumber(interface.link_number);
  if (!link.has_value()) {
    return Broken(block.offset, UnsupportedLinkType(interface.link_number));
  }
  record.link = *link;
  return Read::kRecord;
}

Timestamp PcapngFormat::TimeOf(uint64_t stamp,
                               const Interface& interface) const {
  constexpr uint64_t kNanosPerSecond = 1'000'000'000;
  unsigned __int128 nanos = stamp;
  if (interface.base == Interface::Base::kTwo) {
    nanos = (nanos * kNanosPerSecond) >> interface.exponent;
  } else {
    for (int e = interface.exponent; e < 9; ++e) nanos *= 10;
    for (int e = interface.exponent; e > 9 && nanos > 0; --e) nanos /= 10;
  }
  const __int128 since_epoch = static_cast<__int128>(nanos) +
                               static_cast<__int128>(interface.offset_seconds) *
                                   static_cast<__int128>(kNanosPerSecond);
  const __int128 latest = CaptureRecord::kLatest.nanos();
  return Timestamp::FromNanos(static_cast<int64_t>(
      std::clamp(since_epoch, static_cast<__int128>(0), latest)));
}

}  // namespace mosaic
