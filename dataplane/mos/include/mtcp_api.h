// The socket calls of mOS: start and stop, contexts, sockets, options.
//
// Every call answers -1 (or NULL) with errno set where it fails, and none ends
// the process. Whatever `mctx` is, a call with a context that does not exist or
// has ended fails with EACCES.
//
// Life        mtcp_init(), mtcp_create_context() for each core, sockets and
//             callbacks, mtcp_app_join(), mtcp_destroy(). DPDK starts once in a
//             process, so mtcp_init() succeeds once.
// Threading   A context's callbacks run on its worker thread. Other threads may
//             make every call at any time, but for those that need the packet
//             or flow of a callback: these answer EPERM outside of one.

#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef UNUSED
#define UNUSED(x) (void)x
#endif

#ifndef INPORT_ANY
#define INPORT_ANY (uint16_t)0
#endif

#define MOS_APP 20
#define MOS_APP_ARGC 20
#define APP_NAME_LEN 40

enum socket_type {
  MOS_SOCK_UNUSED = 0,
  MOS_SOCK_STREAM_LISTEN = 1,
  MOS_SOCK_PROXY_LISTEN = 2,
  MOS_SOCK_MONITOR_STREAM = 3, /* TCP flows. */
  MOS_SOCK_STREAM = 4,
  MOS_SOCK_PROXY = 5,
  MOS_SOCK_MONITOR_STREAM_ACTIVE = 6, /* One flow, as a callback gets it. */
  MOS_SOCK_MONITOR_ACTIVE = 6,
  MOS_SOCK_MONITOR_RAW = 7, /* IP packets without connections. */
  MOS_SOCK_EPOLL = 8,
  MOS_SOCK_PIPE = 9
};

struct mtcp_context {
  int cpu; /* The number it was created with. */
};
typedef struct mtcp_context* mctx_t;

typedef unsigned char byte;
typedef void (*mtcp_sighandler_t)(int);

struct mtcp_conf {
  int num_cores;       /* Contexts, each with a worker. */
  int max_concurrency; /* Flows of each context. */
  uint64_t cpu_mask;
  int max_num_buffers;
  int rcvbuf_size;  /* Bytes kept for each side of a flow. */
  int sndbuf_size;  /* No effect: there are no end-host sockets. */
  int tcp_timewait; /* Seconds that a closed flow's record lingers. */
  int tcp_timeout;  /* Seconds without packets that end a flow; -1: none. */
  uint64_t app_cpu_mask[MOS_APP];
  char* app_argv[MOS_APP][MOS_APP_ARGC];
  int app_argc[MOS_APP];
  int num_app;
};

// Reads `config_file` (mos.conf, see README.md), starts DPDK and opens the
// ports. What is wrong is told on standard error, with file and line. ENOENT or
// another error of open(); EIO or EFBIG where it cannot be read; EINVAL for a
// file that is wrong, or NULL; EALREADY once it has succeeded; ENODEV, or
// EACCES for want of rights, for a port or capture that does not open; EIO
// where DPDK does not start; EPERM from a callback.
int mtcp_init(const char* config_file);

// Ends all contexts, with MOS_ON_CONN_END for every flow, and closes the ports.
// EPERM in errno from a callback, EACCES where nothing was started: nothing
// happens then.
void mtcp_destroy(void);

// What is in force; before mtcp_init(), the defaults. EINVAL for NULL. The
// strings stay valid until the process ends.
int mtcp_getconf(struct mtcp_conf* conf);

// Changes num_cores, max_concurrency, rcvbuf_size, tcp_timewait and tcp_timeout
// where they are not 0; the rest is fixed. Before mtcp_init() they go before
// what mos.conf says. EINVAL for a value out of range, or more cores than
// mos.conf has; EBUSY once a context was created.
int mtcp_setconf(const struct mtcp_conf* conf);

// Binds the calling thread to the CPU of context `cpu`. EINVAL for none.
int mtcp_core_affinitize(int cpu);

// The context of worker `cpu`, 0 to num_cores - 1. On live ports the first call
// starts the workers. Captures wait until the program is ready: they begin with
// the first mtcp_app_join(), or mtcp_epoll_wait() that may wait. EINVAL for a
// number out of range; EEXIST for one that was made before; EPERM before
// mtcp_init(), after mtcp_destroy(), or from a callback; ENOMEM.
mctx_t mtcp_create_context(int cpu);

// Ends a context: its monitors are taken away and its flows end, with
// MOS_ON_CONN_END. Not from a callback (EPERM in errno).
void mtcp_destroy_context(mctx_t mctx);

