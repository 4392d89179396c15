// Each call of the C API with each errno that its headers name, as a program
// meets them: before the start and outside of callbacks. The rest, in callbacks
// and after the end, is in mos_errno_callbacks_test.cc, which goes on in the
// same process, since DPDK starts once.

#include <mos_api.h>
#include <mtcp_util.h>
#include <sys/ioctl.h>

#include <csignal>
#include <fstream>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "tests/component/mos_world.h"
#include "tests/support/capture_builder.h"
#include "tests/support/packet_builder.h"

namespace mosaic::testing {
namespace {

namespace fs = std::filesystem;

void WriteCapture() {
  const auto packet = [](bool client, uint32_t seq, uint32_t ack, uint8_t flags,
                         std::string_view payload) {
    PacketBuilder builder;
    if (client) {
      builder.Ipv4("10.0.0.1", "10.0.0.2").Tcp(1000, 80);
    } else {
      builder.Ipv4("10.0.0.2", "10.0.0.1").Tcp(80, 1000);
    }
    const PacketBuilder::Bytes bytes =
        builder.Seq(seq).Ack(ack).Flags(flags).Payload(payload).Build();
    return std::string(bytes.begin(), bytes.end());
  };
  constexpr int64_t kSecond = 1'000'000'000;
  constexpr int64_t kMilli = 1'000'000;
  const auto bytes =
      PcapBuilder()
          .Packet(kSecond, packet(true, 100, 0, 2, ""))
          .Packet(kSecond + kMilli, packet(false, 500, 101, 18, ""))
          .Packet(kSecond + 2 * kMilli, packet(true, 101, 501, 16, ""))
          .Packet(kSecond + 50 * kMilli, packet(true, 101, 501, 24, "hello"))
          .bytes();
  std::ofstream(world.folder / "in.pcap", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

std::string Write(const char* name, std::string_view text) {
  const fs::path path = world.folder / name;
  std::ofstream(path) << text;
  return path;
}

TEST(MosErrnoTest, BeforeTheStart) {
  std::string pattern = (fs::temp_directory_path() / "mosaic-errno-XXXXXX");
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  world.folder = pattern;
  WriteCapture();
  const std::string unknown_key = Write("key.conf", "mos {\n color = red\n}\n");
  const std::string no_file =
      Write("file.conf", "mos { netdev { pcap:/nowhere/x.pcap 0x1 } }");
  static mtcp_conf conf;
  ASSERT_EQ(mtcp_getconf(&conf), 0);
  EXPECT_EQ(conf.num_cores, 1);
  EXPECT_EQ(conf.rcvbuf_size, 256 * 1024);
  const auto set = [](int mtcp_conf::*field, int value) {
    mtcp_conf changed = {};
    changed.*field = value;
    return mtcp_setconf(&changed);
  };
  const std::string folder = world.folder;
  Expect({
      {"init(NULL)", EINVAL, [] { return mtcp_init(nullptr); }},
      {"init(no file)", ENOENT, [] { return mtcp_init("/nowhere/mos.conf"); }},
      {"init(a folder)", EIO, [&] { return mtcp_init(folder.c_str()); }},
      {"init(bad key)", EINVAL, [&] { return mtcp_init(unknown_key.c_str()); }},
      {"init(no capture)", ENODEV, [&] { return mtcp_init(no_file.c_str()); }},
      {"getconf(NULL)", EINVAL, [] { return mtcp_getconf(nullptr); }},
      {"setconf(NULL)", EINVAL, [] { return mtcp_setconf(nullptr); }},
      {"num_cores", EINVAL, [&] { return set(&mtcp_conf::num_cores, 65); }},
      {"num_cores", EINVAL, [&] { return set(&mtcp_conf::num_cores, -1); }},
      {"max_concurrency", EINVAL,
       [&] { return set(&mtcp_conf::max_concurrency, -1); }},
      {"rcvbuf_size", EINVAL, [&] { return set(&mtcp_conf::rcvbuf_size, -1); }},
      {"tcp_timewait", EINVAL,
       [&] { return set(&mtcp_conf::tcp_timewait, -1); }},
      {"tcp_timeout", EINVAL, [&] { return set(&mtcp_conf::tcp_timeout, -2); }},
      {"core_affinitize", EINVAL, [] { return mtcp_core_affinitize(-1); }},
      {"core_affinitize", EINVAL, [] { return mtcp_core_affinitize(4096); }},
      {"create_context", EPERM, [] { return Null(mtcp_create_context(0)); }},
      {"destroy", EACCES, [] { return Void([] { mtcp_destroy(); }); }},
  });
}

TEST(MosErrnoTest, TheStart) {
  const std::string path =
      Write("mos.conf",
            "application { run = errno -c 1\n cpu_mask = 0x1 }\nmos {\n"
            "netdev {\n d 0x1 pcap:" +
                (world.folder / "in.pcap").string() +
                "\n}\nrmem_size = 8192\nmax_concurrency = 1000\n}\n");
  ASSERT_EQ(mtcp_init(path.c_str()), 0) << std::strerror(errno);
  mtcp_conf conf;
  ASSERT_EQ(mtcp_getconf(&conf), 0);
  EXPECT_EQ(conf.num_cores, 1);
  EXPECT_EQ(conf.max_concurrency, 1000);
  EXPECT_EQ(conf.rcvbuf_size, 8192);
  EXPECT_EQ(conf.num_app, 1);
  EXPECT_EQ(conf.app_argc[0], 3);
  EXPECT_STREQ(conf.app_argv[0][1], "-c");
  conf.max_concurrency = 500;
  EXPECT_EQ(mtcp_setconf(&conf), 0);
  EXPECT_EQ(mtcp_core_affinitize(0), 0);
  conf.num_cores = 2;
  Expect({
      {"init", EALREADY, [&] { return mtcp_init(path.c_str()); }},
      {"setconf", EINVAL, [&] { return mtcp_setconf(&conf); }},
      {"core_affinitize", EINVAL, [] { return mtcp_core_affinitize(1); }},
      {"create_context", EINVAL, [] { return Null(mtcp_create_context(-1)); }},
      {"create_context", EINVAL, [] { return Null(mtcp_create_context(1)); }},
  });
  world.mctx = mtcp_create_context(0);
  ASSERT_NE(world.mctx, nullptr) << std::strerror(errno);
  EXPECT_EQ(world.mctx->cpu, 0);
  conf.num_cores = 1;
  Expect({
      {"create_context", EEXIST, [] { return Null(mtcp_create_context(0)); }},
      {"setconf", EBUSY, [&] { return mtcp_setconf(&conf); }},
  });
}

TEST(MosErrnoTest, NoContextOrAWrongOneIsEacces) {
  Expect(RowsOf(nullptr, EACCES));
  mtcp_context other = {0};
  Expect(RowsOf(&other, EACCES));
}

TEST(MosErrnoTest, SocketsAreMade) {
  const mctx_t m = world.mctx;
  world.stream = mtcp_socket(m, AF_INET, MOS_SOCK_MONITOR_STREAM, 0);
  world.raw = mtcp_socket(m, AF_UNSPEC, MOS_SOCK_MONITOR_RAW, 0);
  world.epoll = mtcp_epoll_create(m, 1);
  ASSERT_GT(world.stream, 0);
  ASSERT_GT(world.raw, 0);
  ASSERT_GT(world.epoll, 0);
  ASSERT_EQ(mtcp_pipe(m, world.pipe.data()), 0);
  Expect({
      {"socket", EAFNOSUPPORT,
       [=] { return mtcp_socket(m, AF_UNIX, MOS_SOCK_MONITOR_RAW, 0); }},
      {"socket(SOCK_STREAM)", EINVAL,
       [=] { return mtcp_socket(m, AF_INET, SOCK_STREAM, 0); }},
      {"socket(MOS_SOCK_STREAM)", EINVAL,
       [=] { return mtcp_socket(m, AF_INET, MOS_SOCK_STREAM, 0); }},
      {"socket(active)", EINVAL,
       [=] {
         return mtcp_socket(m, AF_INET, MOS_SOCK_MONITOR_STREAM_ACTIVE, 0);
       }},
      {"pipe(NULL)", EINVAL, [=] { return mtcp_pipe(m, nullptr); }},
      {"epoll_create", EINVAL, [=] { return mtcp_epoll_create(m, 0); }},
      {"init_rss", ENOSYS, [=] { return mtcp_init_rss(m, 0, 1, 0, 0); }},
  });
  std::vector<int> opened;
  while (true) {
    const int sock = mtcp_socket(m, AF_INET, MOS_SOCK_MONITOR_RAW, 0);
    if (sock < 0) break;
    opened.push_back(sock);
    ASSERT_LT(opened.size(), 2000u);
  }
  EXPECT_EQ(errno, ENFILE);
  Expect({
      {"pipe", ENFILE, [=] { return mtcp_pipe(m, world.pipe.data()); }},
      {"epoll_create", ENFILE, [=] { return mtcp_epoll_create(m, 1); }},
  });
  for (const int sock : opened) EXPECT_EQ(mtcp_close(m, sock), 0);
}

TEST(MosErrnoTest, CallsOfEndHostsTellWhatTheSocketIs) {
  const mctx_t m = world.mctx;
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  auto* const to = reinterpret_cast<sockaddr*>(&address);
  for (const auto& [sock, error] :
       {std::pair(kNoSocket, EBADF), std::pair(-1, EBADF), std::pair(0, EBADF),
        std::pair(world.epoll, ENOTSOCK), std::pair(world.pipe[0], ENOTSOCK),
        std::pair(world.stream, EINVAL), std::pair(world.raw, EINVAL)}) {
    SCOPED_TRACE(sock);
    const int s = sock;
    Expect({
        {"bind", error, [=] { return mtcp_bind(m, s, to, length); }},
        {"listen", error, [=] { return mtcp_listen(m, s, 5); }},
        {"accept", error, [&] { return mtcp_accept(m, s, to, &length); }},
        {"connect", error, [=] { return mtcp_connect(m, s, to, length); }},
        {"abort", error, [=] { return mtcp_abort(m, s); }},
        {"getsockname", error,
         [&] { return mtcp_getsockname(m, s, to, &length); }},
    });
  }
}

TEST(MosErrnoTest, ReadingAndWritingIsForPipes) {
  const mctx_t m = world.mctx;
  std::array<char, 8> b = {};
  iovec iov = {b.data(), b.size()};
  for (const auto& [sock, error] :
       {std::pair(kNoSocket, EBADF), std::pair(world.epoll, ENOTSOCK),
        std::pair(world.stream, ENOTCONN), std::pair(world.raw, ENOTCONN)}) {
    SCOPED_TRACE(sock);
    const int s = sock;
    Expect({
        {"read", error, [&] { return mtcp_read(m, s, b.data(), 1); }},
        {"recv", error, [&] { return mtcp_recv(m, s, b.data(), 1, 0); }},
        {"readv", error, [&] { return mtcp_readv(m, s, &iov, 1); }},
        {"write", error, [&] { return mtcp_write(m, s, b.data(), 1); }},
        {"writev", error, [&] { return mtcp_writev(m, s, &iov, 1); }},
    });
  }
  const int from = world.pipe[0];
  const int to = world.pipe[1];
  int number = 0;
  EXPECT_EQ(mtcp_setsock_nonblock(m, from), 0);
  EXPECT_EQ(mtcp_setsock_nonblock(m, to), 0);
  Expect({
      {"read(nothing)", EAGAIN,
       [&] { return mtcp_read(m, from, b.data(), 1); }},
      {"read(NULL)", EINVAL, [&] { return mtcp_read(m, from, nullptr, 1); }},
      {"read(write end)", EINVAL,
       [&] { return mtcp_read(m, to, b.data(), 1); }},
      {"write(read end)", EINVAL,
       [&] { return mtcp_write(m, from, b.data(), 1); }},
      {"recv(flags)", EINVAL,
       [&] { return mtcp_recv(m, from, b.data(), 1, MSG_OOB); }},
      {"readv", EINVAL, [&] { return mtcp_readv(m, from, &iov, -1); }},
      {"writev", EINVAL, [&] { return mtcp_writev(m, to, nullptr, 1); }},
      {"setsock_nonblock", EBADF,
       [&] { return mtcp_setsock_nonblock(m, kNoSocket); }},
      {"setsock_nonblock", ENOTSOCK,
       [&] { return mtcp_setsock_nonblock(m, world.epoll); }},
      {"ioctl", EBADF,
       [&] { return mtcp_ioctl(m, kNoSocket, FIONREAD, &number); }},
      {"ioctl", EFAULT, [&] { return mtcp_ioctl(m, from, FIONREAD, nullptr); }},
      {"ioctl", EINVAL, [&] { return mtcp_ioctl(m, from, FIOASYNC, &number); }},
      {"ioctl", EINVAL,
       [&] { return mtcp_ioctl(m, world.stream, FIONREAD, &number); }},
  });
  EXPECT_EQ(mtcp_write(m, to, "abc", 3), 3);
  EXPECT_EQ(mtcp_ioctl(m, from, FIONREAD, &number), 0);
  EXPECT_EQ(number, 3);
  EXPECT_EQ(mtcp_read(m, from, b.data(), 8), 3);
  // A pipe that is full, and one whose reader has gone.
  const std::vector<char> much(1 << 17);
  EXPECT_EQ(mtcp_write(m, to, much.data(), much.size()), 65'536);
  Expect({{"write", EAGAIN, [&] { return mtcp_write(m, to, "x", 1); }}});
  std::array<int, 2> other = {};
  ASSERT_EQ(mtcp_pipe(m, other.data()), 0);
  EXPECT_EQ(mtcp_close(m, other[0]), 0);
  Expect({{"write", EPIPE, [&] { return mtcp_write(m, other[1], "x", 1); }},
          {"close", EBADF, [&] { return mtcp_close(m, other[0]); }}});
  EXPECT_EQ(mtcp_close(m, other[1]), 0);
}

TEST(MosErrnoTest, EpollTellsWhatIsReady) {
  const mctx_t m = world.mctx;
  const int e = world.epoll;
  const int from = world.pipe[0];
  mtcp_epoll_event event = {};
  event.events = MOS_EPOLLIN;
  event.data.sock = from;
  Expect({
      {"epoll_ctl", EBADF,
       [&] {
         return mtcp_epoll_ctl(m, kNoSocket, MOS_EPOLL_CTL_ADD, from, &event);
       }},
      {"epoll_ctl", EBADF,
       [&] {
         return mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_ADD, kNoSocket, &event);
       }},
      {"epoll_ctl", EINVAL,
       [&] { return mtcp_epoll_ctl(m, from, MOS_EPOLL_CTL_ADD, e, &event); }},
      {"epoll_ctl", EINVAL,
       [&] { return mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_ADD, e, &event); }},
      {"epoll_ctl", EINVAL,
       [&] { return mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_ADD, from, nullptr); }},
      {"epoll_ctl", EINVAL,
       [&] { return mtcp_epoll_ctl(m, e, 4, from, &event); }},
      {"epoll_ctl", ENOENT,
       [&] { return mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_MOD, from, &event); }},
      {"epoll_ctl", ENOENT,
       [&] { return mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_DEL, from, nullptr); }},
      {"epoll_wait", EBADF,
       [&] { return mtcp_epoll_wait(m, kNoSocket, &event, 1, 0); }},
      {"epoll_wait", EINVAL,
       [&] { return mtcp_epoll_wait(m, from, &event, 1, 0); }},
      {"epoll_wait", EINVAL,
       [&] { return mtcp_epoll_wait(m, e, nullptr, 1, 0); }},
      {"epoll_wait", EINVAL,
       [&] { return mtcp_epoll_wait(m, e, &event, 0, 0); }},
  });
  ASSERT_EQ(mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_ADD, from, &event), 0);
  Expect({{"epoll_ctl", EEXIST, [&] {
             return mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_ADD, from, &event);
           }}});
  // The pipe is full from before; level-triggered, it is told each time.
  mtcp_epoll_event told = {};
  EXPECT_EQ(mtcp_epoll_wait(m, e, &told, 1, 0), 1);
  EXPECT_EQ(told.events, static_cast<uint64_t>(MOS_EPOLLIN));
  EXPECT_EQ(told.data.sock, from);
  EXPECT_EQ(mtcp_epoll_wait(m, e, &told, 1, 0), 1);
  event.events = MOS_EPOLLIN | MOS_EPOLLET;
  ASSERT_EQ(mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_MOD, from, &event), 0);
  EXPECT_EQ(mtcp_epoll_wait(m, e, &told, 1, 0), 1);
  EXPECT_EQ(mtcp_epoll_wait(m, e, &told, 1, 0), 0) << "an edge is told once";
  event.events = MOS_EPOLLIN | MOS_EPOLLONESHOT;
  ASSERT_EQ(mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_MOD, from, &event), 0);
  EXPECT_EQ(mtcp_epoll_wait(m, e, &told, 1, 0), 1);
  EXPECT_EQ(mtcp_epoll_wait(m, e, &told, 1, 0), 0);
  EXPECT_EQ(mtcp_epoll_ctl(m, e, MOS_EPOLL_CTL_DEL, from, nullptr), 0);
  EXPECT_STREQ(EventToString(MOS_EPOLLIN), "MOS_EPOLLIN");
  EXPECT_STREQ(EventToString(1u << 31), "MOS_EPOLLET");
  EXPECT_STREQ(EventToString(1u << 20), "unknown event");
}

