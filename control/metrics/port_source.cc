#include "control/metrics/port_source.h"

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/io/heap_stats.h"

namespace mosaic {
namespace {

struct PortReading {
  std::string name;
  std::string device;
  PortInfo info;
  PortStats stats;
};

struct PortCounter {
  const char* name;
  const char* help;
  uint64_t PortStats::*value;
};

constexpr PortCounter kCounters[] = {
    {"mosaic_port_receive_packets_total", "Packets that a port received.",
     &PortStats::rx_packets},
    {"mosaic_port_receive_bytes_total", "Bytes that a port received.",
     &PortStats::rx_bytes},
    {"mosaic_port_receive_missed_packets_total",
     "Packets lost because a receive ring was full: the cores are too slow, or "
     "rx_ring_packets is too small for the bursts.",
     &PortStats::rx_missed},
    {"mosaic_port_receive_errors_total",
     "Packets that were broken when they came. Check cable and peer.",
     &PortStats::rx_errors},
    {"mosaic_port_receive_nombuf_total",
     "Packets not received because the pool was empty. Raise pool_packets.",
     &PortStats::rx_no_mbuf},
    {"mosaic_port_pool_short_polls_total",
     "Polls that brought nothing while the pool could not have filled a burst. "
     "Raise pool_packets.",
     &PortStats::rx_pool_short},
    {"mosaic_port_transmit_packets_total", "Packets that a port sent.",
     &PortStats::tx_packets},
    {"mosaic_port_transmit_bytes_total", "Bytes that a port sent.",
     &PortStats::tx_bytes},
    {"mosaic_port_transmit_errors_total",
     "Packets that a device took and did not send.", &PortStats::tx_errors},
};

double SpeedBytes(const PortInfo& info) {
  constexpr double kBytesPerMegabit = 1e6 / 8;
  return static_cast<double>(info.speed_mbps) * kBytesPerMegabit;
}

void CollectInfo(const std::vector<PortReading>& ports,
                 MetricFamilies& families) {
  MetricFamilyWriter& info = families.Gauge(
      "mosaic_port_info", "Constant 1; the labels say what a port is.");
  MetricFamilyWriter& up =
      families.Gauge("mosaic_port_up", "1 if the port's link is up, else 0.");
  MetricFamilyWriter& speed =
      families.Gauge("mosaic_port_speed_bytes",
                     "Link speed in bytes a second; 0 if it is not known.");
  MetricFamilyWriter& pool = families.Gauge(
      "mosaic_mempool_objects",
      "Packet buffers of a pool. When none is free, nothing is received.");
  for (const PortReading& port : ports) {
    info.Add({{"port", port.name},
              {"driver", port.info.driver},
              {"device", port.device}},
             1);
    up.Add({{"port", port.name}}, port.info.link_up ? 1 : 0);
    speed.Add({{"port", port.name}}, SpeedBytes(port.info));
    const auto in_use = static_cast<double>(port.info.pool_packets_in_use);
    const auto all = static_cast<double>(port.info.pool_packets);
    pool.Add({{"pool", port.name}, {"state", "free"}}, all - in_use);
    pool.Add({{"pool", port.name}, {"state", "in_use"}}, in_use);
  }
}

void CollectQueues(const std::vector<PortReading>& ports,
                   MetricFamilies& families) {
  MetricFamilyWriter& packets =
      families.Counter("mosaic_port_queue_packets_total",
                       "Packets of each queue. If those of rx differ much, the "
                       "device does not spread flows well.");
  for (const PortReading& port : ports) {
    const auto add = [&](const std::vector<QueueStats>& queues,
                         std::string_view direction) {
      for (size_t i = 0; i < queues.size(); ++i) {
        packets.Add({{"port", port.name},
                     {"queue", std::to_string(i)},
                     {"direction", direction}},
                    static_cast<double>(queues[i].packets));
      }
    };
    add(port.stats.rx_queues, "rx");
    add(port.stats.tx_queues, "tx");
  }
}

void CollectDrops(const std::vector<PortReading>& ports,
                  MetricFamilies& families) {
  MetricFamilyWriter& drops = families.Counter(
      "mosaic_port_dropped_packets_total",
      "Packets dropped at a port's queues. oversize: longer than the port's "
      "mtu; no_mbuf: raise pool_packets; full: the device sends too slowly.");
  for (const PortReading& port : ports) {
    QueueStats rx;
    for (const QueueStats& queue : port.stats.rx_queues) {
      rx.oversize += queue.oversize;
      rx.no_mbuf += queue.no_mbuf;
    }
    QueueStats tx;
    for (const QueueStats& queue : port.stats.tx_queues) {
      tx.oversize += queue.oversize;
      tx.no_mbuf += queue.no_mbuf;
      tx.full += queue.full;
    }
    const auto add = [&](std::string_view direction, std::string_view reason,
                         uint64_t value) {
      drops.Add(
          {{"port", port.name}, {"direction", direction}, {"reason", reason}},
          static_cast<double>(value));
    };
    add("rx", "oversize", rx.oversize);
    add("rx", "no_mbuf", rx.no_mbuf);
    add("tx", "oversize", tx.oversize);
    add("tx", "no_mbuf", tx.no_mbuf);
    add("tx", "full", tx.full);
  }
}

void CollectHeaps(MetricFamilies& families) {
  MetricFamilyWriter& bytes = families.Gauge(
      "mosaic_dpdk_heap_bytes",
      "Memory that DPDK took for pools, rings and drivers, by NUMA node.");
  for (const HeapStats& heap : ReadHeaps()) {
    const std::string node = std::to_string(heap.numa_node);
    bytes.Add({{"numa_node", node}, {"state", "allocated"}},
              static_cast<double>(heap.allocated_bytes));
    bytes.Add({{"numa_node", node}, {"state", "free"}},
              static_cast<double>(heap.free_bytes));
  }
}

}  // namespace

void PortSource::Collect(MetricFamilies& families) const {
  std::vector<PortReading> ports;
  for (size_t i = 0; i < ports_.size(); ++i) {
    Port& port = ports_.port(i);
    ports.push_back({port.name(), port.device(), port.Info(), port.Stats()});
  }
  CollectInfo(ports, families);
  for (const PortCounter& counter : kCounters) {
    MetricFamilyWriter& family = families.Counter(counter.name, counter.help);
    for (const PortReading& port : ports) {
      family.Add({{"port", port.name}},
                 static_cast<double>(port.stats.*counter.value));
    }
  }
  CollectQueues(ports, families);
  CollectDrops(ports, families);
  CollectHeaps(families);
}

}  // namespace mosaic
