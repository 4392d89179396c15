/* nat: gives every client another address and port towards the server, and
 * translates back. Shows changes of packets with their checksums.
 *
 * usage: nat MOS_CONF ADDRESS FIRST_PORT */

#include <mos_api.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mapping {
  struct in_addr client_address;
  uint16_t client_port; /* Network order, as the rest. */
  uint16_t nat_port;
};

static struct in_addr nat_address;
static uint16_t next_port;

static void overwrite(mctx_t mctx, int sock, int side, int region, size_t offset,
                      const void *data, size_t length) {
  if (mtcp_setlastpkt(mctx, sock, side, (off_t)offset, data, (uint16_t)length,
                      MOS_OVERWRITE | region | MOS_UPDATE_IP_CHKSUM | MOS_UPDATE_TCP_CHKSUM) !=
      0) {
    perror("mtcp_setlastpkt");
    exit(1);
  }
}

static void on_start(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  struct sockaddr_in client;
  socklen_t length = sizeof client;
  struct mapping *m = calloc(1, sizeof *m);
  if (mtcp_getpeername(mctx, sock, (struct sockaddr *)&client, &length, MOS_SIDE_CLI) != 0) {
    exit(1);
  }
  m->client_address = client.sin_addr;
  m->client_port = client.sin_port;
  m->nat_port = htons(next_port++);
  mtcp_set_uctx(mctx, sock, m);
  printf("%s:%u", inet_ntoa(m->client_address), ntohs(m->client_port));
  printf(" is %s:%u\n", inet_ntoa(nat_address), ntohs(m->nat_port));
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

/* `side` has sent the packet. */
static void on_packet(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  const struct mapping *m = mtcp_get_uctx(mctx, sock);
  if (side == MOS_SIDE_CLI) {
    overwrite(mctx, sock, side, MOS_IP_HDR, offsetof(struct iphdr, saddr), &nat_address,
              sizeof nat_address);
    overwrite(mctx, sock, side, MOS_TCP_HDR, 0, &m->nat_port, sizeof m->nat_port);
  } else {
    overwrite(mctx, sock, side, MOS_IP_HDR, offsetof(struct iphdr, daddr), &m->client_address,
              sizeof m->client_address);
    overwrite(mctx, sock, side, MOS_TCP_HDR, 2, &m->client_port, sizeof m->client_port);
  }
  UNUSED(event);
  UNUSED(arg);
}

static void on_end(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  if (side == MOS_SIDE_SVR) free(mtcp_get_uctx(mctx, sock));
  UNUSED(event);
  UNUSED(arg);
}

int main(int argc, char **argv) {
  mctx_t mctx;
  int sock;
  if (argc != 4 || mtcp_init(argv[1]) != 0) return 1;
  if (inet_aton(argv[2], &nat_address) == 0) return 1;
  next_port = (uint16_t)atoi(argv[3]);
  mctx = mtcp_create_context(0);
  if (mctx == NULL) return 1;
  sock = mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_STREAM, 0);
  if (sock < 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_CONN_START, MOS_HK_SND, on_start) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_PKT_IN, MOS_HK_SND, on_packet) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_CONN_END, MOS_HK_SND, on_end) != 0) {
    return 1;
  }
  mtcp_app_join(mctx);
  mtcp_destroy();
  return 0;
}
