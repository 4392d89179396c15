// Connection writes the packets of one TCP connection into an EngineHarness:
//
//   Connection c(harness);
//   c.Handshake();
//   c.client().Data(3, "def");
//   c.server().Ack(6);
//   c.client().Fin(6);
//
// Offsets are stream offsets, from 0 for the first byte after the SYN. A
// segment acknowledges what its sender last acknowledged with Ack(), at first
// the peer's SYN alone: nothing is acknowledged behind a test's back.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/side.h"
#include "tests/support/engine_harness.h"
#include "tests/support/packet_builder.h"

namespace mosaic::testing {

struct ConnectionOptions {
  uint8_t ip_version = 4;
  uint16_t client_port = 1000;
  uint16_t server_port = 80;
  // The initial sequence numbers, that of the client first.
  std::array<uint32_t, kSides> isn = {1000, 5000};
  std::optional<uint16_t> vlan;
  // Both ends scale their windows by 2^that, and the server's first one is told
  // behind the handshake: without, an end may send 65,535 bytes at once.
  std::optional<uint8_t> window_scale;
  LinkType link = LinkType::kEthernet;
  size_t receiver = 0;  // The worker that receives the packets.
};

class Connection {
 public:
  // One end, to send as.
  class End {
   public:
    // A segment of this end that carries `text` at `offset`, with ACK set, to
    // be changed and sent with Connection::Send().
    PacketBuilder Segment(uint64_t offset, std::string_view text = {}) const;

    void Data(uint64_t offset, std::string_view text);
    // Acknowledges the peer's bytes below `offset`; sent at the highest offset
    // that this end has used.
    void Ack(uint64_t offset);
    // Makes later segments acknowledge that much.
    void SetAcked(uint64_t offset) { acked_ = offset; }
    // `offset` is that of the first byte of `text`.
    void Fin(uint64_t offset, std::string_view text = {});
    // RST with ACK.
    void Rst(uint64_t offset);

   private:
    friend class Connection;
    End(Connection& connection, Side side)
        : connection_(connection), side_(side) {}

    Connection& connection_;
    const Side side_;
    uint64_t next_ = 0;  // Behind the highest offset used.
    uint64_t acked_ = 0;
  };

  explicit Connection(EngineHarness& harness, ConnectionOptions options = {})
      : harness_(harness), options_(options) {}

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Syn();
  void SynAck();
  // The third packet of the handshake.
  void HandshakeAck();
  void Handshake();
  // A connection whose ends may send a gibibyte at once.
  static ConnectionOptions Wide() {
    ConnectionOptions options;
    options.window_scale = 14;
    return options;
  }
  // Both ends' FIN at these offsets, and their acknowledgements.
  void Close(uint64_t client_offset, uint64_t server_offset);

  // `side`'s packet with no flags, at its ISN.
  PacketBuilder Bare(Side side) const;
  void Send(const PacketBuilder& packet) {
    harness_.Send(packet, options_.receiver);
  }

  End& client() { return client_; }
  End& server() { return server_; }
  End& end(Side side) { return side == Side::kClient ? client_ : server_; }

 private:
  PacketBuilder WithOptions(PacketBuilder syn) const;

  EngineHarness& harness_;
  const ConnectionOptions options_;
  End client_{*this, Side::kClient};
  End server_{*this, Side::kServer};
};

}  // namespace mosaic::testing