TEST(MosErrnoTest, MonitorsOutsideOfCallbacks) {
  const mctx_t m = world.mctx;
  const int s = world.stream;
  static std::string words = "tcp and (";
  static std::string no_stream_word = "udp";
  static std::string fine = "tcp port 80";
  monitor_filter bad_syn = {};
  bad_syn.stream_syn_filter = words.data();
  monitor_filter bad_orphan = {};
  bad_orphan.stream_orphan_filter = no_stream_word.data();
  monitor_filter bad_raw = {};
  bad_raw.raw_pkt_filter = words.data();
  const auto on = [=](int sock, event_t event, int hook) {
    return mtcp_register_callback(m, sock, event, hook, OnNothing);
  };
  Expect({
      {"bind_monitor_filter", EBADF,
       [&] { return mtcp_bind_monitor_filter(m, kNoSocket, nullptr); }},
      {"bind_monitor_filter", ENOPROTOOPT,
       [&] { return mtcp_bind_monitor_filter(m, world.epoll, nullptr); }},
      {"bind_monitor_filter", EINVAL,
       [&] { return mtcp_bind_monitor_filter(m, s, &bad_syn); }},
      {"bind_monitor_filter", EINVAL,
       [&] { return mtcp_bind_monitor_filter(m, s, &bad_orphan); }},
      {"bind_monitor_filter", EINVAL,
       [&] { return mtcp_bind_monitor_filter(m, world.raw, &bad_raw); }},
      {"register_callback", EBADF,
       [&] { return on(kNoSocket, 1, MOS_HK_SND); }},
      {"register_callback", ENOTSOCK,
       [&] { return on(world.epoll, MOS_ON_PKT_IN, MOS_HK_SND); }},
      {"register_callback", EINVAL,
       [&] { return on(s, MOS_NULL_EVENT, MOS_HK_SND); }},
      {"register_callback", EINVAL, [&] { return on(s, 1 << 20, MOS_HK_SND); }},
      {"register_callback", EINVAL,
       [&] { return on(s, MOS_ON_CONN_SETUP, MOS_HK_SND); }},
      {"register_callback", EINVAL, [&] { return on(s, MOS_ON_PKT_IN, 7); }},
      {"register_callback", EINVAL,
       [&] { return on(s, MOS_ON_PKT_IN, MOS_NULL); }},
      {"register_callback", EINVAL,
       [&] { return on(s, MOS_ON_CONN_NEW_DATA, MOS_HK_RCV); }},
      {"register_callback", EINVAL,
       [&] { return on(s, MOS_ON_ORPHAN, MOS_HK_SND); }},
      {"register_callback", EINVAL,
       [&] { return on(world.raw, MOS_ON_PKT_IN, MOS_HK_SND); }},
      {"register_callback", EINVAL,
       [&] { return on(world.raw, MOS_ON_CONN_START, MOS_HK_SND); }},
      {"raise_event", EPERM, [&] { return mtcp_raise_event(m, 1); }},
      {"cb_get_ts", EPERM, [&] { return mtcp_cb_get_ts(m) == 0 ? -1 : 0; }},
  });
  monitor_filter good = {};
  good.stream_syn_filter = fine.data();
  EXPECT_EQ(mtcp_bind_monitor_filter(m, s, &good), 0);
  EXPECT_EQ(mtcp_bind_monitor_filter(m, s, nullptr), 0);
}

