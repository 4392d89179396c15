// A naive sender and a naive receiver, joined through the engine with a
// function that lengthens and shortens the stream between them: both must see
// consistent streams and numbers, whatever is lost, repeated or cut anew.

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/tcp_options.h"
#include "gtest/gtest.h"
#include "tests/support/engine_harness.h"
#include "tests/support/packet_builder.h"
#include "tests/support/recording_sink.h"

namespace mosaic::testing {
namespace {

using Bytes = PacketBuilder::Bytes;

struct Scenario {
  uint32_t seed;
  uint8_t ip_version;
  uint32_t isn;
};

// What the function did to a range of the source.
struct Edited {
  uint32_t end;
  std::string bytes;
};

class RemapRandomTest : public ::testing::TestWithParam<Scenario> {
 protected:
  static constexpr uint32_t kSourceBytes = 6000;
  static constexpr uint32_t kServerIsn = 77'000;

  RemapRandomTest() : random_(GetParam().seed) {
    for (uint32_t i = 0; i < kSourceBytes; ++i) {
      source_.push_back(static_cast<char>('a' + random_() % 26));
    }
    setup_.sinks = {&to_server_, &to_client_};
    setup_.functions[0].on_event = [this](const Event& event, FlowView&) {
      return Change(event);
    };
  }

  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  bool DropsOutOfOrder() const { return GetParam().seed % 3 != 0; }

  // The function: edits what is new, in one to three places.
  Verdict Change(const Event& event) {
    if (event.kind != EventKind::kPacketIn || event.hook != Hook::kSender ||
        event.side != Side::kClient || event.packet->payload().empty()) {
      return Verdict::kForward;
    }
    if (Below(20) == 0) return Verdict::kDrop;
    std::string text(event.packet->payload().begin(),
                     event.packet->payload().end());
    const auto size = static_cast<uint32_t>(text.size());
    const auto settled = static_cast<uint32_t>(
        std::max(0, harness_->flow().end[Index(Side::kClient)].next_seq.Since(
                        event.packet->seq())));
    const size_t edits = DropsOutOfOrder() ? 1 + Below(3) : Below(4);
    bool changed = false;
    for (size_t i = 0; i < edits; ++i) {
      const EditResult result = EditOnce(*event.packet, text);
      if (result == EditResult::kAlreadySent) break;
      if (result == EditResult::kOutOfOrder) {
        // Dropped, it comes again in order.
        if (DropsOutOfOrder()) return Verdict::kDrop;
        break;
      }
      EXPECT_EQ(result, EditResult::kDone) << Name(result);
      changed = true;
    }
    if (changed) {
      const std::string now(event.packet->payload().begin(),
                            event.packet->payload().end());
      EXPECT_EQ(now, text) << "the next function sees what this one left";
      // What was sent before is not edited again: the rest is as it arrived.
      const uint32_t begin = sending_ + sending_length_ - (size - settled);
      edited_[begin] = {sending_ + sending_length_, text.substr(settled)};
    }
    return Verdict::kForward;
  }

