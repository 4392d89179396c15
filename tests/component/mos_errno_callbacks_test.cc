// The calls of the C API that fail in callbacks, and those of a context that
// has ended. Goes on where mos_errno_test.cc ends.

#include <mos_api.h>

#include <string_view>

#include "gtest/gtest.h"
#include "tests/component/mos_world.h"

namespace mosaic::testing {
namespace {

namespace fs = std::filesystem;

// In callbacks gtest's assertions would come from another thread; faults are
// gathered instead.
void ExpectHere(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::string fault = FaultOf(row);
    if (!fault.empty()) world.faults.push_back(std::move(fault));
  }
}

void InPacket(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  pkt_info p = {};
  if (mtcp_getlastpkt(m, sock, side, &p) != 0 || p.payloadlen == 0) return;
  world.in_packet_ran = true;
  std::array<char, 8> b = {};
  std::array<sockaddr_in, 2> names = {};
  socklen_t length = 0;
  int value = 0;
  auto* const to = reinterpret_cast<sockaddr*>(names.data());
  const auto name = [&](int of, socklen_t bytes) {
    length = bytes;
    return mtcp_getpeername(m, sock, to, &length, of);
  };
  const auto get = [&](int option, socklen_t bytes) {
    std::array<char, 64> room;
    length = bytes;
    return mtcp_getsockopt(m, sock, SOL_MONSOCKET, option, room.data(),
                           &length);
  };
  const auto set = [&](int option, int to_value, socklen_t bytes) {
    return mtcp_setsockopt(m, sock, SOL_MONSOCKET, option, &to_value, bytes);
  };
  const auto edit = [&](off_t at, const void* data, uint16_t bytes,
                        int option) {
    return mtcp_setlastpkt(m, sock, side, at, static_cast<const byte*>(data),
                           bytes, option);
  };
  pkt_info other = p;
  std::array<uint8_t, 20> tcp = {};
  std::memcpy(tcp.data(), p.tcph, tcp.size());
  tcp[0] = 9;  // Another port.
  other.tcph = reinterpret_cast<tcphdr*>(tcp.data());
  ExpectHere({
      {"getpeername", EINVAL, [&] { return name(MOS_SIDE_BOTH, 16); }},
      {"getpeername", EINVAL, [&] { return name(MOS_SIDE_CLI, 32); }},
      {"getpeername", EINVAL, [&] { return name(MOS_SIDE_SVR, 15); }},
      {"getpeername", EINVAL, [&] { return name(-1, 16); }},
      {"peek", EINVAL, [&] { return mtcp_peek(m, sock, 2, b.data(), 8); }},
      {"peek", EINVAL, [&] { return mtcp_peek(m, sock, 0, nullptr, 8); }},
      {"ppeek", EINVAL,
       [&] { return mtcp_ppeek(m, sock, -1, b.data(), 8, 0); }},
      {"ppeek", ENODATA,
       [&] { return mtcp_ppeek(m, sock, MOS_SIDE_CLI, b.data(), 8, 9999); }},
      {"getlastpkt", EINVAL,
       [&] { return mtcp_getlastpkt(m, sock, 0, nullptr); }},
      {"getlastpkt", EINVAL, [&] { return mtcp_getlastpkt(m, sock, 9, &p); }},
      {"getlastpkt", EBADF,
       [&] { return mtcp_getlastpkt(m, kNoSocket, 0, &p); }},
      {"getlastpkt", ENODATA,
       [&] { return mtcp_getlastpkt(m, world.raw, MOS_NULL, &p); }},
      {"setlastpkt", EAGAIN, [&] { return edit(0, "x", 1, MOS_TCP_PAYLOAD); }},
      {"setlastpkt", EAGAIN,
       [&] { return edit(0, "x", 1, MOS_DROP | MOS_OVERWRITE); }},
      {"setlastpkt", EINVAL, [&] { return edit(0, "x", 1, MOS_OVERWRITE); }},
      {"setlastpkt", EINVAL,
       [&] {
         return edit(0, "x", 1, MOS_OVERWRITE | MOS_IP_HDR | MOS_TCP_HDR);
       }},
      {"setlastpkt", EINVAL,
       [&] { return edit(0, nullptr, 1, MOS_OVERWRITE | MOS_IP_HDR); }},
      {"setlastpkt", EINVAL,
       [&] { return edit(0, "x", 0, MOS_OVERWRITE | MOS_IP_HDR); }},
      {"setlastpkt", EINVAL,
       [&] { return edit(-1, "x", 1, MOS_OVERWRITE | MOS_IP_HDR); }},
      {"setlastpkt", EINVAL,
       [&] { return edit(5, "x", 1, MOS_OVERWRITE | MOS_TCP_PAYLOAD); }},
      {"setlastpkt", EINVAL,
       [&] { return edit(6, "x", 1, MOS_INSERT | MOS_TCP_PAYLOAD); }},
      {"setlastpkt", EINVAL,
       [&] { return edit(3, nullptr, 3, MOS_CHOMP | MOS_TCP_PAYLOAD); }},
      {"setlastpkt", EACCES,
       [&] { return edit(0, "x", 1, MOS_INSERT | MOS_ETH_HDR); }},
      {"setlastpkt", EACCES,
       [&] { return edit(0, nullptr, 1, MOS_CHOMP | MOS_ETH_HDR); }},
      {"sendpkt", EINVAL, [&] { return mtcp_sendpkt(m, sock, nullptr); }},
      {"sendpkt", EINVAL, [&] { return mtcp_sendpkt(m, sock, &other); }},
      {"sendpkt", ENETDOWN, [&] { return mtcp_sendpkt(m, sock, &p); }},
      {"getsockopt", EINVAL, [&] { return get(MOS_TCP_STATE_CLI, 3); }},
      {"getsockopt", EINVAL, [&] { return get(MOS_INFO_CLIBUF, 15); }},
      {"getsockopt", EINVAL, [&] { return get(MOS_FRAGINFO_CLIBUF, 15); }},
      {"getsockopt", EINVAL, [&] { return get(MOS_TIMESTAMP, 8); }},
      {"getsockopt", ENODATA, [&] { return get(MOS_FRAGINFO_CLIBUF, 16); }},
      {"getsockopt", ENODATA, [&] { return get(MOS_LAST_ERROR, 40); }},
      {"getsockopt", ENODATA, [&] { return get(MOS_END_REASON, 4); }},
      {"getsockopt", ENOSYS, [&] { return get(MOS_FRAG_SVRBUF, 4); }},
      {"setsockopt", EINVAL, [&] { return set(MOS_CLIBUF, -1, 4); }},
      {"setsockopt", EINVAL, [&] { return set(MOS_CLIBUF, 1, 2); }},
      {"setsockopt", EINVAL, [&] { return set(MOS_CLIOVERLAP, 2, 4); }},
      {"setsockopt", EINVAL, [&] { return set(MOS_STOP_MON, 3, 4); }},
      {"setsockopt", EINVAL, [&] { return set(MOS_SEQ_REMAP, 1, 4); }},
      {"raise_event", EINVAL, [&] { return mtcp_raise_event(m, 1); }},
      {"register_callback", EINVAL,
       [&] {
         return mtcp_register_callback(m, sock, MOS_ON_ORPHAN, MOS_NULL,
                                       OnNothing);
       }},
      {"bind_monitor_filter", ENOPROTOOPT,
       [&] { return mtcp_bind_monitor_filter(m, sock, nullptr); }},
      {"close", EPERM, [&] { return mtcp_close(m, sock); }},
      {"canceltimer", ENOENT, [&] { return mtcp_canceltimer(m, 4711); }},
      {"read", ENOTCONN, [&] { return mtcp_read(m, sock, b.data(), 1); }},
      {"connect", EINVAL, [&] { return mtcp_connect(m, sock, to, 16); }},
      {"create_context", EPERM, [&] { return Null(mtcp_create_context(0)); }},
      {"init", EPERM, [&] { return mtcp_init("x"); }},
      {"app_join", EPERM, [&] { return Void([&] { mtcp_app_join(m); }); }},
      {"destroy_context", EPERM,
       [&] { return Void([&] { mtcp_destroy_context(m); }); }},
      {"destroy", EPERM, [] { return Void([] { mtcp_destroy(); }); }},
  });
  value = 0;
  length = sizeof value;
  if (mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_TCP_STATE_CLI, &value,
                      &length) != 0 ||
      value != TCP_ESTABLISHED) {
    world.faults.push_back("the client is not established");
  }
  if (mtcp_cb_get_ts(m) != 1'050'000) world.faults.push_back("cb_get_ts");
}