TEST(MosErrnoTest, EventsAreDefinedAnywhere) {
  const auto define = [](event_t base, filter_t filter, filter_arg_t* arg) {
    return mtcp_define_event(base, filter, arg) == MOS_NULL_EVENT ? -1 : 0;
  };
  filter_arg_t no_bytes = {nullptr, 4};
  Expect({
      {"define_event", EINVAL, [&] { return define(0, IsTrue, nullptr); }},
      {"define_event", EINVAL, [&] { return define(3, IsTrue, nullptr); }},
      {"define_event", EINVAL,
       [&] { return define(9 << 16, IsTrue, nullptr); }},
      {"define_event", EINVAL,
       [&] { return define(MOS_ON_PKT_IN, nullptr, nullptr); }},
      {"define_event", EINVAL,
       [&] { return define(MOS_ON_PKT_IN, IsTrue, &no_bytes); }},
      {"alloc_event", EINVAL,
       [&] { return mtcp_alloc_event(0) == MOS_NULL_EVENT ? -1 : 0; }},
  });
  int number = 5;
  filter_arg_t arg = {&number, sizeof number};
  const event_t first = mtcp_define_event(MOS_ON_PKT_IN, IsTrue, &arg);
  EXPECT_NE(first, static_cast<event_t>(MOS_NULL_EVENT));
  EXPECT_EQ(mtcp_define_event(MOS_ON_PKT_IN, IsTrue, &arg), first);
  number = 6;
  EXPECT_NE(mtcp_define_event(MOS_ON_PKT_IN, IsTrue, &arg), first);
  EXPECT_NE(mtcp_define_event(first, IsTrue, &arg), first);
  EXPECT_NE(mtcp_alloc_event(first), mtcp_alloc_event(first));
}

