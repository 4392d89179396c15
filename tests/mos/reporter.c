/* reporter: tells once a second of packet time how many packets a RAW monitor
 * saw, and after the third report no more. Shows timers and RAW filters.
 *
 * usage: reporter MOS_CONF FILTER */

#include <mos_api.h>
#include <stdio.h>

static unsigned packets;
static int reports;

static void on_packet(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  ++packets;
  UNUSED(mctx);
  UNUSED(sock);
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

static void on_timer(mctx_t mctx, int id, int side, event_t event, filter_arg_t *arg) {
  struct timeval second = {1, 0};
  printf("timer %d: %u packets\n", id, packets);
  packets = 0;
  if (++reports < 3 && mtcp_settimer(mctx, id + 1, &second, on_timer) != 0) {
    perror("mtcp_settimer");
  }
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

int main(int argc, char **argv) {
  struct timeval second = {1, 0};
  union monitor_filter filter;
  mctx_t mctx;
  int sock;
  if (argc != 3 || mtcp_init(argv[1]) != 0) return 1;
  mctx = mtcp_create_context(0);
  if (mctx == NULL) return 1;
  sock = mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_RAW, 0);
  filter.raw_pkt_filter = argv[2];
  if (sock < 0 || mtcp_bind_monitor_filter(mctx, sock, &filter) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_PKT_IN, MOS_NULL, on_packet) != 0 ||
      mtcp_settimer(mctx, 1, &second, on_timer) != 0) {
    return 1;
  }
  mtcp_app_join(mctx);
  mtcp_destroy();
  printf("at the end: %u packets\n", packets);
  return 0;
}
