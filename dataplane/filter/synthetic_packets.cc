#include "dataplane/filter/synthetic_packets.h"

#include <pcap/bpf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kPatchedPackets = 256;
constexpr size_t kRandomPackets = 64;
constexpr size_t kPacketBytes = 96;

void Append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// An IPv4 header of `words` 32-bit words; options are no-operations.
Bytes Ipv4(uint8_t words, uint8_t protocol, uint16_t fragment) {
  const std::array<uint8_t, 20> fixed = {static_cast<uint8_t>(0x40 | words),
                                         0,
                                         0,
                                         80,
                                         0x12,
                                         0x34,
                                         static_cast<uint8_t>(fragment >> 8),
                                         static_cast<uint8_t>(fragment),
                                         64,
                                         protocol,
                                         0,
                                         0,
                                         10,
                                         0,
                                         0,
                                         1,
                                         10,
                                         0,
                                         0,
                                         2};
  Bytes header(size_t{words} * 4, 1);
  std::copy(fixed.begin(), fixed.end(), header.begin());
  return header;
}

Bytes Ipv6(uint8_t next_header) {
  Bytes header = {0x60, 0, 0, 0, 0, 40, next_header, 64};
  for (uint8_t host : {1, 2}) {
    Bytes address = {0x20, 0x01, 0x0d, 0xb8};
    address.resize(15);
    address.push_back(host);
    Append(header, address);
  }
  return header;
}

Bytes Transport() {
  // Ports 1024 and 80; SYN and ACK where a TCP header has its flags.
  return {4, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x12, 0xff, 0xff};
}

std::vector<Bytes> PlainPackets() {
  constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kFragment = 44, kSctp = 132;
  std::vector<Bytes> datagrams;
  for (uint8_t protocol : {kIcmp, kTcp, kUdp, kSctp}) {
    datagrams.push_back(Ipv4(5, protocol, 0));
  }
  datagrams.push_back(Ipv4(7, kTcp, 0));
  datagrams.push_back(Ipv4(15, kUdp, 0));
  datagrams.push_back(Ipv4(5, kTcp, 0x2001));
  for (uint8_t next : {kTcp, kUdp, kFragment}) datagrams.push_back(Ipv6(next));

  std::vector<Bytes> packets;
  for (Bytes& datagram : datagrams) {
    const bool v4 = datagram[0] >> 4 == 4;
    Append(datagram, Transport());
    datagram.resize(std::max(datagram.size(), kPacketBytes - 18), 0x5a);
    packets.push_back(datagram);
    for (bool tagged : {false, true}) {
      Bytes frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
      if (tagged) Append(frame, {0x81, 0, 0, 5});
      Append(frame, v4 ? Bytes{8, 0} : Bytes{0x86, 0xdd});
      Append(frame, datagram);
      packets.push_back(frame);
    }
  }
  return packets;
}

// Where a program compares what it loaded with a constant.
struct Comparison {
  bool indexed;        // `offset` counts from X, which is
  bool x_from_header;  // four times the low half of byte `x`,
  uint32_t x;          // or `x` itself.
  uint32_t offset;
  uint32_t size;
  uint32_t constant;
};

// Reads the code from top to bottom as if it had no jumps: good enough, for
// libpcap's compiler loads just before it compares.
std::vector<Comparison> FindComparisons(const CbpfProgram& program) {
  std::vector<Comparison> found;
  Comparison now = {};
  for (const CbpfInsn& insn : program.instructions()) {
    const bool constant = BPF_SRC(insn.code) == BPF_K;
    switch (BPF_CLASS(insn.code)) {
      case BPF_LD:
        if (BPF_MODE(insn.code) == BPF_ABS || BPF_MODE(insn.code) == BPF_IND) {
          now.indexed = BPF_MODE(insn.code) == BPF_IND;
          now.offset = insn.k;
          now.size = BPF_SIZE(insn.code) == BPF_W   ? 4
                     : BPF_SIZE(insn.code) == BPF_H ? 2
                                                    : 1;
        }
        break;
      case BPF_LDX:
        now.x_from_header = BPF_MODE(insn.code) == BPF_MSH;
        now.x = insn.k;
        break;
      case BPF_JMP:
        if (constant && BPF_OP(insn.code) != BPF_JA && now.size != 0) {
          now.constant = insn.k;
          found.push_back(now);
        }
        break;
      default:
        break;
    }
  }
  return found;
}

// Writes `value` where `where` looks, if the packet has room for it.
void Patch(Bytes& packet, const Comparison& where, uint32_t value) {
  uint64_t at = where.offset;
  if (where.indexed && where.x_from_header) {
    at += where.x < packet.size() ? 4 * (packet[where.x] & 15) : 0;
  } else if (where.indexed) {
    at += where.x;
  }
  if (at + where.size > packet.size()) return;
  for (uint32_t i = 0; i < where.size; ++i) {
    packet[at + i] = static_cast<uint8_t>(value >> (8 * (where.size - 1 - i)));
  }
}

}  // namespace

std::vector<Bytes> PacketsFor(const CbpfProgram& program) {
  std::mt19937 random(20);
  const auto below = [&random](size_t n) { return random() % n; };
  const std::vector<Bytes> plain = PlainPackets();
  const std::vector<Comparison> comparisons = FindComparisons(program);

  std::vector<Bytes> packets = plain;
  if (!comparisons.empty()) {
    for (size_t i = 0; i < kPatchedPackets; ++i) {
      Bytes packet = plain[below(plain.size())];
      // Few and many: a chain of conditions needs all of them to hold, while
      // `not` needs most of them left alone.
      const size_t one_in = 1 + below(8);
      for (const Comparison& comparison : comparisons) {
        if (below(one_in) != 0) continue;
        static constexpr std::array<uint32_t, 4> kNear = {0, 0, 1, ~0u};
        Patch(packet, comparison,
              comparison.constant + kNear[below(kNear.size())]);
      }
      packets.push_back(packet);
    }
  }
  for (size_t i = 0; i < kRandomPackets; ++i) {
    Bytes packet(below(kPacketBytes));
    for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random());
    packets.push_back(packet);
  }
  return packets;
}

}  // namespace mosaic