TEST(MosErrnoTest, OptionsOfListeners) {
  const mctx_t m = world.mctx;
  int value = 0;
  socklen_t length = sizeof value;
  const auto get = [&](int sock, int level, int name) {
    length = sizeof value;
    return mtcp_getsockopt(m, sock, level, name, &value, &length);
  };
  const auto set = [&](int sock, int level, int name, int to) {
    return mtcp_setsockopt(m, sock, level, name, &to, sizeof to);
  };
  const int s = world.stream;
  const int level = SOL_MONSOCKET;
  Expect({
      {"get", EBADF, [&] { return get(kNoSocket, level, MOS_CLIBUF); }},
      {"get", ENOSYS, [&] { return get(s, SOL_SOCKET, MOS_CLIBUF); }},
      {"get", ENOSYS, [&] { return get(s, level, 0x77); }},
      {"get", ENOSYS, [&] { return get(s, level, MOS_FRAG_CLIBUF); }},
      {"get", ENOSYS, [&] { return get(s, level, MOS_STOP_MON); }},
      {"get", ENOTSOCK, [&] { return get(world.epoll, level, MOS_CLIBUF); }},
      {"get", ENOTSOCK, [&] { return get(world.raw, level, MOS_CLIBUF); }},
      {"get", ENOTSOCK, [&] { return get(s, level, MOS_TCP_STATE_CLI); }},
      {"get", ENOTSOCK, [&] { return get(s, level, MOS_FRAGINFO_SVRBUF); }},
      {"get", ENOTSOCK, [&] { return get(s, level, MOS_INFO_CLIBUF); }},
      {"get", ENOTSOCK, [&] { return get(s, level, MOS_LAST_ERROR); }},
      {"get", EFAULT,
       [&] {
         return mtcp_getsockopt(m, s, level, MOS_CLIBUF, nullptr, &length);
       }},
      {"get", EFAULT,
       [&] {
         return mtcp_getsockopt(m, s, level, MOS_CLIBUF, &value, nullptr);
       }},
      {"get", EINVAL,
       [&] {
         length = 3;
         return mtcp_getsockopt(m, s, level, MOS_CLIBUF, &value, &length);
       }},
      {"set", EBADF, [&] { return set(kNoSocket, level, MOS_CLIBUF, 1); }},
      {"set", ENOSYS, [&] { return set(s, SOL_SOCKET, MOS_CLIBUF, 1); }},
      {"set", ENOSYS, [&] { return set(s, level, MOS_TCP_STATE_SVR, 1); }},
      {"set", ENOTSOCK,
       [&] { return set(world.pipe[0], level, MOS_CLIBUF, 1); }},
      {"set", ENOTSOCK, [&] { return set(s, level, MOS_SEQ_REMAP, 1); }},
      {"set", EPERM, [&] { return set(s, level, MOS_STOP_MON, MOS_SIDE_CLI); }},
      {"set", EFAULT,
       [&] { return mtcp_setsockopt(m, s, level, MOS_CLIBUF, nullptr, 4); }},
      {"set", EINVAL,
       [&] { return mtcp_setsockopt(m, s, level, MOS_CLIBUF, &value, 3); }},
      {"set", EINVAL, [&] { return set(s, level, MOS_CLIBUF, -1); }},
      {"set", EINVAL,
       [&] { return set(s, level, MOS_CLIBUF, (64 << 20) + 1); }},
      {"set", EINVAL, [&] { return set(s, level, MOS_CLIOVERLAP, 2); }},
      {"set", EINVAL, [&] { return set(s, level, MOS_SVROVERLAP, -1); }},
  });
  EXPECT_EQ(set(s, level, MOS_SVRBUF, 4096), 0);
  EXPECT_EQ(get(s, level, MOS_SVRBUF), 0);
  EXPECT_EQ(value, 4096);
  EXPECT_EQ(get(s, level, MOS_CLIBUF), 0);
  EXPECT_EQ(value, 8192);
  EXPECT_EQ(set(s, level, MOS_CLIOVERLAP, MOS_OVERLAP_POLICY_LAST), 0);
  EXPECT_EQ(get(s, level, MOS_CLIOVERLAP), 0);
  EXPECT_EQ(value, MOS_OVERLAP_POLICY_LAST);
}

