// PortConfig says what a port is and how large its queues and pools are.

#pragma once

#include <cstdint>
#include <string>

namespace mosaic {

struct PortConfig {
  // What operators call it: in messages, metrics and the API.
  std::string name;

  // The device behind it; device_spec.h lists the forms.
  std::string device;

  // Receive queues, each polled by one worker, and transmit queues, each used
  // by one worker. 1 to kMaxQueues.
  uint16_t rx_queues = 1;
  uint16_t tx_queues = 1;

  // Packets that a queue's ring in the device holds. Taken to the nearest
  // number that the device can do. Raise `rx_ring_packets` when the device
  // misses packets in bursts.
  uint16_t rx_ring_packets = 1024;
  uint16_t tx_ring_packets = 1024;

  // Most bytes behind the Ethernet header and up to two VLAN tags, kMinMtu to
  // kMaxMtu. 0 means kDefaultMtu, or less where the device cannot take that.
  // Longer frames are dropped and counted, never cut.
  uint32_t mtu = 0;

  // Packets that the port's pool holds: what is in rings, in workers' bursts
  // and between workers, all at once. 2^n - 1 wastes no memory. A packet takes
  // the largest frame plus about 300 bytes, or 2.4 KB at least.
  uint32_t pool_packets = 8191;

  // Whether frames to other stations are received too, as they must be by
  // whatever stands in or beside the path.
  enum class Promiscuous : uint8_t { kOn, kOff };
  Promiscuous promiscuous = Promiscuous::kOn;

  // What is made of the checksums of received packets.
  enum class Checksums : uint8_t {
    kAsReceived,  // What the device says of them, if anything.
    kTakeAsGood,  // Nobody checks them: the device hands over packets of this
                  // very machine, whose checksums nobody has filled in.
  };
  Checksums checksums = Checksums::kAsReceived;

  // How long the start waits for a NIC's link. A link that is still down then
  // is no failure: the cable may come later.
  uint32_t link_wait_millis = 3000;

  static constexpr uint16_t kMaxQueues = 64;
  static constexpr uint32_t kMinMtu = 68;
  static constexpr uint32_t kMaxMtu = 64000;
  static constexpr uint32_t kDefaultMtu = 9000;

  // An Ethernet header and two VLAN tags; frames come without check sequence.
  static constexpr uint32_t kFrameOverheadBytes = 14 + 2 * 4;
};

}  // namespace mosaic
