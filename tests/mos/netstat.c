/* netstat: prints each change of a connection's states, and at its end what was
 * exchanged. Shows events of a listener, per-flow context, options, names.
 *
 * usage: netstat MOS_CONF */

#include <mos_api.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const kStates[] = {
    "CLOSED",     "LISTEN",     "SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1",
    "FIN_WAIT_2", "CLOSE_WAIT", "CLOSING",  "LAST_ACK", "TIME_WAIT"};

struct connection {
  char name[2][32];
  unsigned long bytes[2];
};

static int state_of(mctx_t mctx, int sock, int option) {
  int state = -1;
  socklen_t length = sizeof state;
  if (mtcp_getsockopt(mctx, sock, SOL_MONSOCKET, option, &state, &length) != 0) {
    perror("mtcp_getsockopt");
    exit(1);
  }
  return state;
}

static void on_start(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  struct sockaddr_in peers[2];
  socklen_t length = sizeof peers;
  struct connection *c = calloc(1, sizeof *c);
  int i;
  if (mtcp_getpeername(mctx, sock, (struct sockaddr *)peers, &length, MOS_SIDE_BOTH) != 0) {
    perror("mtcp_getpeername");
    exit(1);
  }
  for (i = MOS_SIDE_CLI; i <= MOS_SIDE_SVR; ++i) {
    snprintf(c->name[i], sizeof c->name[i], "%s:%u", inet_ntoa(peers[i].sin_addr),
             ntohs(peers[i].sin_port));
  }
  mtcp_set_uctx(mctx, sock, c);
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

static void on_state(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  const struct connection *c = mtcp_get_uctx(mctx, sock);
  printf("%s %s -> %s %s\n", c->name[0], kStates[state_of(mctx, sock, MOS_TCP_STATE_CLI)],
         c->name[1], kStates[state_of(mctx, sock, MOS_TCP_STATE_SVR)]);
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

static void on_data(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  struct connection *c = mtcp_get_uctx(mctx, sock);
  char buffer[1000];
  ssize_t got;
  while ((got = mtcp_peek(mctx, sock, side, buffer, sizeof buffer)) > 0) {
    c->bytes[side] += (unsigned long)got;
  }
  UNUSED(event);
  UNUSED(arg);
}

static void on_end(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  struct connection *c = mtcp_get_uctx(mctx, sock);
  if (side == MOS_SIDE_CLI) {
    printf("%s received %lu, %s received %lu bytes\n", c->name[0], c->bytes[0], c->name[1],
           c->bytes[1]);
  } else {
    free(c);
  }
  UNUSED(event);
  UNUSED(arg);
}

int main(int argc, char **argv) {
  mctx_t mctx;
  int sock;
  if (argc != 2 || mtcp_init(argv[1]) != 0) return 1;
  mctx = mtcp_create_context(0);
  if (mctx == NULL) return 1;
  sock = mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_STREAM, 0);
  if (sock < 0) return 1;
  if (mtcp_register_callback(mctx, sock, MOS_ON_CONN_START, MOS_HK_SND, on_start) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_TCP_STATE_CHANGE, MOS_HK_SND, on_state) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_TCP_STATE_CHANGE, MOS_HK_RCV, on_state) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_CONN_NEW_DATA, MOS_NULL, on_data) != 0 ||
      mtcp_register_callback(mctx, sock, MOS_ON_CONN_END, MOS_HK_SND, on_end) != 0) {
    return 1;
  }
  mtcp_app_join(mctx);
  mtcp_destroy();
  return 0;
}
