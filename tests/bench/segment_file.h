// SegmentFile is a pcap file of TCP segments over IPv4 and Ethernet, one packet
// every so many nanoseconds.
//
// Memory   8 MiB; bytes go to the file when so many have come together.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "dataplane/base/side.h"

namespace mosaic::bench {

// One connection's, in host order.
struct SegmentAddresses {
  std::array<uint32_t, kSides> address = {};
  std::array<uint16_t, kSides> port = {};
};

// What differs from one segment of a connection to the next.
struct SegmentFields {
  Side sender = Side::kClient;
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint8_t flags = 0;  // tcp_flag::*; a SYN has the usual options.
  uint16_t ip_id = 0;
};

class SegmentFile {
 public:
  // Errors of the file show in Close().
  SegmentFile(const std::string& path, uint32_t interval_nanos);

  // REQUIRES: the payload fits an IP datagram.
  void Write(const SegmentAddresses& addresses, const SegmentFields& fields,
             std::span<const uint8_t> payload);

  // Whether all of it has been written; errno says why not.
  bool Close();

  uint64_t packets() const { return packets_; }
  uint64_t wire_bytes() const { return wire_bytes_; }
  int64_t nanos() const { return nanos_; }  // Of the next packet, from 0.

 private:
  void Put32(uint32_t value);
  void PutRecord(std::span<const uint8_t> head,
                 std::span<const uint8_t> payload);
  void Flush();

  std::ofstream file_;
  const uint32_t interval_nanos_;
  std::vector<uint8_t> buffer_;
  int64_t nanos_ = 0;
  uint64_t packets_ = 0;
  uint64_t wire_bytes_ = 0;
};

}  // namespace mosaic::bench
