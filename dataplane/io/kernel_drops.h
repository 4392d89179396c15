// KernelDrops counts the packets that the kernel could not put into the rings
// of an af_packet port, because they were full. DPDK's driver does not tell,
// and a loss that nobody counts would look like none.
//
// Threading   The control thread.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mosaic {

class KernelDrops {
 public:
  // Finds this process's packet sockets on `interface`. Call it when the port
  // is open and no other thread opens or closes files.
  // REQUIRES: the sockets stay open as long as Read() is called.
  explicit KernelDrops(const std::string& interface);

  // Packets lost since the sockets were opened. Asking the kernel sets its
  // count to zero, so there may be one KernelDrops for an interface.
  uint64_t Read();

  size_t sockets() const { return sockets_.size(); }

 private:
  std::vector<int> sockets_;  // Owned by the driver.
  uint64_t drops_ = 0;
};

}  // namespace mosaic
