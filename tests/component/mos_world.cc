#include "tests/component/mos_world.h"

#include <sys/ioctl.h>

#include "gtest/gtest.h"

namespace mosaic::testing {

std::string FaultOf(const Row& row) {
  errno = 0;
  const long result = row.run();
  const int error = errno;
  if (result == -1 && error == row.error) return "";
  return std::string(row.call) + ": " + std::to_string(result) + ", errno " +
         std::strerror(error) + " instead of " + std::strerror(row.error);
}

void Expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(FaultOf(row), "");
}

std::vector<Row> RowsOf(mctx_t mctx, int error) {
  static std::array<char, 64> buffer;
  static sockaddr_in address;
  static socklen_t length = sizeof address;
  static timeval time = {1, 0};
  static mtcp_epoll_event event;
  static pkt_info packet;
  static iovec iov = {buffer.data(), buffer.size()};
  static int number = 0;
  auto* const to = reinterpret_cast<sockaddr*>(&address);
  const int s = world.stream;
  return {
      {"socket", error,
       [=] { return mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_RAW, 0); }},
      {"close", error, [=] { return mtcp_close(mctx, s); }},
      {"bind", error, [=] { return mtcp_bind(mctx, s, to, length); }},
      {"listen", error, [=] { return mtcp_listen(mctx, s, 1); }},
      {"accept", error, [=] { return mtcp_accept(mctx, s, to, &length); }},
      {"connect", error, [=] { return mtcp_connect(mctx, s, to, length); }},
      {"abort", error, [=] { return mtcp_abort(mctx, s); }},
      {"getsockname", error,
       [=] { return mtcp_getsockname(mctx, s, to, &length); }},
      {"getpeername", error,
       [=] { return mtcp_getpeername(mctx, s, to, &length, MOS_SIDE_CLI); }},
      {"read", error, [=] { return mtcp_read(mctx, s, buffer.data(), 1); }},
      {"recv", error, [=] { return mtcp_recv(mctx, s, buffer.data(), 1, 0); }},
      {"readv", error, [=] { return mtcp_readv(mctx, s, &iov, 1); }},
      {"write", error, [=] { return mtcp_write(mctx, s, buffer.data(), 1); }},
      {"writev", error, [=] { return mtcp_writev(mctx, s, &iov, 1); }},
      {"setsock_nonblock", error,
       [=] { return mtcp_setsock_nonblock(mctx, s); }},
      {"ioctl", error, [=] { return mtcp_ioctl(mctx, s, FIONREAD, &number); }},
      {"getsockopt", error,
       [=] {
         return mtcp_getsockopt(mctx, s, SOL_MONSOCKET, MOS_CLIBUF, &number,
                                &length);
       }},
      {"setsockopt", error,
       [=] {
         return mtcp_setsockopt(mctx, s, SOL_MONSOCKET, MOS_CLIBUF, &number,
                                sizeof number);
       }},
      {"pipe", error, [=] { return mtcp_pipe(mctx, world.pipe.data()); }},
      {"init_rss", error, [=] { return mtcp_init_rss(mctx, 0, 1, 0, 0); }},
      {"get_connection_cnt", error,
       [=] { return static_cast<int32_t>(mtcp_get_connection_cnt(mctx)); }},
      {"destroy_context", error,
       [=] { return Void([=] { mtcp_destroy_context(mctx); }); }},
      {"app_join", error, [=] { return Void([=] { mtcp_app_join(mctx); }); }},
      {"epoll_create", error, [=] { return mtcp_epoll_create(mctx, 1); }},
      {"epoll_ctl", error,
       [=] { return mtcp_epoll_ctl(mctx, 1, MOS_EPOLL_CTL_ADD, 2, &event); }},
      {"epoll_wait", error,
       [=] { return mtcp_epoll_wait(mctx, 1, &event, 1, 0); }},
      {"bind_monitor_filter", error,
       [=] { return mtcp_bind_monitor_filter(mctx, s, nullptr); }},
      {"register_callback", error,
       [=] {
         return mtcp_register_callback(mctx, s, MOS_ON_PKT_IN, MOS_HK_SND,
                                       OnNothing);
       }},
      {"raise_event", error, [=] { return mtcp_raise_event(mctx, 1); }},
      {"set_uctx", error,
       [=] { return Void([=] { mtcp_set_uctx(mctx, s, nullptr); }); }},
      {"get_uctx", error, [=] { return Null(mtcp_get_uctx(mctx, s)); }},
      {"peek", error,
       [=] { return mtcp_peek(mctx, s, MOS_SIDE_CLI, buffer.data(), 1); }},
      {"ppeek", error,
       [=] { return mtcp_ppeek(mctx, s, MOS_SIDE_CLI, buffer.data(), 1, 0); }},
      {"getlastpkt", error,
       [=] { return mtcp_getlastpkt(mctx, s, MOS_SIDE_CLI, &packet); }},
      {"setlastpkt", error,
       [=] {
         return mtcp_setlastpkt(mctx, s, MOS_SIDE_CLI, 0, nullptr, 0, MOS_DROP);
       }},
      {"sendpkt", error, [=] { return mtcp_sendpkt(mctx, s, &packet); }},
      {"reset_conn", error, [=] { return mtcp_reset_conn(mctx, s); }},
      {"settimer", error,
       [=] { return mtcp_settimer(mctx, 1, &time, OnNothing); }},
      {"settimer_periodic", error,
       [=] { return mtcp_settimer_periodic(mctx, 1, &time, OnNothing); }},
      {"canceltimer", error, [=] { return mtcp_canceltimer(mctx, 1); }},
      {"cb_get_ts", error, [=] { return mtcp_cb_get_ts(mctx) == 0 ? -1 : 0; }},
  };
}

}  // namespace mosaic::testing
