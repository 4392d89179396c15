#include "control/daemon/live_ports.h"

#include <string>

namespace mosaic {
namespace {

constexpr uint64_t kBitsOfMegabit = 1'000'000;

std::string NameOf(const std::string& id) { return "ports/" + id; }

void SetInfo(const PortInfo& info, v1::Port& port) {
  port.set_driver(info.driver);
  port.set_link_up(info.link_up);
  port.set_speed_bits_per_second(info.speed_mbps * kBitsOfMegabit);
  port.set_mac_address(info.mac);
  port.set_mtu_bytes(info.mtu);
}

void SetStats(const PortStats& stats, v1::Port& port) {
  port.set_rx_packets(stats.rx_packets);
  port.set_rx_bytes(stats.rx_bytes);
  port.set_tx_packets(stats.tx_packets);
  port.set_tx_bytes(stats.tx_bytes);
  port.set_rx_missed_packets(stats.rx_missed);
  port.set_rx_no_buffer_packets(stats.rx_no_mbuf);
  port.set_rx_errors(stats.rx_errors);
  port.set_tx_errors(stats.tx_errors);
}

}  // namespace

std::vector<v1::Port> LivePorts::Ports() {
  std::vector<v1::Port> all(ports_.size());
  for (size_t i = 0; i < all.size(); ++i) {
    Port& port = ports_.port(i);
    all[i].set_name(NameOf(port.name()));
    all[i].set_device(port.device());
    all[i].set_rx_queues(static_cast<uint32_t>(port.rx_queues()));
    all[i].set_tx_queues(static_cast<uint32_t>(port.tx_queues()));
    all[i].set_mode(v1::PORT_MODE_TAP);
    if (plan_.peers[i].has_value()) {
      all[i].set_mode(v1::PORT_MODE_WIRE);
      all[i].set_peer(NameOf(plan_.ports[*plan_.peers[i]].name));
    }
    SetInfo(port.Info(), all[i]);
    SetStats(port.Stats(), all[i]);
  }
  return all;
}

}  // namespace mosaic
