#include "dataplane/io/kernel_drops.h"

#include <dirent.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstdlib>

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
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr || index == 0) return;
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const int descriptor = std::atoi(entry->d_name);
    if (IsPacketSocketOn(descriptor, index)) sockets_.push_back(descriptor);
  }
  closedir(folder);
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