TEST(MosErrnoTest, FlowsAndTimersOutsideOfCallbacks) {
  const mctx_t m = world.mctx;
  std::array<char, 8> b = {};
  pkt_info p = {};
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  auto* const to = reinterpret_cast<sockaddr*>(&address);
  timeval second = {1, 0};
  timeval negative = {-1, 0};
  timeval microseconds = {0, 1'000'000};
  timeval years = {400L * 24 * 3600, 0};
  const int active = 1024;  // Of a flow, if one is open.
  Expect({
      {"getpeername", EPERM,
       [&] { return mtcp_getpeername(m, active, to, &length, MOS_SIDE_CLI); }},
      {"getpeername", ENOTCONN,
       [&] { return mtcp_getpeername(m, world.stream, to, &length, 0); }},
      {"getpeername", ENOTSOCK,
       [&] { return mtcp_getpeername(m, world.pipe[0], to, &length, 0); }},
      {"getpeername", EBADF,
       [&] { return mtcp_getpeername(m, kNoSocket, to, &length, 0); }},
      {"getpeername", EINVAL,
       [&] { return mtcp_getpeername(m, active, to, &length, 3); }},
      {"getpeername", EFAULT,
       [&] { return mtcp_getpeername(m, active, nullptr, &length, 0); }},
      {"peek", EPERM, [&] { return mtcp_peek(m, active, 0, b.data(), 8); }},
      {"peek", ENOTSOCK,
       [&] { return mtcp_peek(m, world.stream, 0, b.data(), 8); }},
      {"ppeek", EPERM,
       [&] { return mtcp_ppeek(m, active, 0, b.data(), 8, 0); }},
      {"ppeek", EBADF,
       [&] { return mtcp_ppeek(m, kNoSocket, 0, b.data(), 8, 0); }},
      {"getlastpkt", EPERM, [&] { return mtcp_getlastpkt(m, active, 0, &p); }},
      {"getlastpkt", EPERM,
       [&] { return mtcp_getlastpkt(m, world.raw, MOS_NULL, &p); }},
      {"getlastpkt", ENOTSOCK,
       [&] { return mtcp_getlastpkt(m, world.epoll, 0, &p); }},
      {"setlastpkt", EPERM,
       [&] { return mtcp_setlastpkt(m, active, 0, 0, nullptr, 0, MOS_DROP); }},
      {"setlastpkt", EBADF,
       [&] {
         return mtcp_setlastpkt(m, kNoSocket, 0, 0, nullptr, 0, MOS_DROP);
       }},
      {"sendpkt", EPERM, [&] { return mtcp_sendpkt(m, active, &p); }},
      {"sendpkt", EINVAL, [&] { return mtcp_sendpkt(m, world.stream, &p); }},
      {"reset_conn", EPERM, [&] { return mtcp_reset_conn(m, active); }},
      {"reset_conn", EINVAL, [&] { return mtcp_reset_conn(m, world.stream); }},
      {"get_uctx", EPERM, [&] { return Null(mtcp_get_uctx(m, active)); }},
      {"set_uctx", EBADF,
       [&] { return Void([&] { mtcp_set_uctx(m, kNoSocket, nullptr); }); }},
      {"close", EPERM, [&] { return mtcp_close(m, active); }},
      {"close", EBADF, [&] { return mtcp_close(m, kNoSocket); }},
      {"settimer", EINVAL,
       [&] { return mtcp_settimer(m, 1, nullptr, OnNothing); }},
      {"settimer", EINVAL,
       [&] { return mtcp_settimer(m, 1, &second, nullptr); }},
      {"settimer", EINVAL,
       [&] { return mtcp_settimer(m, 1, &negative, OnNothing); }},
      {"settimer", EINVAL,
       [&] { return mtcp_settimer(m, 1, &microseconds, OnNothing); }},
      {"settimer", EINVAL,
       [&] { return mtcp_settimer(m, 1, &years, OnNothing); }},
      {"settimer_periodic", EINVAL,
       [&] { return mtcp_settimer_periodic(m, 1, &negative, OnNothing); }},
      {"register_signal", EINVAL,
       [&] { return mtcp_register_signal(0, SIG_DFL) == SIG_ERR ? -1 : 0; }},
      {"register_signal", EINVAL,
       [&] {
         return mtcp_register_signal(SIGKILL, SIG_DFL) == SIG_ERR ? -1 : 0;
       }},
  });
  int value = 7;
  mtcp_set_uctx(m, world.stream, &value);
  EXPECT_EQ(mtcp_get_uctx(m, world.stream), &value);
}

