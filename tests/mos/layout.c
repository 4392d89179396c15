/* What programs written for mOS were compiled with: names, values and layouts
 * on x86-64. Every line is checked by the compiler. */

#include <mos_api.h>
#include <mtcp_util.h>
#include <stddef.h>

#ifdef __cplusplus
#define IS(condition) static_assert(condition, #condition)
#else
#define IS(condition) _Static_assert(condition, #condition)
#endif

/* Sockets. */
IS(MOS_SOCK_UNUSED == 0);
IS(MOS_SOCK_STREAM_LISTEN == 1);
IS(MOS_SOCK_PROXY_LISTEN == 2);
IS(MOS_SOCK_MONITOR_STREAM == 3);
IS(MOS_SOCK_STREAM == 4);
IS(MOS_SOCK_PROXY == 5);
IS(MOS_SOCK_MONITOR_STREAM_ACTIVE == 6);
IS(MOS_SOCK_MONITOR_ACTIVE == 6);
IS(MOS_SOCK_MONITOR_RAW == 7);
IS(MOS_SOCK_EPOLL == 8);
IS(MOS_SOCK_PIPE == 9);

/* Hooks and events. */
IS((unsigned)MOS_NULL == 1u << 29);
IS((unsigned)MOS_HK_RCV == 1u << 30);
IS((unsigned)MOS_HK_SND == 1u << 31);
IS(MOS_NULL_EVENT == 0);
IS(MOS_ON_PKT_IN == 1 << 0);
IS(MOS_ON_PKT_OUT == 1 << 1);
IS(MOS_ON_CONN_START == 1 << 2);
IS(MOS_ON_CONN_SETUP == 1 << 3);
IS(MOS_ON_CONN_NEW_DATA == 1 << 4);
IS(MOS_ON_ERROR == 1 << 5);
IS(MOS_ON_TIMEOUT == 1 << 6);
IS(MOS_ON_TCP_STATE_CHANGE == 1 << 7);
IS(MOS_ON_ORPHAN == 1 << 8);
IS(MOS_ON_REXMIT == 1 << 9);
IS(MOS_ON_CONN_END == 1 << 10);
IS(MOS_ON_DEBUG_MESSAGE == 1 << 11);
IS(sizeof(event_t) == 8);
IS((event_t)-1 > 0);
IS(MOS_SIDE_CLI == 0);
IS(MOS_SIDE_SVR == 1);
IS(MOS_SIDE_BOTH == 2);

/* Options. */
IS(SOL_MONSOCKET == 0xfffe);
IS(MOS_FRAGINFO_CLIBUF == 1);
IS(MOS_FRAGINFO_SVRBUF == 2);
IS(MOS_INFO_CLIBUF == 3);
IS(MOS_INFO_SVRBUF == 4);
IS(MOS_TCP_STATE_CLI == 5);
IS(MOS_TCP_STATE_SVR == 6);
IS(MOS_TIMESTAMP == 7);
IS(MOS_CLIBUF == 9);
IS(MOS_SVRBUF == 0xa);
IS(MOS_SEQ_REMAP == 0xb);
IS(MOS_STOP_MON == 0xc);
IS(MOS_FRAG_CLIBUF == 0xd);
IS(MOS_FRAG_SVRBUF == 0xe);
IS(MOS_CLIOVERLAP == 0xf);
IS(MOS_SVROVERLAP == 0x10);
IS(MOS_OVERLAP_POLICY_FIRST == 0);
IS(MOS_OVERLAP_POLICY_LAST == 1);
IS(MOS_OVERLAP_CNT == 2);

/* States. */
IS(TCP_CLOSED == 0);
IS(TCP_LISTEN == 1);
IS(TCP_SYN_SENT == 2);
IS(TCP_SYN_RCVD == 3);
IS(TCP_ESTABLISHED == 4);
IS(TCP_FIN_WAIT_1 == 5);
IS(TCP_FIN_WAIT_2 == 6);
IS(TCP_CLOSE_WAIT == 7);
IS(TCP_CLOSING == 8);
IS(TCP_LAST_ACK == 9);
IS(TCP_TIME_WAIT == 10);

