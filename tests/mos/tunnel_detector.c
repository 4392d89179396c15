/* tunnel_detector: finds retransmissions whose bytes are not those that were
 * sent first: a way to hide data from who does not compare. Shows REXMIT,
 * mtcp_ppeek() and a user-defined event below another.
 *
 * usage: tunnel_detector MOS_CONF */

#include <mos_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int honest;

/* The payload differs from what the receiver's buffer has of it. */
static bool differs(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  static char held[65536];
  struct pkt_info p;
  ssize_t got;
  UNUSED(event);
  UNUSED(arg);
  if (mtcp_getlastpkt(mctx, sock, side, &p) != 0 || p.payloadlen == 0) return false;
  got = mtcp_ppeek(mctx, sock, side, held, p.payloadlen, p.offset);
  if (got <= 0) return false;
  if (memcmp(held, p.payload, (size_t)got) != 0) return true;
  ++honest;
  return false;
}

static void report(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  struct pkt_info p;
  if (mtcp_getlastpkt(mctx, sock, side, &p) == 0) {
    printf("offset %lu: sent again as \"%.*s\"\n", (unsigned long)p.offset, (int)p.payloadlen,
           (const char *)p.payload);
  }
  UNUSED(event);
  UNUSED(arg);
}

int main(int argc, char **argv) {
  event_t tunnelled;
  mctx_t mctx;
  int sock;
  if (argc != 2 || mtcp_init(argv[1]) != 0) return 1;
  mctx = mtcp_create_context(0);
  if (mctx == NULL) return 1;
  sock = mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_STREAM, 0);
  tunnelled = mtcp_define_event(MOS_ON_REXMIT, differs, NULL);
  if (sock < 0 || tunnelled == MOS_NULL_EVENT ||
      mtcp_register_callback(mctx, sock, tunnelled, MOS_HK_RCV, report) != 0) {
    return 1;
  }
  mtcp_app_join(mctx);
  mtcp_destroy();
  printf("honest retransmissions: %d\n", honest);
  return 0;
}
