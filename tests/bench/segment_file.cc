#include "tests/bench/segment_file.h"

#include <algorithm>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/checksum.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic::bench {
namespace {

constexpr size_t kBufferBytes = size_t{8} << 20;
constexpr size_t kShortestFrame = 60;
constexpr int64_t kFirstSecond = 1'700'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

constexpr size_t kEthernet = 14, kIp = 20, kTcp = 20;
// Maximum segment size 1460, window scale 7, SACK permitted.
constexpr std::array<uint8_t, 12> kSynOptions = {2, 4, 5, 0xb4, 1, 3,
                                                 3, 7, 1, 1,    4, 2};
using Head = std::array<uint8_t, kEthernet + kIp + kTcp + kSynOptions.size()>;

void PutEthernet(uint8_t* at, Side sender) {
  at[0] = at[6] = 2;  // Locally administered.
  at[5] = sender == Side::kClient ? 2 : 1;
  at[11] = sender == Side::kClient ? 1 : 2;
  at[12] = 8;  // IPv4.
}

void PutIp(uint8_t* at, const SegmentAddresses& addresses,
           const SegmentFields& fields, size_t length) {
  at[0] = 0x45;
  WriteBig16(at + 2, static_cast<uint16_t>(length));
  WriteBig16(at + 4, fields.ip_id);
  at[6] = 0x40;  // Do not fragment.
  at[8] = 64;
  at[9] = ip_protocol::kTcp;
  WriteBig32(at + 12, addresses.address[Index(fields.sender)]);
  WriteBig32(at + 16, addresses.address[Index(Other(fields.sender))]);
  WriteBig16(at + 10, ChecksumField(ChecksumSum(at, kIp)));
}

// `pseudo` is the sum of the IP header's part of the checksum.
void PutTcp(uint8_t* at, const SegmentAddresses& addresses,
            const SegmentFields& fields, size_t length, uint64_t pseudo) {
  WriteBig16(at, addresses.port[Index(fields.sender)]);
  WriteBig16(at + 2, addresses.port[Index(Other(fields.sender))]);
  WriteBig32(at + 4, fields.seq);
  WriteBig32(at + 8, fields.ack);
  at[12] = static_cast<uint8_t>(length / 4 << 4);
  at[13] = fields.flags;
  WriteBig16(at + 14, 65'535);
  if (length > kTcp) std::ranges::copy(kSynOptions, at + kTcp);
  WriteBig16(at + 16, ChecksumField(pseudo + ChecksumSum(at, length)));
}

}  // namespace

SegmentFile::SegmentFile(const std::string& path, uint32_t interval_nanos)
    : file_(path, std::ios::binary | std::ios::trunc),
      interval_nanos_(interval_nanos) {
  buffer_.reserve(kBufferBytes + (size_t{1} << 17));
  Put32(0xa1b2c3d4);
  Put32(4 << 16 | 2);
  Put32(0);
  Put32(0);
  Put32(65'535);
  Put32(1);
}

void SegmentFile::Write(const SegmentAddresses& addresses,
                        const SegmentFields& fields,
                        std::span<const uint8_t> payload) {
  const bool syn = (fields.flags & tcp_flag::kSyn) != 0;
  const size_t tcp_length = kTcp + (syn ? kSynOptions.size() : 0);
  Head head = {};
  PutEthernet(head.data(), fields.sender);
  uint8_t* const ip = head.data() + kEthernet;
  PutIp(ip, addresses, fields, kIp + tcp_length + payload.size());
  const auto covered =
      static_cast<uint32_t>(ip_protocol::kTcp + tcp_length + payload.size());
  PutTcp(ip + kIp, addresses, fields, tcp_length,
         ChecksumSum(ip + 12, 8) + ChecksumSum(covered) +
             ChecksumSum(payload.data(), payload.size()));
  PutRecord(std::span(head).first(kEthernet + kIp + tcp_length), payload);
}

void SegmentFile::PutRecord(std::span<const uint8_t> head,
                            std::span<const uint8_t> payload) {
  const size_t length = head.size() + payload.size();
  const size_t padded = std::max(length, kShortestFrame);
  Put32(static_cast<uint32_t>(kFirstSecond + nanos_ / kNanosPerSecond));
  Put32(static_cast<uint32_t>(nanos_ % kNanosPerSecond / 1'000));
  Put32(static_cast<uint32_t>(padded));
  Put32(static_cast<uint32_t>(padded));
  buffer_.insert(buffer_.end(), head.begin(), head.end());
  buffer_.insert(buffer_.end(), payload.begin(), payload.end());
  buffer_.insert(buffer_.end(), padded - length, 0);
  nanos_ += interval_nanos_;
  packets_ += 1;
  wire_bytes_ += padded;
  if (buffer_.size() > kBufferBytes) Flush();
}

bool SegmentFile::Close() {
  Flush();
  file_.close();
  return !file_.fail();
}

void SegmentFile::Put32(uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    buffer_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

void SegmentFile::Flush() {
  file_.write(reinterpret_cast<const char*>(buffer_.data()),
              static_cast<std::streamsize>(buffer_.size()));
  buffer_.clear();
}

}  // namespace mosaic::bench
