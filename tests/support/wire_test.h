// WireTest is a wire of two ports with network functions on it, the client
// behind port 0, and a connection over it whose packets are scripts.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/engine_harness.h"
#include "tests/support/packet_builder.h"
#include "tests/support/recording_sink.h"

namespace mosaic::testing {

inline std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string Payload(const Received& got) {
  return {got.parsed.payload, got.parsed.payload + got.parsed.payload_captured};
}

class WireTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kClientIsn = 1000;
  static constexpr uint32_t kServerIsn = 5000;

  explicit WireTest(size_t functions = 2) {
    setup_.sinks = {&to_server_, &to_client_};
    setup_.functions.resize(functions);
    std::vector<size_t> all;
    for (size_t i = 0; i < functions; ++i) all.push_back(i);
    setup_.monitors = {StreamMonitor(all)};
  }

  // Makes function `number` do `what` at each data packet of the client.
  void AtData(size_t number,
              std::function<Verdict(PacketView&, FlowView&)> what,
              Hook hook = Hook::kSender) {
    setup_.functions[number].on_event = [hook, what](const Event& event,
                                                     FlowView& flow) {
      const bool mine = event.kind == EventKind::kPacketIn &&
                        event.hook == hook &&
                        event.packet->sender() == Side::kClient &&
                        !event.packet->payload().empty();
      return mine ? what(*event.packet, flow) : Verdict::kForward;
    };
  }

  PacketBuilder Frame(Side from) const {
    const bool client = from == Side::kClient;
    return PacketBuilder()
        .Ipv4(client ? "10.0.0.1" : "10.0.0.2",
              client ? "10.0.0.2" : "10.0.0.1")
        .Tcp(client ? 1000 : 80, client ? 80 : 1000)
        .Flags(tcp_flag::kAck);
  }
  void Send(Side from, const PacketBuilder& frame) {
    harness_->SendFrame(frame.Build(), [from](Packet& packet) {
      packet.port = from == Side::kClient ? 0 : 1;
    });
  }
  void Syn(const PacketBuilder::Bytes& options = {}) {
    Send(Side::kClient, Frame(Side::kClient)
                            .Seq(kClientIsn)
                            .Flags(tcp_flag::kSyn)
                            .TcpOptions(options));
  }
  void SynAck(uint32_t ack = kClientIsn + 1,
              const PacketBuilder::Bytes& options = {}) {
    Send(Side::kServer, Frame(Side::kServer)
                            .Seq(kServerIsn)
                            .Ack(ack)
                            .Flags(tcp_flag::kSyn | tcp_flag::kAck)
                            .TcpOptions(options));
  }
  void Start() {
    harness_ = std::make_unique<EngineHarness>(setup_);
    Syn();
    SynAck();
    Data(0, "");
    to_server_.sent.clear();
    to_client_.sent.clear();
    for (size_t i = 0; i < setup_.functions.size(); ++i) {
      harness_->recorded(i).Clear();
    }
  }
  void Data(uint32_t offset, std::string_view text, uint8_t flags = 0) {
    Send(Side::kClient, Frame(Side::kClient)
                            .Seq(kClientIsn + 1 + offset)
                            .Ack(kServerIsn + 1)
                            .Flags(static_cast<uint8_t>(tcp_flag::kAck | flags))
                            .Payload(text));
  }
  void ServerAck(uint32_t offset) {
    Send(Side::kServer,
         Frame(Side::kServer).Seq(kServerIsn + 1).Ack(kClientIsn + 1 + offset));
  }
  // What the server got: "offset:payload" for each frame, checksums right.
  std::vector<std::string> AtServer() { return Take(to_server_, kClientIsn); }
  std::vector<std::string> Take(RecordingSink& sink, uint32_t isn) {
    std::vector<std::string> got;
    for (const PacketBuilder::Bytes& frame : sink.sent) {
      const Received received(frame);
      EXPECT_EQ(received.parsed.l4_checksum, L4Checksum::kGoodSoftware);
      got.push_back(std::to_string(received.parsed.seq.Since(SeqNum(isn + 1))) +
                    ':' + Payload(received));
    }
    sink.sent.clear();
    return got;
  }
  // The acknowledgement that the client got last, as an offset.
  int32_t AckAtClient() {
    const Received got(to_client_.sent.back());
    EXPECT_EQ(got.parsed.l4_checksum, L4Checksum::kGoodSoftware);
    return got.parsed.ack.Since(SeqNum(kClientIsn + 1));
  }
  RecordingSink to_server_{1};
  RecordingSink to_client_{0};
  EngineSetup setup_;
  std::unique_ptr<EngineHarness> harness_;
};

}  // namespace mosaic::testing
