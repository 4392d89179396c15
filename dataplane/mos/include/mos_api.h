// The monitoring calls of mOS: filters, events, streams, packets, timers.
//
// A callback is given a socket of one flow, the "active" socket (a RAW
// monitor's and MOS_ON_ORPHAN's get the listener), and a side. All it asks for
// concerns that flow; pointers that it gets are valid until it returns. The
// calls here answer EPERM outside of a callback unless they say otherwise,
// EACCES for a context that does not exist or has ended, EBADF for a number
// that is no socket of it, and ENOTSOCK for a socket of another kind.

#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/tcp.h>
#include <mtcp_api.h>
#include <mtcp_epoll.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mtcp_hook_point {
  MOS_NULL = 1 << 29,          /* Where neither of the others applies. */
  MOS_HK_RCV = 1 << 30,        /* After the receiver took the packet. */
  MOS_HK_SND = -2147483647 - 1 /* 1 << 31: after the sender did. */
};

enum mos_event_type {
  MOS_NULL_EVENT = 0,
  MOS_ON_PKT_IN = 1 << 0,           /* SND, RCV; RAW: NULL. */
  MOS_ON_PKT_OUT = 1 << 1,          /* Never raised. */
  MOS_ON_CONN_START = 1 << 2,       /* SND, RCV. */
  MOS_ON_CONN_SETUP = 1 << 3,       /* Never raised. */
  MOS_ON_CONN_NEW_DATA = 1 << 4,    /* NULL. */
  MOS_ON_ERROR = 1 << 5,            /* NULL. */
  MOS_ON_TIMEOUT = 1 << 6,          /* Never raised. */
  MOS_ON_TCP_STATE_CHANGE = 1 << 7, /* SND, RCV. */
  MOS_ON_ORPHAN = 1 << 8,           /* NULL; the socket is the listener. */
  MOS_ON_REXMIT = 1 << 9,           /* SND, RCV. */
  MOS_ON_CONN_END = 1 << 10,        /* SND, RCV. */
  MOS_ON_DEBUG_MESSAGE = 1 << 11    /* Never raised. */
};

// For mtcp_setlastpkt(): a region, checksums, an action.
#define MOS_ETH_HDR (1 << 0)
#define MOS_IP_HDR (1 << 1)
#define MOS_TCP_HDR (1 << 2)
#define MOS_TCP_PAYLOAD (1 << 3)
#define MOS_UPDATE_IP_CHKSUM (1 << 4)
#define MOS_UPDATE_TCP_CHKSUM (1 << 5)
#define MOS_DROP (1 << 6)
#define MOS_OVERWRITE (1 << 7)
#define MOS_CHOMP (1 << 8)
#define MOS_INSERT (1 << 9)

// A packet; numbers in host order.
struct pkt_info {
  uint32_t cur_ts;     /* Microseconds, of the packet's arrival. */
  int8_t in_ifidx;     /* The netdev, counted from 0 in mos.conf. */
  uint16_t eth_len;    /* Bytes of the frame. */
  uint16_t ip_len;     /* Bytes of the IP packet. */
  uint64_t offset;     /* Of the payload's first byte in the stream. */
  uint16_t payloadlen; /* Bytes of TCP payload. */
  uint32_t seq;
  uint32_t ack_seq;
  uint16_t window;
  // These stay the last. Of an IPv6 packet iph points to the IPv6 header.
  struct ethhdr* ethh; /* NULL where the link is not Ethernet. */
  struct iphdr* iph;
  struct tcphdr* tcph; /* NULL for what is not TCP. */
  uint8_t* payload;
};
#define PKT_INFO_LEN offsetof(struct pkt_info, ethh)

struct pkt_ctx {
  struct pkt_info p;
  int8_t direction;
  uint8_t forward;
  int8_t out_ifidx;
  int8_t batch_index;
};

typedef struct {
  int64_t seq_off;   /* Added to the side's sequence numbers ... */
  int side;          /* MOS_SIDE_CLI or MOS_SIDE_SVR: who sends them. */
  uint32_t base_seq; /* ... from this one on. */
} seq_remap_info;

typedef struct filter_arg {
  void* arg;
  size_t len;
} filter_arg_t;

#ifndef SOL_SOCKET
#define SOL_SOCKET 0xffff
#endif
#define SOL_MONSOCKET 0xfffe

