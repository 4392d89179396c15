// epoll of mOS: waits for pipes of a context. Monitors' sockets tell by
// callbacks and are never ready.

#pragma once

#include <mtcp_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mtcp_epoll_op {
  MOS_EPOLL_CTL_ADD = 1,
  MOS_EPOLL_CTL_DEL = 2,
  MOS_EPOLL_CTL_MOD = 3
};

enum mtcp_event_type {
  MOS_EPOLLNONE = 1 << 0,
  MOS_EPOLLIN = 1 << 1,
  MOS_EPOLLPRI = 1 << 2,
  MOS_EPOLLOUT = 1 << 3,
  MOS_EPOLLRDNORM = 1 << 4,
  MOS_EPOLLRDBAND = 1 << 5,
  MOS_EPOLLWRNORM = 1 << 6,
  MOS_EPOLLWRBAND = 1 << 7,
  MOS_EPOLLMSG = 1 << 8,
  MOS_EPOLLERR = 1 << 9,
  MOS_EPOLLHUP = 1 << 10,
  MOS_EPOLLRDHUP = 1 << 11,
  MOS_EPOLLONESHOT = 1 << 30,
  MOS_EPOLLET = -2147483647 - 1 /* 1 << 31 */
};

typedef union mtcp_epoll_data {
  void* ptr;
  int sock;
  uint32_t u32;
  uint64_t u64;
} mtcp_epoll_data_t;

struct mtcp_epoll_event {
  uint64_t events;
  mtcp_epoll_data_t data;
};

// EINVAL for a size below 1; ENFILE where no socket is left.
int mtcp_epoll_create(mctx_t mctx, int size);

// EBADF for an instance or socket that is not open; EINVAL for an `epid` that
// is no instance, itself as `sock`, NULL as `event` but for DEL, or another
// operation; EEXIST for ADD of what is there; ENOENT for MOD and DEL of what is
// not.
int mtcp_epoll_ctl(mctx_t mctx, int epid, int op, int sock,
                   struct mtcp_epoll_event* event);

// How many events were put into `events`. `timeout` in milliseconds: -1 waits
// for the first, 0 only looks; at its end 0. EBADF; EINVAL for what is no
// instance, or no room; EINTR when the context ends, so also when its captures
// have. From a callback it only looks.
int mtcp_epoll_wait(mctx_t mctx, int epid, struct mtcp_epoll_event* events,
                    int maxevents, int timeout);

// The name of an epoll event, "MOS_EPOLLIN" for instance, of the lowest where
// several are set; "unknown event" for none. Static storage: not to be written
// to.
char* EventToString(uint32_t event);

#ifdef __cplusplus
}
#endif
