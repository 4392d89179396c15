#include "dataplane/io/pcap_format.h"

#include <algorithm>
#include <optional>

#include "dataplane/io/link_type_number.h"

namespace mosaic {
namespace {

constexpr uint32_t kMicrosecondMagic = 0xa1b2c3d4;
constexpr uint32_t kNanosecondMagic = 0xa1b23c4d;
constexpr size_t kHeaderBytes = 24;
constexpr size_t kRecordHeaderBytes = 16;

bool IsMagic(uint32_t value) {
  return value == kMicrosecondMagic || value == kNanosecondMagic;
}

}  // namespace

bool PcapFormat::Recognises(const uint8_t* first_four) {
  using Order = FileByteOrder::Order;
  return IsMagic(FileByteOrder(Order::kAsHere).Read32(first_four)) ||
         IsMagic(FileByteOrder(Order::kSwapped).Read32(first_four));
}

CaptureFormat::Read PcapFormat::ReadHeader() {
  const std::span<const uint8_t> header = input().Peek(kHeaderBytes);
  if (header.size() < kHeaderBytes) {
    return Cut(0, "the file header", kHeaderBytes, header.size());
  }
  if (!IsMagic(order_.Read32(header.data()))) {
    order_ = FileByteOrder(FileByteOrder::Order::kSwapped);
  }
  if (order_.Read32(header.data()) == kNanosecondMagic) nanos_per_fraction_ = 1;

  const uint16_t major = order_.Read16(header.data() + 4);
  const uint16_t minor = order_.Read16(header.data() + 6);
  if (major != 2 || minor != 4) {
    return Broken(0, absl::StrCat("pcap version ", major, ".", minor,
                                  " is not supported; 2.4 is"));
  }
  // The upper half of the word tells of frame check sequences; they lie behind
  // the bytes that the headers account for and disturb nobody.
  const auto number = static_cast<uint16_t>(order_.Read32(header.data() + 20));
  const std::optional<LinkType> link = LinkTypeFromNumber(number);
  if (!link.has_value()) return Broken(0, UnsupportedLinkType(number));
  link_ = *link;
  input().Advance(kHeaderBytes);
  return Read::kRecord;
}

CaptureFormat::Read PcapFormat::Next(CaptureRecord& record) {
  const uint64_t begin = input().offset();
  std::span<const uint8_t> bytes = input().Peek(kRecordHeaderBytes);
  if (bytes.empty()) return Read::kEnd;
  if (bytes.size() < kRecordHeaderBytes) {
    return Rest(begin, kRecordHeaderBytes, bytes.size());
  }
  const int64_t seconds = order_.Read32(bytes.data());
  const int64_t fraction = order_.Read32(bytes.data() + 4);
  const uint32_t captured = order_.Read32(bytes.data() + 8);
  const uint32_t wire_length = order_.Read32(bytes.data() + 12);
  if (captured > CaptureRecord::kMaxBytes) {
    return Broken(begin, absl::StrCat("a record of ", captured,
                                      " bytes is longer than the largest of ",
                                      CaptureRecord::kMaxBytes));
  }
  const size_t total = kRecordHeaderBytes + captured;
  bytes = input().Peek(total);
  if (bytes.size() < total) {
    return Cut(begin, "the record", total, bytes.size());
  }
  record.bytes = bytes.subspan(kRecordHeaderBytes);
  record.wire_length = std::max(wire_length, captured);
  record.time = std::min(CaptureRecord::kLatest,
                         Timestamp::FromNanos(seconds * 1'000'000'000 +
                                              fraction * nanos_per_fraction_));
  record.link = link_;
  input().Advance(total);
  return Read::kRecord;
}

}  // namespace mosaic
