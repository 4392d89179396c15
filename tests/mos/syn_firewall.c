/* syn_firewall: lets SYNs to one port pass and drops those to every other, by a
 * user-defined event. Counts both.
 *
 * usage: syn_firewall MOS_CONF PORT */

#include <mos_api.h>
#include <stdio.h>
#include <stdlib.h>

static int passed;
static int dropped;

/* The first packet of a connection to a port that is not the allowed one. */
static bool is_forbidden_syn(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  const uint16_t *allowed = arg->arg;
  struct pkt_info p;
  UNUSED(event);
  if (mtcp_getlastpkt(mctx, sock, side, &p) != 0) return false;
  if (!p.tcph->syn || p.tcph->ack) return false;
  if (ntohs(p.tcph->dest) != *allowed) return true;
  ++passed;
  return false;
}

static void drop(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  if (mtcp_setlastpkt(mctx, sock, side, 0, NULL, 0, MOS_DROP) == 0) ++dropped;
  UNUSED(event);
  UNUSED(arg);
}

int main(int argc, char **argv) {
  uint16_t allowed;
  filter_arg_t arg = {&allowed, sizeof allowed};
  event_t forbidden_syn;
  mctx_t mctx;
  int sock;
  if (argc != 3 || mtcp_init(argv[1]) != 0) return 1;
  allowed = (uint16_t)atoi(argv[2]);
  mctx = mtcp_create_context(0);
  if (mctx == NULL) return 1;
  sock = mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_STREAM, 0);
  forbidden_syn = mtcp_define_event(MOS_ON_PKT_IN, is_forbidden_syn, &arg);
  allowed = 0; /* The event has a copy. */
  if (sock < 0 || forbidden_syn == MOS_NULL_EVENT ||
      mtcp_register_callback(mctx, sock, forbidden_syn, MOS_HK_SND, drop) != 0) {
    return 1;
  }
  mtcp_app_join(mctx);
  mtcp_destroy();
  printf("passed %d, dropped %d\n", passed, dropped);
  return 0;
}
