// Prints what parsing costs, in nanoseconds a packet, for common shapes of
// packets that lie in cache: bursts of 64, the best of many rounds.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "dataplane/parse/parser.h"
#include "dataplane/parse/tcp_options.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;
using Clock = std::chrono::steady_clock;

constexpr int kBurst = 64;
constexpr int kBurstsPerRound = 2000;
constexpr int kRounds = 25;

// Runs `burst` many times; the nanoseconds that one of its packets takes.
template <typename Burst>
double NanosPerPacket(Burst burst) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < kBurstsPerRound; ++i) burst();
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    best = std::min(best, took.count() / (kBurstsPerRound * kBurst));
  }
  return best;
}

std::vector<Packet> MakeBurst(PacketStore& store, PacketBuilder builder) {
  std::vector<Packet> packets;
  for (uint16_t i = 0; i < kBurst; ++i) {
    packets.push_back(store.Make(builder.Seq(i)));
  }
  return packets;
}

// Keeps the compiler from dropping work whose result nobody reads.
void Keep(const void* result) { asm volatile("" : : "r"(result) : "memory"); }

void MeasureShape(const char* name, const PacketBuilder& builder) {
  PacketStore store;
  const std::vector<Packet> packets = MakeBurst(store, builder);
  std::vector<ParsedPacket> parsed(packets.size());
  const auto measure = [&](ChecksumPolicy policy) {
    const Parser parser(ParserConfig{.checksum = policy});
    return NanosPerPacket([&] {
      parser.Parse(packets, parsed);
      Keep(parsed.data());
    });
  };
  std::printf("%-28s %10.1f %10.1f\n", name, measure(ChecksumPolicy::kIgnore),
              measure(ChecksumPolicy::kVerify));
}

void MeasureOptions(const char* name, const Bytes& bytes) {
  const double nanos = NanosPerPacket([&] {
    for (int i = 0; i < kBurst; ++i) {
      Keep(bytes.data());
      const TcpOptions options = ParseTcpOptions(bytes);
      Keep(&options);
    }
  });
  std::printf("%-28s %10.1f\n", name, nanos);
}

void Run() {
  const PacketBuilder v4 = PacketBuilder().Payload(Bytes(1448, 'x'));
  const PacketBuilder v6 = PacketBuilder(v4).Ipv6("2001:db8::1", "2001:db8::2");
  const Bytes timestamps = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
  const Bytes syn = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
                     0, 7, 0, 0,   0, 9, 1, 3,  3, 7};

  std::printf("%-28s %10s %10s\n", "ns per packet", "ignore", "verify");
  MeasureShape("Ethernet IPv4 TCP, 0 bytes", PacketBuilder());
  MeasureShape("Ethernet IPv4 TCP, 1448", v4);
  MeasureShape("  with timestamps", PacketBuilder(v4).TcpOptions(timestamps));
  MeasureShape("  with a VLAN tag", PacketBuilder(v4).Vlan(10));
  MeasureShape("Ethernet IPv4 UDP, 1448", PacketBuilder(v4).Udp(1, 2));
  MeasureShape("Ethernet IPv6 TCP, 1448", v6);
  MeasureShape("  behind one extension", PacketBuilder(v6).ExtensionHeader(60));
  std::printf("\n");
  MeasureOptions("TCP options: timestamps", timestamps);
  MeasureOptions("TCP options: a SYN's", syn);
}

}  // namespace
}  // namespace mosaic

int main() { mosaic::Run(); }