// Options of level SOL_MONSOCKET. "Active" options are for an active socket and
// from within a callback only.
enum mos_socket_opts {
  MOS_FRAGINFO_CLIBUF = 0x01, /* get, active: struct tcp_ring_fragment[]. */
  MOS_FRAGINFO_SVRBUF = 0x02,
  MOS_INFO_CLIBUF = 0x03, /* get, active: struct tcp_buf_info. */
  MOS_INFO_SVRBUF = 0x04,
  MOS_TCP_STATE_CLI = 0x05, /* get, active: int, enum tcpstate. */
  MOS_TCP_STATE_SVR = 0x06,
  MOS_TIMESTAMP = 0x07, /* get, active: uint32_t, us of the last packet. */
  MOS_CLIBUF = 0x09,    /* get, set: int, bytes kept; 0 keeps nothing. */
  MOS_SVRBUF = 0x0a,
  MOS_SEQ_REMAP = 0x0b,   /* set, active: seq_remap_info. */
  MOS_STOP_MON = 0x0c,    /* set, active: int, a side or MOS_SIDE_BOTH. */
  MOS_FRAG_CLIBUF = 0x0d, /* Reserved names, ENOSYS. */
  MOS_FRAG_SVRBUF = 0x0e,
  MOS_CLIOVERLAP = 0x0f, /* get, set: int, MOS_OVERLAP_POLICY_... */
  MOS_SVROVERLAP = 0x10,
  // Extensions of Mosaic.
  MOS_LAST_ERROR = 0x100, /* get, active: struct mos_error_info. */
  MOS_END_REASON = 0x101  /* get, active: int, enum mos_end_reason. */
};

// Sequence numbers of what one side received.
struct tcp_buf_info {
  uint32_t tcpbi_init_seq;           /* The SYN's; the first byte's is above. */
  uint32_t tcpbi_last_byte_read;     /* Last handed to this monitor. */
  uint32_t tcpbi_next_byte_expected; /* Behind what is in order. */
  uint32_t tcpbi_last_byte_received; /* Of the highest byte that came. */
};

struct tcp_ring_fragment {
  uint64_t offset; /* In the stream, from 0. */
  uint32_t len;
};

enum tcpstate {
  TCP_CLOSED = 0,
  TCP_LISTEN = 1,
  TCP_SYN_SENT = 2,
  TCP_SYN_RCVD = 3,
  TCP_ESTABLISHED = 4,
  TCP_FIN_WAIT_1 = 5,
  TCP_FIN_WAIT_2 = 6,
  TCP_CLOSE_WAIT = 7,
  TCP_CLOSING = 8,
  TCP_LAST_ACK = 9,
  TCP_TIME_WAIT = 10
};

enum {
  MOS_OVERLAP_POLICY_FIRST = 0, /* The first copy of a byte counts. */
  MOS_OVERLAP_POLICY_LAST = 1,  /* The last that came before it was read. */
  MOS_OVERLAP_CNT = 2
};

typedef uint64_t event_t;

// The buffer of a side holds what the side received.
enum { MOS_SIDE_CLI = 0, MOS_SIDE_SVR = 1, MOS_SIDE_BOTH = 2 };

typedef void (*callback_t)(mctx_t mctx, int sock, int side, event_t event,
                           filter_arg_t* arg);
typedef bool (*filter_t)(mctx_t mctx, int sock, int side, event_t event,
                         filter_arg_t* arg);

// NULL matches everything.
union monitor_filter {
  char* raw_pkt_filter; /* MOS_SOCK_MONITOR_RAW: any pcap-filter expression. */
  __extension__ struct {
    char* stream_syn_filter;    /* On a flow's SYN. */
    char* stream_orphan_filter; /* On packets without a flow. */
  };
};
typedef union monitor_filter* monitor_filter_t;

// What a listener sees from now on. Stream filters may use tcp, host, net,
// mask, port, portrange, src, dst, and, or, not, ip, ip6. Anywhere, not only in
// callbacks. EINVAL for an expression that does not compile (what is wrong goes
// to standard error); ENOPROTOOPT for what is no listener.
int mtcp_bind_monitor_filter(mctx_t mctx, int sock, monitor_filter_t ft);

// Calls `cb` for `event` at `hook_point`; NULL takes the callback away, another
// replaces it. On a listener for flows that are attached afterwards, anywhere;
// on an active socket for its flow, at once, in callbacks. EINVAL for an event
// that is not defined, or that does not come at that hook.
int mtcp_register_callback(mctx_t mctx, int sock, event_t event, int hook_point,
                           callback_t cb);

// A new event: `event`, where `filter` says true. The bytes of `arg` are
// copied, and the same three give the same event again. Before contexts or
// after, on any thread. MOS_NULL_EVENT, with EINVAL for a bad event or filter
// and ENOSPC where all events are defined.
event_t mtcp_define_event(event_t event, filter_t filter,
                          struct filter_arg* arg);

// A child of `event` without filter, raised by mtcp_raise_event().
event_t mtcp_alloc_event(event_t event);

// From a filter or callback of its parent: raises `event`, that
// mtcp_alloc_event() returned, when the call returns. EPERM elsewhere; EINVAL
// for another event.
int mtcp_raise_event(mctx_t mctx, event_t event);

