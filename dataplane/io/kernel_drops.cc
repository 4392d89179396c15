#include "dataplane/io/kernel_drops.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"

namespace mosaic {
namespace {

bool IsPacketSocketOn(int descriptor, unsigned interface) {
  sockaddr_ll address = {};
  socklen_t bytes = sizeof address;
  return getsockname(descriptor, reinterpret_cast<sockaddr*>(&address),
                     &bytes) == 0 &&
         address.sll_family == AF_PACKET &&
         address.sll_ifindex == static_cast<int>(interface);
}

}  // namespace

KernelDrops::KernelDrops(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return;
  // Without exceptions: what cannot be listed has no sockets.
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    int descriptor;
    if (absl::SimpleAtoi(entry->path().filename().string(), &descriptor) &&
        IsPacketSocketOn(descriptor, index)) {
      sockets_.push_back(descriptor);
    }
  }
}

uint64_t KernelDrops::Read() {
  for (const int descriptor : sockets_) {
    tpacket_stats stats = {};
    socklen_t bytes = sizeof stats;
    if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &stats, &bytes) ==
        0) {
      drops_ += stats.tp_drops;
    }
  }
  return drops_;
}

}  // namespace mosaic