// Waits until the context has ended: until its captures have, or another thread
// ends it or the process. EPERM in errno from a callback.
void mtcp_app_join(mctx_t mctx);

// Like signal(2): the handler before, or SIG_ERR with errno EINVAL.
mtcp_sighandler_t mtcp_register_signal(int signum, mtcp_sighandler_t handler);

// A pipe in the context: what is written to pipeid[1] is read from pipeid[0],
// with mtcp_read() and mtcp_write(). EINVAL for NULL; ENFILE.
int mtcp_pipe(mctx_t mctx, int pipeid[2]);

// TCP flows that the context tracks.
uint32_t mtcp_get_connection_cnt(mctx_t mctx);

// For outgoing connections, of which there are none: ENOSYS.
int mtcp_init_rss(mctx_t mctx, in_addr_t saddr_base, int num_addr,
                  in_addr_t daddr, in_addr_t dport);

// A monitor's listener: MOS_SOCK_MONITOR_STREAM or _RAW of domain AF_INET,
// AF_INET6 or AF_UNSPEC, which says which packets it sees. EAFNOSUPPORT for
// another domain; EINVAL for another type: MOS_SOCK_STREAM and SOCK_STREAM, end
// hosts, are not there; ENFILE where none is left.
int mtcp_socket(mctx_t mctx, int domain, int type, int protocol);

// A listener is taken away: flows lose it, without an event, and what has been
// registered on it is forgotten. An epoll instance or pipe is gone. An active
// socket ends with its flow, not by this call. EBADF; EPERM for an active
// socket.
int mtcp_close(mctx_t mctx, int sock);

// Endpoints of the flow: of the client for MOS_SIDE_CLI, of the server for
// MOS_SIDE_SVR, both in that order for MOS_SIDE_BOTH. Fills sockaddr_in for
// IPv4 and sockaddr_in6 for IPv6, and `*addrlen` must be the size of exactly
// that, twice for both: EINVAL if not, and for another side. EBADF; ENOTSOCK
// for what is no socket; ENOTCONN for one without a flow; EFAULT for NULL.
int mtcp_getpeername(mctx_t mctx, int sock, struct sockaddr* addr,
                     socklen_t* addrlen, int side);

// Level SOL_MONSOCKET, options in mos_api.h. EBADF; ENOTSOCK for a socket of a
// kind that has not the option; ENOSYS for another level or option; EPERM where
// it is not allowed from here; EINVAL for a wrong length or value; ENODATA
// where nothing is held; EFAULT for NULL.
int mtcp_getsockopt(mctx_t mctx, int sock, int level, int optname, void* optval,
                    socklen_t* optlen);
int mtcp_setsockopt(mctx_t mctx, int sock, int level, int optname,
                    const void* optval, socklen_t optlen);

// Calls of end-host sockets, which are not there: no descriptor can be one.
// EBADF for what is no open socket, ENOTSOCK for an epoll instance or a pipe,
// EINVAL for a monitor's. Reading and writing work on pipes: EAGAIN where
// nothing is there or no room is and it does not wait, EINVAL at the wrong end
// and for a buffer of NULL; ENOTCONN on monitors' sockets.
int mtcp_bind(mctx_t mctx, int sock, const struct sockaddr* addr,
              socklen_t addrlen);
int mtcp_listen(mctx_t mctx, int sock, int backlog);
int mtcp_accept(mctx_t mctx, int sock, struct sockaddr* addr,
                socklen_t* addrlen);
int mtcp_connect(mctx_t mctx, int sock, const struct sockaddr* addr,
                 socklen_t addrlen);
int mtcp_abort(mctx_t mctx, int sock);
int mtcp_getsockname(mctx_t mctx, int sock, struct sockaddr* addr,
                     socklen_t* addrlen);
ssize_t mtcp_read(mctx_t mctx, int sock, char* buf, size_t len);
ssize_t mtcp_recv(mctx_t mctx, int sock, char* buf, size_t len, int flags);
ssize_t mtcp_readv(mctx_t mctx, int sock, const struct iovec* iov, int num_iov);
ssize_t mtcp_write(mctx_t mctx, int sock, const char* buf, size_t len);
ssize_t mtcp_writev(mctx_t mctx, int sock, const struct iovec* iov,
                    int num_iov);

// Makes a pipe's end not wait. EBADF; ENOTSOCK for an epoll instance.
int mtcp_setsock_nonblock(mctx_t mctx, int sock);

// FIONREAD: bytes that wait in a pipe. FIONBIO: whether it waits. EBADF;
// EFAULT for NULL; EINVAL for another request or a socket that has not this.
int mtcp_ioctl(mctx_t mctx, int sock, int request, void* argp);

#ifdef __cplusplus
}
#endif
