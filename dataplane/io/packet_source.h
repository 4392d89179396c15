// PacketSource is the seam by which a worker gets its packets: a port's queue,
// a replay of capture files, or a trace in memory.
//
// Ownership   A received packet belongs to the worker, which ends its life as
//             packet.h says. The source owns the bytes behind it, so it must
//             outlive every packet that it gave out.
// Threading   One worker polls a source. What else is shared with other threads
//             (counters, the release of packets) says so where it is declared.
// Cost        One virtual call a burst.

#pragma once

#include <cstddef>
#include <span>

#include "dataplane/base/packet.h"

namespace mosaic {

class PacketSource {
 public:
  enum class State {
    kActive,  // Poll on: packets may come, even if the last burst was empty.
    kEnded,   // Stop polling: no packet will come any more.
  };

  virtual ~PacketSource() = default;

  // Fills the first places of `burst` with the packets that are there, in the
  // order of their index, and returns how many. 0 means nothing now; state()
  // tells whether to ask again. A packet that such a place still held is freed;
  // places behind the returned number are left as they are.
  [[nodiscard]] virtual size_t Receive(std::span<Packet> burst) = 0;

  // Becomes kEnded in the Receive() that finds out that nothing is left, which
  // may be the one that returns the last packets, and stays so.
  [[nodiscard]] virtual State state() const = 0;
};

}  // namespace mosaic
