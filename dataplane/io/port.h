// Port is one Ethernet device of DPDK, with its queues and its packets' pool.
//
// Life        AddDevices() before EAL starts, Open() after; workers poll and
//             send; Stop() when they are done; gone before Eal is.
// Ownership   Owns its queues and its pool. Packets of any port may be in the
//             rings of any other, so all ports are stopped before the first is
//             destroyed, and all packets freed; PortSet does that.
// Threading   Made and stopped by the control thread; Stats() and Info() from
//             any, a scrape among them. A queue belongs to the worker that uses
//             it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/io/device_spec.h"
#include "dataplane/io/kernel_drops.h"
#include "dataplane/io/mbuf_pool.h"
#include "dataplane/io/port_config.h"
#include "dataplane/io/rx_queue.h"
#include "dataplane/io/tx_queue.h"

namespace mosaic {

struct QueueStats {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  // Packets that Mosaic had to drop at the queue:
  uint64_t oversize = 0;  // Longer than the port's mtu allows.
  uint64_t no_mbuf = 0;   // A copy was needed, and the pool was empty.
  uint64_t full = 0;      // Transmit only: the device did not take them.
};

// What the device counted since the start.
struct PortStats {
  uint64_t rx_packets = 0;
  uint64_t rx_bytes = 0;
  uint64_t rx_missed = 0;   // The device's ring was full: workers are too slow.
  uint64_t rx_errors = 0;   // Broken on the wire.
  uint64_t rx_no_mbuf = 0;  // The pool was empty.
  uint64_t tx_packets = 0;
  uint64_t tx_bytes = 0;
  uint64_t tx_errors = 0;
  // Polls that brought nothing while the pool could not have filled a burst.
  uint64_t rx_pool_short = 0;
  // As counted by the queues themselves, which every driver's are the same.
  std::vector<QueueStats> rx_queues;
  std::vector<QueueStats> tx_queues;
};

// What the device is, and how it was set up.
struct PortInfo {
  std::string driver;
  std::string mac;          // "02:00:00:00:00:01".
  uint32_t mtu = 0;         // The largest that is received and sent.
  uint32_t speed_mbps = 0;  // 0: not known.
  bool link_up = false;
  int numa_node = -1;  // -1: not known, or none.
  uint16_t rx_ring_packets = 0;
  uint16_t tx_ring_packets = 0;
  bool has_rss = false;  // Spreads flows itself, both sides alike.
  bool checks_checksums = false;
  size_t pool_packets = 0;
  size_t pool_packets_in_use = 0;
};

class Port {
 public:
  // Opens and starts the device of `config`, the port at place `index` of those
  // that AddDevices() was called with. `now` is the clock that packets are
  // stamped with, monotonic and the same for all ports. An error names the
  // port, the device and the reason.
  // REQUIRES: EAL was started with that device; index is unique.
  static absl::StatusOr<std::unique_ptr<Port>> Open(
      const PortConfig& config, uint16_t index,
      const std::function<Timestamp()>& now);

  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Stops and closes the device, which gives back the packets in its rings. No
  // queue may be used any more; counters, stats and info keep their last state.
  void Stop();

  const std::string& name() const { return config_.name; }
  const std::string& device() const { return config_.device; }
  RxQueue& rx_queue(size_t queue) { return *rx_queues_[queue]; }
  TxQueue& tx_queue(size_t queue) { return *tx_queues_[queue]; }
  size_t rx_queues() const { return rx_queues_.size(); }
  size_t tx_queues() const { return tx_queues_.size(); }
  const MbufPool& pool() const { return *pool_; }

  PortStats Stats();
  PortInfo Info();

 private:
  Port(const PortConfig& config, DeviceKind kind, uint16_t device,
       uint16_t index);

  absl::Status Configure();
  absl::Status SetUpQueues(const std::function<Timestamp()>& now);
  absl::Status Start();
  void WaitForLink();
  void RefreshStats();  // REQUIRES: mutex_ is held, as for RefreshLink().
  void RefreshLink();
  absl::Status Failure(const char* what, int error) const;

  PortConfig config_;
  const DeviceKind kind_;
  const uint16_t device_;  // DPDK's number.
  const uint16_t index_;
  int numa_node_ = -1;
  // Guards what Stats(), Info() and Stop() change, and the device's calls that
  // they make: what follows, and kernel_drops_.
  std::mutex mutex_;
  bool running_ = false;
  bool closed_ = false;
  PortInfo info_;
  PortStats stats_;
  std::unique_ptr<MbufPool> pool_;
  std::vector<std::unique_ptr<RxQueue>> rx_queues_;
  std::vector<std::unique_ptr<TxQueue>> tx_queues_;
  std::unique_ptr<KernelDrops> kernel_drops_;  // Of af_packet, else null.
};

// PortSet is all ports of the process, and takes them down in the right order.
class PortSet {
 public:
  // Checks and opens `ports` in their order. The first failure closes those
  // already open and is returned.
  static absl::StatusOr<std::unique_ptr<PortSet>> Open(
      const std::vector<PortConfig>& ports,
      const std::function<Timestamp()>& now);

  // REQUIRES: every packet was freed or sent.
  ~PortSet();
  PortSet(const PortSet&) = delete;
  PortSet& operator=(const PortSet&) = delete;

  size_t size() const { return ports_.size(); }
  Port& port(size_t index) { return *ports_[index]; }

 private:
  PortSet() = default;

  std::vector<std::unique_ptr<Port>> ports_;
};

}  // namespace mosaic