/* Packets. */
IS(MOS_ETH_HDR == 1);
IS(MOS_IP_HDR == 2);
IS(MOS_TCP_HDR == 4);
IS(MOS_TCP_PAYLOAD == 8);
IS(MOS_UPDATE_IP_CHKSUM == 16);
IS(MOS_UPDATE_TCP_CHKSUM == 32);
IS(MOS_DROP == 64);
IS(MOS_OVERWRITE == 128);
IS(MOS_CHOMP == 256);
IS(MOS_INSERT == 512);
IS(sizeof(struct pkt_info) == 72);
IS(offsetof(struct pkt_info, cur_ts) == 0);
IS(offsetof(struct pkt_info, in_ifidx) == 4);
IS(offsetof(struct pkt_info, eth_len) == 6);
IS(offsetof(struct pkt_info, ip_len) == 8);
IS(offsetof(struct pkt_info, offset) == 16);
IS(offsetof(struct pkt_info, payloadlen) == 24);
IS(offsetof(struct pkt_info, seq) == 28);
IS(offsetof(struct pkt_info, ack_seq) == 32);
IS(offsetof(struct pkt_info, window) == 36);
IS(offsetof(struct pkt_info, ethh) == 40);
IS(offsetof(struct pkt_info, iph) == 48);
IS(offsetof(struct pkt_info, tcph) == 56);
IS(offsetof(struct pkt_info, payload) == 64);
IS(PKT_INFO_LEN == 40);
IS(offsetof(struct pkt_ctx, direction) == 72);
IS(offsetof(struct pkt_ctx, forward) == 73);
IS(offsetof(struct pkt_ctx, out_ifidx) == 74);
IS(offsetof(struct pkt_ctx, batch_index) == 75);

/* Structures of calls. */
IS(sizeof(byte) == 1);
IS(sizeof(struct mtcp_context) == sizeof(int));
IS(offsetof(struct mtcp_context, cpu) == 0);
IS(sizeof(seq_remap_info) == 16);
IS(offsetof(seq_remap_info, side) == 8);
IS(offsetof(seq_remap_info, base_seq) == 12);
IS(sizeof(filter_arg_t) == 16);
IS(offsetof(struct filter_arg, len) == 8);
IS(sizeof(struct tcp_buf_info) == 16);
IS(offsetof(struct tcp_buf_info, tcpbi_last_byte_read) == 4);
IS(offsetof(struct tcp_buf_info, tcpbi_next_byte_expected) == 8);
IS(offsetof(struct tcp_buf_info, tcpbi_last_byte_received) == 12);
IS(sizeof(struct tcp_ring_fragment) == 16);
IS(offsetof(struct tcp_ring_fragment, len) == 8);
IS(sizeof(union monitor_filter) == 16);
IS(offsetof(union monitor_filter, raw_pkt_filter) == 0);
IS(offsetof(union monitor_filter, stream_syn_filter) == 0);
IS(offsetof(union monitor_filter, stream_orphan_filter) == 8);
IS(sizeof(monitor_filter_t) == sizeof(void*));
IS(MOS_APP == 20);
IS(MOS_APP_ARGC == 20);
IS(APP_NAME_LEN == 40);
IS(offsetof(struct mtcp_conf, num_cores) == 0);
IS(offsetof(struct mtcp_conf, max_concurrency) == 4);
IS(offsetof(struct mtcp_conf, cpu_mask) == 8);
IS(offsetof(struct mtcp_conf, max_num_buffers) == 16);
IS(offsetof(struct mtcp_conf, rcvbuf_size) == 20);
IS(offsetof(struct mtcp_conf, sndbuf_size) == 24);
IS(offsetof(struct mtcp_conf, tcp_timewait) == 28);
IS(offsetof(struct mtcp_conf, tcp_timeout) == 32);
IS(offsetof(struct mtcp_conf, app_cpu_mask) == 40);
IS(offsetof(struct mtcp_conf, app_argv) == 200);
IS(offsetof(struct mtcp_conf, app_argc) == 3400);
IS(offsetof(struct mtcp_conf, num_app) == 3480);

/* epoll. */
IS(MOS_EPOLL_CTL_ADD == 1);
IS(MOS_EPOLL_CTL_DEL == 2);
IS(MOS_EPOLL_CTL_MOD == 3);
IS(MOS_EPOLLNONE == 1 << 0);
IS(MOS_EPOLLIN == 1 << 1);
IS(MOS_EPOLLPRI == 1 << 2);
IS(MOS_EPOLLOUT == 1 << 3);
IS(MOS_EPOLLRDNORM == 1 << 4);
IS(MOS_EPOLLRDBAND == 1 << 5);
IS(MOS_EPOLLWRNORM == 1 << 6);
IS(MOS_EPOLLWRBAND == 1 << 7);
IS(MOS_EPOLLMSG == 1 << 8);
IS(MOS_EPOLLERR == 1 << 9);
IS(MOS_EPOLLHUP == 1 << 10);
IS(MOS_EPOLLRDHUP == 1 << 11);
IS((unsigned)MOS_EPOLLONESHOT == 1u << 30);
IS((unsigned)MOS_EPOLLET == 1u << 31);
IS(sizeof(mtcp_epoll_data_t) == 8);
IS(sizeof(struct mtcp_epoll_event) == 16);
IS(offsetof(struct mtcp_epoll_event, data) == 8);

#undef IS
