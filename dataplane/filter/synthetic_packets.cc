#include "dataplane/filter/synthetic_packets.h"

#include <pcap/bpf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <span>

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kSteeredPackets = 512;
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

// Runs a program on a packet and, at some of its comparisons, first rewrites
// the bytes compared so that they come out equal, or just not. So the packet is
// led down a path of its own, deeper than chance would get it. Not exact where
// it need not be: a load beyond the end gives 0.
class Steering {
 public:
  Steering(std::span<const CbpfInsn> code, Bytes& packet, std::mt19937& random)
      : code_(code), packet_(packet), random_(random), decided_(code.size()) {}

  void Run() {
    // Rarely, often or always: a chain of conditions needs all of them met.
    const uint32_t of_four = 1 + Below(4);
    while (pc_ < code_.size()) {
      const CbpfInsn& insn = code_[pc_++];
      switch (BPF_CLASS(insn.code)) {
        case BPF_LD:
        case BPF_LDX:
          Load(insn);
          break;
        case BPF_ST:
          memory_[insn.k % memory_.size()] = a_;
          break;
        case BPF_STX:
          memory_[insn.k % memory_.size()] = x_;
          break;
        case BPF_ALU:
          a_ = Compute(insn);
          break;
        case BPF_JMP:
          if (Below(4) < of_four && Rewrite(insn)) break;
          pc_ += BPF_OP(insn.code) == BPF_JA ? insn.k
                 : Holds(insn, a_)           ? insn.jt
                                             : insn.jf;
          break;
        case BPF_RET:
          return;
        default:
          (BPF_MISCOP(insn.code) == BPF_TAX ? x_ : a_) =
              BPF_MISCOP(insn.code) == BPF_TAX ? a_ : x_;
          break;
      }
    }
  }

 private:
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  uint32_t Operand(const CbpfInsn& insn) const {
    return BPF_SRC(insn.code) == BPF_X ? x_ : insn.k;
  }

  uint32_t Read(uint64_t at, uint32_t size) const {
    if (at + size > packet_.size()) return 0;
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; ++i) value = value << 8 | packet_[at + i];
    return value;
  }

  void Load(const CbpfInsn& insn) {
    uint32_t& to = BPF_CLASS(insn.code) == BPF_LD ? a_ : x_;
    switch (BPF_MODE(insn.code)) {
      case BPF_ABS:
      case BPF_IND:
        load_ = pc_ - 1;
        load_size_ = BPF_SIZE(insn.code) == BPF_W   ? 4
                     : BPF_SIZE(insn.code) == BPF_H ? 2
                                                    : 1;
        load_at_ = insn.k + uint64_t{BPF_MODE(insn.code) == BPF_IND ? x_ : 0};
        to = Read(load_at_, load_size_);
        break;
      case BPF_MSH:
        to = 4 * (Read(insn.k, 1) & 15);
        break;
      case BPF_MEM:
        to = memory_[insn.k % memory_.size()];
        break;
      case BPF_LEN:
        to = static_cast<uint32_t>(packet_.size());
        break;
      default:
        to = insn.k;
        break;
    }
  }

  uint32_t Compute(const CbpfInsn& insn) const {
    const uint32_t by = Operand(insn);
    switch (BPF_OP(insn.code)) {
      case BPF_ADD:
        return a_ + by;
      case BPF_SUB:
        return a_ - by;
      case BPF_MUL:
        return a_ * by;
      case BPF_DIV:
        return by == 0 ? 0 : a_ / by;
      case BPF_MOD:
        return by == 0 ? 0 : a_ % by;
      case BPF_OR:
        return a_ | by;
      case BPF_AND:
        return a_ & by;
      case BPF_XOR:
        return a_ ^ by;
      case BPF_LSH:
        return by < 32 ? a_ << by : 0;
      case BPF_RSH:
        return by < 32 ? a_ >> by : 0;
      default:
        return -a_;
    }
  }

  bool Holds(const CbpfInsn& insn, uint32_t a) const {
    switch (BPF_OP(insn.code)) {
      case BPF_JEQ:
        return a == Operand(insn);
      case BPF_JGT:
        return a > Operand(insn);
      case BPF_JGE:
        return a >= Operand(insn);
      default:
        return (a & Operand(insn)) != 0;
    }
  }

  // What `insn` compares with, or a neighbour of it, or nothing.
  uint32_t ValueFor(const CbpfInsn& insn) {
    switch (Below(6)) {
      case 0:
        return Operand(insn) + 1;
      case 1:
        return Operand(insn) - 1;
      case 2:
        return 0;
      default:
        return Operand(insn);
    }
  }

  // Rewrites what was loaded last with what `insn` compares, and goes back to
  // the load. At most once for each comparison; false if there is nothing to
  // rewrite.
  bool Rewrite(const CbpfInsn& insn) {
    const size_t jump = pc_ - 1;
    if (BPF_OP(insn.code) == BPF_JA || decided_[jump] || load_size_ == 0 ||
        load_at_ + load_size_ > packet_.size()) {
      return false;
    }
    decided_[jump] = true;
    // Values that end the program at once are common, and soon tried enough.
    constexpr int kDraws = 4;
    uint32_t value = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      value = ValueFor(insn);
      const size_t next = pc_ + (Holds(insn, value) ? insn.jt : insn.jf);
      if (BPF_CLASS(code_[next].code) != BPF_RET) break;
    }
    for (uint32_t i = load_size_; i-- > 0; value >>= 8) {
      packet_[load_at_ + i] = static_cast<uint8_t>(value);
    }
    pc_ = load_;
    return true;
  }

  const std::span<const CbpfInsn> code_;
  Bytes& packet_;
  std::mt19937& random_;
  std::vector<bool> decided_;  // Of each comparison: rewritten once.

  size_t pc_ = 0;
  uint32_t a_ = 0;
  uint32_t x_ = 0;
  std::array<uint32_t, BPF_MEMWORDS> memory_ = {};

  // The last load into A: its instruction, and its place in the packet.
  size_t load_ = 0;
  uint64_t load_at_ = 0;
  uint32_t load_size_ = 0;  // 0 before there was one.
};

}  // namespace

std::vector<Bytes> PacketsFor(const CbpfProgram& program) {
  std::mt19937 random(20);
  const auto below = [&random](size_t n) { return random() % n; };
  const std::vector<Bytes> plain = PlainPackets();

  std::vector<Bytes> packets = plain;
  for (size_t i = 0; i < kSteeredPackets; ++i) {
    packets.push_back(plain[below(plain.size())]);
    Steering(program.instructions(), packets.back(), random).Run();
  }
  for (size_t i = 0; i < kRandomPackets; ++i) {
    Bytes packet(below(kPacketBytes));
    for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random());
    packets.push_back(packet);
  }
  return packets;
}

}  // namespace mosaic
