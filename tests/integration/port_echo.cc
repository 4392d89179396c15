// Opens one port, tells every frame that it receives, and sends it back as it
// is, until its standard input ends.
//
// usage: port_echo DEVICE [MTU [QUEUES]]
//
//   ready driver=net_af_packet mtu=9000 link=up
//   rx 020000000001...
//   end received=12 sent=12 missed=0 oversize=0 in_use=0
//
// A port that does not open is told on standard error; the exit code is 1.

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/device_check.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/port.h"
#include "dataplane/io/tsc_clock.h"

namespace mosaic {
namespace {

void Print(const Packet& packet) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string line = "rx ";
  for (const uint8_t byte : packet.bytes()) {
    line += kDigits[byte >> 4];
    line += kDigits[byte & 15];
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
}

void Echo(Port& port, const std::atomic<bool>& stop) {
  PacketNumbers numbers(0, 1);
  for (size_t i = 0; i < port.rx_queues(); ++i) {
    port.rx_queue(i).AssignTo(numbers);
  }
  std::array<Packet, 64> burst;
  while (!stop.load()) {
    for (size_t i = 0; i < port.rx_queues(); ++i) {
      const size_t count = port.rx_queue(i).Receive(burst);
      for (size_t k = 0; k < count; ++k) Print(burst[k]);
      if (count > 0) {
        std::fflush(stdout);
        port.tx_queue(i).Send(std::span(burst).first(count));
      }
    }
  }
}

void PrintEnd(Port& port) {
  const PortStats stats = port.Stats();
  uint64_t oversize = 0;
  uint64_t sent = 0;
  for (size_t i = 0; i < port.rx_queues(); ++i) {
    oversize += port.rx_queue(i).counters().oversize.Read();
    sent += port.tx_queue(i).counters().packets.Read();
  }
  std::cout << "end received=" << stats.rx_packets << " sent=" << sent
            << " missed=" << stats.rx_missed << " oversize=" << oversize
            << " in_use=" << port.pool().in_use() << std::endl;
}

absl::Status Run(const PortConfig& config) {
  if (absl::Status status = CheckDevice(config); !status.ok()) {
    return status;
  }
  EalConfig eal_config;
  eal_config.memory_mib = 128;
  eal_config.worker_cpus = SpreadWorkers(1, AllowedCpus());
  if (absl::Status status = AddDevices({config}, eal_config); !status.ok()) {
    return status;
  }
  const auto eal = Eal::Start(eal_config);
  if (!eal.ok()) return eal.status();
  const TscClock clock = TscClock::Start();
  const auto ports = PortSet::Open({config}, [clock] { return clock.Now(); });
  if (!ports.ok()) return ports.status();
  Port& port = (*ports)->port(0);

  const PortInfo info = port.Info();
  std::cout << "ready driver=" << info.driver << " mtu=" << info.mtu
            << " link=" << (info.link_up ? "up" : "down") << std::endl;
  std::atomic<bool> stop{false};
  absl::Status launched =
      (*eal)->Launch(0, [&port, &stop] { Echo(port, stop); });
  if (!launched.ok()) return launched;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  stop = true;
  (*eal)->JoinAll();
  PrintEnd(port);
  return absl::OkStatus();
}

}  // namespace
}  // namespace mosaic

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: port_echo DEVICE [MTU [QUEUES]]\n";
    return 2;
  }
  mosaic::PortConfig config;
  config.name = "echo";
  config.device = argv[1];
  config.pool_packets = 4095;
  if (argc > 2) config.mtu = static_cast<uint32_t>(std::atoi(argv[2]));
  if (argc > 3) {
    config.rx_queues = static_cast<uint16_t>(std::atoi(argv[3]));
    config.tx_queues = config.rx_queues;
  }
  const absl::Status status = mosaic::Run(config);
  if (!status.ok()) std::cerr << "port_echo: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