TEST(MosErrnoTest, WordsAndCores) {
  std::array<char*, 3> argv = {};
  int argc = 0;
  char text[] = "  nat -c 'a b' ";
  ASSERT_EQ(StrToArgs(text, &argc, argv.data(), 3), 0);
  EXPECT_EQ(argc, 3);
  EXPECT_STREQ(argv[0], "nat");
  EXPECT_STREQ(argv[2], "a b");
  char open_quote[] = "a \"b";
  char many[] = "a b c d";
  Expect({
      {"StrToArgs", EINVAL,
       [&] { return StrToArgs(nullptr, &argc, argv.data(), 3); }},
      {"StrToArgs", EINVAL,
       [&] { return StrToArgs(open_quote, &argc, argv.data(), 3); }},
      {"StrToArgs", E2BIG,
       [&] { return StrToArgs(many, &argc, argv.data(), 3); }},
      {"GetRSSCPUCore", EINVAL, [] { return GetRSSCPUCore(1, 2, 3, 4, 0); }},
  });
  EXPECT_EQ(argc, 3);
  EXPECT_EQ(GetRSSCPUCore(1, 2, 3, 4, 1), 0);
  EXPECT_EQ(GetRSSCPUCore(1, 2, 3, 4, 7), GetRSSCPUCore(2, 1, 4, 3, 7))
      << "both directions belong to one";
}

}  // namespace
}  // namespace mosaic::testing