void InTimer(mctx_t m, int id, int side, event_t event, filter_arg_t* arg) {
  world.in_timer_ran = id == 77 && side == 0 && event == 0 && arg == nullptr;
  pkt_info p;
  ExpectHere({
      {"getlastpkt", ENODATA,
       [&] { return mtcp_getlastpkt(m, world.raw, MOS_NULL, &p); }},
      {"setlastpkt", ENODATA,
       [&] {
         return mtcp_setlastpkt(m, world.raw, MOS_NULL, 0, nullptr, 0,
                                MOS_DROP);
       }},
      {"raise_event", EPERM, [&] { return mtcp_raise_event(m, 1); }},
      {"peek", EBADF, [&] { return mtcp_peek(m, 99'999, 0, nullptr, 0); }},
  });
}

void InEnd(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  world.in_end_ran = true;
  pkt_info p;
  int reason = -1;
  socklen_t length = sizeof reason;
  ExpectHere({
      {"getlastpkt at the end", ENODATA,
       [&] { return mtcp_getlastpkt(m, sock, side, &p); }},
  });
  if (mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_END_REASON, &reason,
                      &length) != 0 ||
      reason != MOS_END_SHUTDOWN) {
    world.faults.push_back("the reason of the end is not told");
  }
}

void InRaw(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  if (world.in_raw_ran) return;
  world.in_raw_ran = true;
  std::array<char, 8> b = {};
  ExpectHere({
      {"peek(RAW)", ENOTSOCK,
       [&] { return mtcp_peek(m, sock, 0, b.data(), 1); }},
      {"reset_conn(RAW)", EINVAL, [&] { return mtcp_reset_conn(m, sock); }},
      {"getlastpkt(NULL)", EINVAL,
       [&] { return mtcp_getlastpkt(m, sock, MOS_NULL, nullptr); }},
  });
  pkt_info p = {};
  if (side != MOS_SIDE_BOTH || mtcp_getlastpkt(m, sock, MOS_NULL, &p) != 0 ||
      p.eth_len != 54 || p.ip_len != 40 || p.iph == nullptr) {
    world.faults.push_back("a RAW packet is not told");
  }
}

TEST(MosErrnoLaterTest, InCallbacks) {
  const mctx_t m = world.mctx;
  timeval soon = {0, 10'000};
  ASSERT_EQ(mtcp_register_callback(m, world.stream, MOS_ON_PKT_IN, MOS_HK_SND,
                                   InPacket),
            0);
  ASSERT_EQ(mtcp_register_callback(m, world.stream, MOS_ON_CONN_END, MOS_HK_SND,
                                   InEnd),
            0);
  ASSERT_EQ(
      mtcp_register_callback(m, world.raw, MOS_ON_PKT_IN, MOS_NULL, InRaw), 0);
  ASSERT_EQ(mtcp_settimer(m, 77, &soon, InTimer), 0);
  mtcp_app_join(m);
  EXPECT_TRUE(world.in_packet_ran);
  EXPECT_TRUE(world.in_timer_ran);
  EXPECT_TRUE(world.in_end_ran);
  EXPECT_TRUE(world.in_raw_ran);
  for (const std::string& fault : world.faults) ADD_FAILURE() << fault;
}

TEST(MosErrnoLaterTest, AfterTheCaptureTheContextHasEnded) {
  Expect(RowsOf(world.mctx, EACCES));
}

TEST(MosErrnoLaterTest, AfterTheEnd) {
  mtcp_destroy();
  Expect(RowsOf(world.mctx, EACCES));
  Expect({
      {"destroy", EACCES, [] { return Void([] { mtcp_destroy(); }); }},
      {"init", EALREADY, [] { return mtcp_init("mos.conf"); }},
      {"create_context", EPERM, [] { return Null(mtcp_create_context(0)); }},
  });
  fs::remove_all(world.folder);
}

}  // namespace
}  // namespace mosaic::testing
