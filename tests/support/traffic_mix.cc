#include "tests/support/traffic_mix.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "dataplane/parse/parsed_packet.h"

namespace mosaic::testing {
namespace {

constexpr Timestamp kStart = Timestamp::FromNanos(1'700'000'000'000'000'000);

// One connection's packets, in the order in which they are captured.
class Talk {
 public:
  Talk(uint32_t number, std::mt19937& random) : random_(random) {
    six_ = number % 3 == 0;
    client_port_ = static_cast<uint16_t>(2000 + number);
    isn_ = {static_cast<uint32_t>(random_()), static_cast<uint32_t>(random_())};
  }

  std::vector<PacketBuilder> Packets() {
    Say(0, tcp_flag::kSyn, 0, "");
    Say(1, tcp_flag::kSyn | tcp_flag::kAck, 0, "");
    Say(0, tcp_flag::kAck, 1, "");
    const size_t turns = random_() % 20;
    for (size_t i = 0; i < turns; ++i) SayPiece(random_() % 2);
    switch (random_() % 4) {
      case 0:
        Say(0, tcp_flag::kFin | tcp_flag::kAck, Next(0), "");
        Say(1, tcp_flag::kFin | tcp_flag::kAck, Next(1), "", 1);
        Say(0, tcp_flag::kAck, Next(0) + 1, "", 1);
        break;
      case 1:
        Say(1, tcp_flag::kRst | tcp_flag::kAck, Next(1), "");
        break;
      default:
        break;
    }
    // Neighbours change places, as on parallel paths.
    for (size_t i = 4; i < packets_.size(); ++i) {
      if (random_() % 8 == 0) std::swap(packets_[i - 1], packets_[i]);
    }
    return std::move(packets_);
  }

 private:
  // Sequence number, relative to the ISN, behind all that `from` has said.
  uint32_t Next(size_t from) const { return 1 + said_[from]; }

  void SayPiece(size_t from) {
    std::string piece(1 + random_() % 40, 'a');
    for (char& c : piece) c = static_cast<char>('a' + random_() % 26);
    const uint32_t at = Next(from);
    said_[from] += static_cast<uint32_t>(piece.size());
    const uint32_t luck = random_() % 16;
    if (luck != 0) Say(from, tcp_flag::kAck, at, piece);
    if (luck == 1) Say(from, tcp_flag::kAck, at, piece);
    if (luck == 2) {
      piece[0] = '!';
      Say(from, tcp_flag::kAck, at, piece);
    }
  }

  void Say(size_t from, uint8_t flags, uint32_t seq, std::string_view text,
           uint32_t fin_acked = 0) {
    constexpr std::string_view kFour[] = {"10.1.0.1", "10.1.0.2"};
    constexpr std::string_view kSix[] = {"2001:db8::a", "2001:db8::b"};
    const size_t to = from ^ 1;
    PacketBuilder packet;
    if (six_) {
      packet.Ipv6(kSix[from], kSix[to]);
    } else {
      packet.Ipv4(kFour[from], kFour[to]);
    }
    const uint16_t port[] = {client_port_, 80};
    packets_.push_back(packet.Tcp(port[from], port[to])
                           .Seq(isn_[from] + seq)
                           .Ack(isn_[to] + Next(to) + fin_acked)
                           .Flags(flags)
                           .Payload(text));
  }

  std::mt19937& random_;
  bool six_;
  uint16_t client_port_;
  std::array<uint32_t, 2> isn_;
  std::array<uint32_t, 2> said_ = {};
  std::vector<PacketBuilder> packets_;
};

}  // namespace

std::vector<TimedPacket> MixedTraffic() {
  std::mt19937 random(20240229);
  std::vector<TimedPacket> mixed;
  Timestamp time = kStart;
  for (uint32_t wave = 0; wave < 3; ++wave) {
    std::vector<std::vector<PacketBuilder>> talks;
    for (uint32_t i = 0; i < 60; ++i) {
      // The second wave uses tuples of the first again.
      talks.push_back(Talk(i + (wave == 2 ? 40 : 0), random).Packets());
    }
    for (uint16_t i = 0; i < 10; ++i) {
      talks.push_back({PacketBuilder().Udp(static_cast<uint16_t>(i + 1), 53),
                       PacketBuilder().Icmp(8, 0)});
    }
    std::vector<size_t> at(talks.size());
    std::vector<size_t> order;
    for (size_t i = 0; i < talks.size(); ++i) {
      order.insert(order.end(), talks[i].size(), i);
    }
    std::shuffle(order.begin(), order.end(), random);
    for (size_t i : order) {
      time = time + Duration::Micros(random() % 20'000);
      mixed.push_back({time, talks[i][at[i]++]});
    }
    time = time + Duration::Seconds(wave == 0 ? 7 : 40);
  }
  return mixed;
}

EngineSetup MixedTrafficSetup() {
  EngineSetup setup;
  setup.pipeline.limits.flows = 4096;
  setup.pipeline.limits.timeouts.enabled = true;
  setup.pipeline.limits.timeouts.established = Duration::Seconds(20);
  setup.functions[0].context_bytes = 8;
  setup.monitors[0].midstream = Midstream::kPickup;
  return setup;
}

}  // namespace mosaic::testing
