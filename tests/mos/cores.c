/* cores: a context for each core that mos.conf gives, each with a monitor of its
 * own. Counts connections, and those that came to the context that
 * GetRSSCPUCore() names.
 *
 * usage: cores MOS_CONF */

#include <mos_api.h>
#include <mtcp_util.h>
#include <stdio.h>

static int cores;
static int connections[MOS_APP];
static int expected[MOS_APP];

static void on_start(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  struct sockaddr_in a[2];
  socklen_t length = sizeof a;
  if (mtcp_getpeername(mctx, sock, (struct sockaddr *)a, &length, MOS_SIDE_BOTH) != 0) return;
  ++connections[mctx->cpu];
  expected[mctx->cpu] += GetRSSCPUCore(a[0].sin_addr.s_addr, a[1].sin_addr.s_addr, a[0].sin_port,
                                       a[1].sin_port, cores) == mctx->cpu;
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

int main(int argc, char **argv) {
  struct mtcp_conf conf;
  mctx_t mctx[MOS_APP];
  int i, total = 0, right = 0, used = 0;
  if (argc != 2 || mtcp_init(argv[1]) != 0 || mtcp_getconf(&conf) != 0) return 1;
  cores = conf.num_cores;
  for (i = 0; i < cores; ++i) {
    int sock;
    if ((mctx[i] = mtcp_create_context(i)) == NULL) return 1;
    sock = mtcp_socket(mctx[i], AF_INET, MOS_SOCK_MONITOR_STREAM, 0);
    if (mtcp_register_callback(mctx[i], sock, MOS_ON_CONN_START, MOS_HK_SND, on_start) != 0) {
      return 1;
    }
  }
  for (i = 0; i < cores; ++i) mtcp_app_join(mctx[i]);
  mtcp_destroy();
  for (i = 0; i < cores; ++i) {
    total += connections[i];
    right += expected[i];
    used += connections[i] > 0;
  }
  printf("%d cores, %d connections, %d where expected, %d cores used\n", cores, total, right,
         used);
  return 0;
}
