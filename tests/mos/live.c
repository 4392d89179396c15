/* live: a context on a live port, without traffic. A timer's callback wakes the
 * main thread by a pipe, and a signal's handler ends the context, which the main
 * thread waits for. Shows contexts, epoll, pipes and signals across threads.
 *
 * usage: live MOS_CONF */

#include <errno.h>
#include <mos_api.h>
#include <signal.h>
#include <stdio.h>

static mctx_t mctx;
static int ends[2];

static void on_timer(mctx_t m, int id, int side, event_t event, filter_arg_t *arg) {
  const char byte = (char)id;
  if (mtcp_write(m, ends[1], &byte, 1) != 1) perror("mtcp_write");
  UNUSED(side);
  UNUSED(event);
  UNUSED(arg);
}

static void on_signal(int signum) {
  printf("signal %s\n", signum == SIGUSR1 ? "SIGUSR1" : "?");
  fflush(stdout);
  mtcp_destroy_context(mctx);
}

int main(int argc, char **argv) {
  struct timeval period = {0, 1000};
  struct mtcp_epoll_event event;
  char byte = 0;
  int epoll, i;
  if (argc != 2 || mtcp_init(argv[1]) != 0) return 1;
  mctx = mtcp_create_context(0);
  if (mctx == NULL) return 1;
  epoll = mtcp_epoll_create(mctx, 1);
  if (epoll < 0 || mtcp_pipe(mctx, ends) != 0) return 1;
  event.events = MOS_EPOLLIN;
  event.data.sock = ends[0];
  if (mtcp_epoll_ctl(mctx, epoll, MOS_EPOLL_CTL_ADD, ends[0], &event) != 0) return 1;
  if (mtcp_settimer_periodic(mctx, 7, &period, on_timer) != 0) return 1;
  for (i = 0; i < 3; ++i) {
    if (mtcp_epoll_wait(mctx, epoll, &event, 1, -1) != 1 || event.data.sock != ends[0] ||
        mtcp_read(mctx, ends[0], &byte, 1) != 1) {
      perror("mtcp_epoll_wait");
      return 1;
    }
    printf("woken by timer %d\n", byte);
  }
  if (mtcp_canceltimer(mctx, 7) != 0) return 1;
  if (mtcp_register_signal(SIGUSR1, on_signal) == SIG_ERR) return 1;
  fflush(stdout);
  raise(SIGUSR1);
  mtcp_app_join(mctx);
  errno = 0;
  if (mtcp_epoll_wait(mctx, epoll, &event, 1, -1) != -1 || errno != EACCES) return 1;
  mtcp_destroy();
  puts("ended");
  return 0;
}