// One pointer for each active socket and each listener; it stays readable
// through MOS_ON_CONN_END, and belongs to the program. Errors in errno.
void mtcp_set_uctx(mctx_t mctx, int sock, void* uctx);
void* mtcp_get_uctx(mctx_t mctx, int sock);

// The next in-order bytes that `side` received: how many were copied, 0 for
// nothing new. Where bytes were overwritten before they were read, minus their
// number, once, with ENODATA. -1, EINVAL for a bad side or a buffer of NULL.
ssize_t mtcp_peek(mctx_t mctx, int sock, int side, char* buf, size_t len);

// Bytes from stream offset `off` on, also of what came out of order. Moves
// nothing. -1, ENODATA where the byte at `off` is not held; EINVAL.
ssize_t mtcp_ppeek(mctx_t mctx, int sock, int side, char* buf, size_t count,
                   uint64_t off);

// The current packet. ENODATA where none is: in timers, at shutdown.
int mtcp_getlastpkt(mctx_t mctx, int sock, int side, struct pkt_info* p);

// Changes or drops the current packet: exactly one of MOS_DROP, MOS_OVERWRITE,
// MOS_CHOMP, MOS_INSERT (EAGAIN if not), in one region. CHOMP takes `datalen`
// bytes away at `offset`, INSERT puts `data` there; lengths follow, and the
// flow's numbers are shifted from there on.
//
//   EINVAL      bounds, region, side or NULL; headers that nobody could read
//   EACCES      CHOMP and INSERT in the Ethernet header
//   ENODATA     there is no packet, or none that goes on
//   EPERM       the receiver has taken the payload (lengths change at
//               MOS_HK_SND), or it went on before with another length
//   EOPNOTSUPP  in a tunnel, of fragments, cut, or with a bad checksum
//   ENOSPC      no room in the packet, or for one more change of the flow
int mtcp_setlastpkt(mctx_t mctx, int sock, int side, off_t offset,
                    const byte* data, uint16_t datalen, int option);

// Sends a TCP segment on the flow. EINVAL for NULL or a packet of another
// flow; ENOBUFS where no buffers are left; ENETDOWN where the flow's packets
// are not forwarded.
int mtcp_sendpkt(mctx_t mctx, int sock, const struct pkt_info* pkt);

// Sends RST to both ends. As mtcp_sendpkt().
int mtcp_reset_conn(mctx_t mctx, int sock);

// Calls `cb(mctx, id, 0, 0, NULL)` once after `timeout`, by packet time where
// captures are replayed. Anywhere. EINVAL for NULL or a time that is negative
// or over a year; ENOMEM where all timers are armed.
int mtcp_settimer(mctx_t mctx, int id, struct timeval* timeout, callback_t cb);
// Extensions: again and again, not oftener than each millisecond; none of the
// timers with this number fires any more (ENOENT where none was armed).
int mtcp_settimer_periodic(mctx_t mctx, int id, struct timeval* period,
                           callback_t cb);
int mtcp_canceltimer(mctx_t mctx, int id);

// Microseconds of the context's clock, in callbacks; 0 with errno if not.
uint32_t mtcp_cb_get_ts(mctx_t mctx);

// Why MOS_ON_ERROR was raised (extension).
enum mos_error_cause {
  MOS_ERROR_GAP = 0,
  MOS_ERROR_OVERLAP_CONFLICT = 1,
  MOS_ERROR_BUFFER_FULL = 2,
  MOS_ERROR_TOO_MANY_ISLANDS = 3,
  MOS_ERROR_BUDGET = 4,
  MOS_ERROR_OVERWRITTEN = 5,
  MOS_ERROR_BAD_CHECKSUM = 6,
  MOS_ERROR_LATE_AFTER_GAP = 7,
  MOS_ERROR_FIN_DATA_OVERLAP = 8,
  MOS_ERROR_OUT_OF_WINDOW = 9,
  MOS_ERROR_PAWS = 10
};

struct mos_error_info {
  int cause; /* enum mos_error_cause. */
  int side;  /* Whose buffer. */
  uint64_t offset;
  uint64_t length;
  uint64_t hash_held; /* MOS_ERROR_OVERLAP_CONFLICT: of the bytes held ... */
  uint64_t hash_new;  /* ... and of those that came. */
};

// Why MOS_ON_CONN_END was raised (extension).
enum mos_end_reason {
  MOS_END_FIN = 0,
  MOS_END_RESET = 1,
  MOS_END_REFUSED = 2,
  MOS_END_TIMEOUT = 3,
  MOS_END_EVICTED = 4,
  MOS_END_STOPPED = 5,
  MOS_END_DRAINED = 6,
  MOS_END_SHUTDOWN = 7
};

#ifdef __cplusplus
}
#endif
