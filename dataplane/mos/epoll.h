// Epoll is one instance of mtcp_epoll_create(): which sockets of its context
// are waited for, and which of them are ready.
//
// Threading   The context's Waiters::mutex is held for every call.

#pragma once

#include <mtcp_epoll.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "dataplane/mos/pipe.h"

namespace mosaic::mos {

class Epoll {
 public:
  // `end` is null for a socket that is never ready. 0, or an errno.
  int Add(int sock, std::shared_ptr<PipeEnd> end,
          const mtcp_epoll_event& event);
  int Modify(int sock, const mtcp_epoll_event& event);
  int Remove(int sock);
  // The socket is closed.
  void Forget(int sock) { watched_.erase(sock); }

  // Puts what is ready into `events`; returns how many.
  size_t Collect(std::span<mtcp_epoll_event> events);

 private:
  struct Watched {
    std::shared_ptr<PipeEnd> end;
    uint32_t wanted = 0;
    mtcp_epoll_data_t data = {};
    bool disarmed = false;  // MOS_EPOLLONESHOT has told.
    // Those of the pipe when it was last told, for MOS_EPOLLET.
    uint64_t told_readable = 0;
    uint64_t told_writable = 0;
  };

  static uint32_t ReadyOf(Watched& watched);

  std::map<int, Watched> watched_;
  int last_told_ = 0;  // The next Collect() begins behind it, so that none
                       // starves.
};

}  // namespace mosaic::mos
