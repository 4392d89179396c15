// RxQueue receives from one queue of a port.
//
// Ownership   A packet points into the mbuf it was received in, without a copy,
//             until it is freed or sent. Must be outlived by the port's pool,
//             not by its packets.
// Threading   Receive() by one worker, state() and counters by any thread.
// Cost        One driver call, one clock reading and one look at the packet's
//             mbuf each; no look at its bytes, whose first line is prefetched.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/io/mbuf_pool.h"
#include "dataplane/io/packet_numbers.h"
#include "dataplane/io/packet_source.h"
#include "dataplane/io/port_config.h"

namespace mosaic {

// Each packet that the device gave is in exactly one of the first three.
struct RxQueueCounters {
  Counter packets;     // Given to the worker.
  Counter oversize;    // Dropped, longer than the port's mtu allows. With a
                       // kernel interface: switch off its GRO and LRO.
  Counter no_mbuf;     // Dropped for want of an mbuf to linearise it into.
  Counter bytes;       // Of `packets`.
  Counter linearised;  // Of `packets`: came in several segments.
  Counter pool_short;  // Polls that brought nothing while the pool could not
                       // have filled a burst. Raise the port's pool_packets.
};

// What an mbuf's offload flags say about its checksums.
ChecksumVerdict IpChecksumOf(uint64_t offload_flags);
ChecksumVerdict L4ChecksumOf(uint64_t offload_flags);

class RxQueue final : public PacketSource {
 public:
  static constexpr size_t kMaxBurst = 64;

  struct Config {
    uint16_t device = 0;  // DPDK's number of the port.
    uint16_t queue = 0;
    uint16_t port = 0;  // Mosaic's, given to every packet.
    uint32_t max_frame_bytes = 0;
    // Whether the device is a file that comes to an end.
    bool ends = false;
    PortConfig::Checksums checksums = PortConfig::Checksums::kAsReceived;
    std::function<Timestamp()> now;  // Monotonic; called once a burst.
  };

  // REQUIRES: `pool` outlives the queue.
  RxQueue(Config config, const MbufPool& pool);

  // The numbers of the worker that is going to poll. REQUIRES: called before
  // the first Receive(); `numbers` outlives the queue.
  void AssignTo(PacketNumbers& numbers) { numbers_ = &numbers; }

  // Takes at most kMaxBurst packets at once, however long `burst` is.
  size_t Receive(std::span<Packet> burst) override;
  State state() const override {
    return state_.load(std::memory_order_relaxed);
  }

  const RxQueueCounters& counters() const { return counters_; }

 private:
  bool MakeLinear(rte_mbuf*& mbuf);
  void Deliver(rte_mbuf& mbuf, Timestamp now, Packet& packet);
  void NoteEmpty(size_t wanted);

  const Config config_;
  const MbufPool& pool_;
  PacketNumbers* numbers_ = nullptr;
  RxQueueCounters counters_;
  std::atomic<State> state_{State::kActive};  // Written by the worker.
  uint64_t failures_ = 0;                     // Of the device, when last asked.
};

}  // namespace mosaic
