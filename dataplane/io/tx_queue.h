// TxQueue sends on one queue of a port.
//
// Ownership   A packet that was received by a port leaves in the very mbuf it
//             came in, as its bytes stand now. Any other (of a replay or a
//             trace) is copied into an mbuf of this port's pool.
// Threading   Send() by one worker, counters by any thread.

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/io/mbuf_pool.h"
#include "dataplane/io/packet_sink.h"

namespace mosaic {

// Each packet given to Send() is in exactly one of the first four.
struct TxQueueCounters {
  Counter packets;   // Taken by the device.
  Counter full;      // Dropped: the device took none of them kMaxTries times.
  Counter oversize;  // Dropped: longer than the port's mtu allows.
  Counter no_mbuf;   // Dropped: a copy was needed, and the pool was empty.
  Counter bytes;     // Of `packets`.
};

class TxQueue final : public PacketSink {
 public:
  static constexpr size_t kMaxBurst = 64;
  // Calls of the driver in a row that may bring no progress.
  static constexpr size_t kMaxTries = 8;

  struct Config {
    uint16_t device = 0;  // DPDK's number of the port.
    uint16_t queue = 0;
    uint16_t port = 0;  // Mosaic's.
    uint32_t max_frame_bytes = 0;
  };

  // REQUIRES: `pool` outlives the queue.
  TxQueue(const Config& config, const MbufPool& pool)
      : config_(config), pool_(pool) {}

  size_t Send(std::span<Packet> packets) override;
  std::optional<uint16_t> port() const override { return config_.port; }

  const TxQueueCounters& counters() const { return counters_; }

 private:
  size_t SendBurst(std::span<Packet> packets);
  rte_mbuf* TakeMbuf(Packet& packet);

  const Config config_;
  const MbufPool& pool_;
  TxQueueCounters counters_;
};

}  // namespace mosaic