  EditResult EditOnce(PacketView& packet, std::string& text) {
    const uint32_t at = Below(static_cast<uint32_t>(text.size()) + 1);
    if (Below(2) == 0) {
      const std::string bytes(1 + Below(40),
                              static_cast<char>('A' + Below(26)));
      const EditResult result = packet.Insert(
          PacketRegion::kPayload, at,
          {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
      if (result == EditResult::kDone) text.insert(at, bytes);
      return result;
    }
    if (at == text.size()) return EditResult::kOutOfOrder;
    const uint32_t most = static_cast<uint32_t>(text.size()) - at;
    const uint32_t length =
        Below(4) == 0 ? most : 1 + Below(std::min(most, 30u));
    const EditResult result = packet.Remove(PacketRegion::kPayload, at, length);
    if (result == EditResult::kDone) text.erase(at, length);
    return result;
  }

  std::string Expected() const {
    std::string expected;
    for (uint32_t at = 0; at < kSourceBytes;) {
      const auto edit = edited_.find(at);
      if (edit == edited_.end()) {
        expected.push_back(source_[at++]);
      } else {
        expected += edit->second.bytes;
        at = edit->second.end;
      }
    }
    return expected;
  }

  PacketBuilder Frame(Side from) const {
    PacketBuilder builder;
    const bool client = from == Side::kClient;
    if (GetParam().ip_version == 4) {
      builder.Ipv4(client ? "10.0.0.1" : "10.0.0.2",
                   client ? "10.0.0.2" : "10.0.0.1");
    } else {
      builder.Ipv6(client ? "fd00::1" : "fd00::2",
                   client ? "fd00::2" : "fd00::1");
    }
    return builder.Tcp(client ? 1000 : 80, client ? 80 : 1000);
  }

  void Send(EngineHarness& harness, Side from, const PacketBuilder& frame) {
    const bool own = Below(2) == 0;
    harness.SendFrame(frame.Build(), [&](Packet& packet) {
      packet.port = from == Side::kClient ? 0 : 1;
      packet.access = own ? PacketBytes::kOwn : PacketBytes::kShared;
    });
  }

  // [begin, end) of the source.
  void SendData(EngineHarness& harness, uint32_t begin, uint32_t end) {
    sending_ = begin;
    sending_length_ = end - begin;
    highest_ = std::max(highest_, end);
    Send(harness, Side::kClient,
         Frame(Side::kClient)
             .Seq(GetParam().isn + 1 + begin)
             .Ack(kServerIsn + 1)
             .Flags(end == kSourceBytes ? tcp_flag::kAck | tcp_flag::kFin
                                        : tcp_flag::kAck)
             .Payload(source_.substr(begin, end - begin)));
  }

  // What reached the server, each byte at its offset.
  void ReceiveAtServer(EngineHarness& harness) {
    std::vector<Bytes> frames = std::move(to_server_.sent);
    to_server_.sent.clear();
    for (const Bytes& frame : frames) {
      if (Below(5) == 0) continue;  // Lost behind the engine.
      const Received got(frame);
      ASSERT_EQ(got.parsed.packet_class, PacketClass::kTcp);
      ASSERT_EQ(got.parsed.l4_checksum, L4Checksum::kGoodSoftware);
      if (got.parsed.Has(tcp_flag::kSyn)) continue;
      const auto begin = static_cast<int64_t>(
          got.parsed.seq.Since(SeqNum(GetParam().isn + 1)));
      for (uint32_t i = 0; i < got.parsed.payload_captured; ++i) {
        const int64_t at = begin + i;
        if (at < static_cast<int64_t>(front_)) continue;  // Discarded.
        const char byte = static_cast<char>(got.parsed.payload[i]);
        const auto [where, is_new] = arrived_.emplace(at, byte);
        ASSERT_EQ(where->second, byte) << "two versions of byte " << at;
      }
      if (got.parsed.Has(tcp_flag::kFin)) {
        fin_ = begin + got.parsed.payload_captured;
      }
      while (arrived_.contains(front_)) ++front_;
      if (Below(3) != 0) Acknowledge(harness);
    }
  }

  void Acknowledge(EngineHarness& harness) {
    const uint32_t base = GetParam().isn + 1;
    const bool closed = fin_ == static_cast<int64_t>(front_);
    Bytes options;
    const auto held = arrived_.lower_bound(front_);
    if (held != arrived_.end()) {
      uint64_t end = held->first;
      while (arrived_.contains(end)) ++end;
      options = Bytes(12);
      options[0] = options[1] = 1;
      options[2] = 5;
      options[3] = 10;
      WriteBig32(&options[4], base + static_cast<uint32_t>(held->first));
      WriteBig32(&options[8], base + static_cast<uint32_t>(end));
    }
    Send(harness, Side::kServer,
         Frame(Side::kServer)
             .Seq(kServerIsn + 1)
             .Ack(base + static_cast<uint32_t>(front_) + (closed ? 1 : 0))
             .Flags(tcp_flag::kAck)
             .TcpOptions(options));
  }

  void ReceiveAtClient() {
    const SeqNum base(GetParam().isn + 1);
    for (const Bytes& frame : to_client_.sent) {
      const Received got(frame);
      ASSERT_EQ(got.parsed.l4_checksum, L4Checksum::kGoodSoftware);
      if (got.parsed.Has(tcp_flag::kSyn)) continue;
      const int32_t acked = got.parsed.ack.Since(base);
      ASSERT_GE(acked, 0);
      ASSERT_LE(static_cast<uint32_t>(acked), highest_ + 1);
      acked_ = std::max(acked_, static_cast<uint32_t>(acked));
      const TcpOptions options = ParseTcpOptions(got.parsed.tcp_options());
      for (uint8_t i = 0; i < options.sack_count; ++i) {
        const int32_t begin = options.sack[i].begin.Since(base);
        const int32_t end = options.sack[i].end.Since(base);
        ASSERT_GE(begin, 0);
        ASSERT_LE(static_cast<uint32_t>(end), highest_ + 1);
        for (int32_t at = begin; at < end; ++at) {
          sacked_.insert(static_cast<uint32_t>(at));
        }
      }
    }
    to_client_.sent.clear();
  }

  // Sends something new, or something again that was not reported.
  void SendSomething(EngineHarness& harness) {
    const uint32_t length = 1 + Below(200);
    if (highest_ < kSourceBytes && highest_ < acked_ + 1500 && Below(3) != 0) {
      const uint32_t end = std::min(highest_ + length, kSourceBytes);
      if (Below(6) == 0) {
        highest_ = end;  // Lost before the engine.
      } else {
        SendData(harness, highest_, end);
      }
      return;
    }
    uint32_t begin = std::min(acked_, kSourceBytes - 1);
    if (highest_ > begin + 1) {
      begin += Below(std::min(highest_ - begin, Below(2) == 0 ? 1u : 900u));
    }
    // What the receiver reported is never sent again.
    while (begin < highest_ && sacked_.contains(begin)) ++begin;
    if (begin >= highest_) begin = std::min(acked_, kSourceBytes - 1);
    uint32_t end = begin;
    while (end < std::min(highest_, begin + length) && !sacked_.contains(end)) {
      ++end;
    }
    if (end > begin) SendData(harness, begin, end);
  }

  void Handshake(EngineHarness& harness) {
    Send(harness, Side::kClient,
         Frame(Side::kClient).Seq(GetParam().isn).Flags(tcp_flag::kSyn));
    Send(harness, Side::kServer,
         Frame(Side::kServer)
             .Seq(kServerIsn)
             .Ack(GetParam().isn + 1)
             .Flags(tcp_flag::kSyn | tcp_flag::kAck));
    Send(harness, Side::kClient,
         Frame(Side::kClient).Seq(GetParam().isn + 1).Ack(kServerIsn + 1));
  }

  EngineHarness* harness_ = nullptr;
  std::mt19937 random_;
  std::string source_;
  EngineSetup setup_;
  RecordingSink to_server_{1};
  RecordingSink to_client_{0};

  uint32_t sending_ = 0;  // The segment at hand, in the source.
  uint32_t sending_length_ = 0;
  std::map<uint32_t, Edited> edited_;

  uint32_t highest_ = 0;       // The sender: behind what it sent, what was
  uint32_t acked_ = 0;         // acknowledged to it,
  std::set<uint32_t> sacked_;  // and reported.

  std::map<uint64_t, char> arrived_;  // The receiver.
  uint64_t front_ = 0;
  int64_t fin_ = -1;
};

TEST_P(RemapRandomTest, BothEndsSeeOneStreamWhateverIsLostRepeatedOrCutAnew) {
  EngineHarness harness(setup_);
  harness_ = &harness;
  Handshake(harness);
  size_t rounds = 0;
  while (acked_ <= kSourceBytes && ++rounds < 20'000) {
    SendSomething(harness);
    ASSERT_NO_FATAL_FAILURE(ReceiveAtServer(harness));
    ASSERT_NO_FATAL_FAILURE(ReceiveAtClient());
  }
  ASSERT_EQ(acked_, kSourceBytes + 1) << "the FIN is acknowledged";
  std::string received;
  for (uint64_t i = 0; i < front_; ++i) received.push_back(arrived_.at(i));
  EXPECT_EQ(received, Expected());
  EXPECT_EQ(harness.recorded().data[Index(Side::kServer)], received)
      << "readers see what the receiver gets";
  if (DropsOutOfOrder()) {
    EXPECT_GT(edited_.size(), 15u);
  }
}

std::vector<Scenario> Scenarios() {
  std::vector<Scenario> scenarios;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    // Half of them wrap at 2^32 under way.
    scenarios.push_back({seed, static_cast<uint8_t>(seed % 4 < 2 ? 4 : 6),
                         seed % 2 == 0 ? 1000 : 0u - 3000});
  }
  return scenarios;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RemapRandomTest,
                         ::testing::ValuesIn(Scenarios()),
                         [](const auto& scenario) {
                           return "Seed" + std::to_string(scenario.param.seed);
                         });

}  // namespace
}  // namespace mosaic::testing
