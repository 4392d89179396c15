// What the C API of 2019 did wrong, and does right here: one test for each
// repair of the model's list that shows at the C API, named for it. DPDK starts
// once in a process, so all of them watch one capture, each a connection to a
// port of its own, and tell afterwards what they saw.

#include <mos_api.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/capture_builder.h"
#include "tests/support/packet_builder.h"

namespace {

namespace fs = std::filesystem;
using mosaic::PacketBuilder;
using mosaic::testing::PcapBuilder;

constexpr uint8_t kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;
constexpr uint32_t kClientIsn = 1000, kServerIsn = 5000;

// Packets of all connections, a millisecond apart.
class Script {
 public:
  void FromClient(uint16_t port, uint32_t offset, uint8_t flags,
                  std::string_view payload = "", std::string_view address = "",
                  uint16_t vlan = 0) {
    PacketBuilder packet;
    if (vlan != 0) packet.Vlan(vlan);
    if (address.empty()) {
      packet.Ipv4("10.0.0.1", "10.0.0.2");
    } else {
      packet.Ipv6(address, "2001:db8::2");
    }
    const bool syn = (flags & kSyn) != 0;
    Add(packet.Tcp(1000, port)
            .Seq(syn ? kClientIsn : kClientIsn + 1 + offset)
            .Ack(syn ? 0 : kServerIsn + 1)
            .Flags(flags)
            .Payload(payload));
  }
  void FromServer(uint16_t port, uint32_t acked, uint8_t flags,
                  std::string_view address = "", uint16_t vlan = 0,
                  uint32_t offset = 0) {
    PacketBuilder packet;
    if (vlan != 0) packet.Vlan(vlan);
    if (address.empty()) {
      packet.Ipv4("10.0.0.2", "10.0.0.1");
    } else {
      packet.Ipv6("2001:db8::2", address);
    }
    const bool syn = (flags & kSyn) != 0;
    Add(packet.Tcp(port, 1000)
            .Seq(syn ? kServerIsn : kServerIsn + 1 + offset)
            .Ack(kClientIsn + 1 + acked)
            .Flags(flags));
  }
  void Open(uint16_t port, std::string_view address = "", uint16_t vlan = 0) {
    FromClient(port, 0, kSyn, "", address, vlan);
    FromServer(port, 0, kSyn | kAck, address, vlan);
    FromClient(port, 0, kAck, "", address, vlan);
  }

  void Write(const fs::path& path) const {
    const auto& bytes = pcap_.bytes();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  void Udp() { Add(PacketBuilder().Udp(53, 53).Payload("?")); }

  int packets() const { return packets_; }

 private:
  void Add(const PacketBuilder& packet) {
    const PacketBuilder::Bytes bytes = packet.Build();
    pcap_.Packet(now_,
                 {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    now_ += 1'000'000;
    ++packets_;
  }

  PcapBuilder pcap_;
  int64_t now_ = 1'000'000'000;
  int packets_ = 0;
};

mctx_t context = nullptr;
int script_packets = 0;

// A listener for the connections to `port`.
int Listen(uint16_t port, int domain = AF_INET) {
  const int sock = mtcp_socket(context, domain, MOS_SOCK_MONITOR_STREAM, 0);
  std::string text = "tcp port " + std::to_string(port);
  monitor_filter filter = {};
  filter.stream_syn_filter = text.data();
  EXPECT_EQ(mtcp_bind_monitor_filter(context, sock, &filter), 0);
  return sock;
}
void On(int sock, event_t event, int hook, callback_t callback) {
  EXPECT_EQ(mtcp_register_callback(context, sock, event, hook, callback), 0)
      << std::strerror(errno);
}

// --- What each scenario does in its callbacks, and saw.

int first_calls = 0, again_calls = 0;
void CountAndUnregister(mctx_t m, int sock, int, event_t event, filter_arg_t*) {
  ++first_calls;
  mtcp_register_callback(m, sock, event, MOS_HK_SND, nullptr);
}
void CountAgain(mctx_t, int, int, event_t, filter_arg_t*) { ++again_calls; }
void Reregister(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  mtcp_register_callback(m, sock, MOS_ON_PKT_IN, MOS_HK_SND, CountAgain);
}

event_t raised = 0;
int raises = 0, raised_calls = 0;
void Raise(mctx_t m, int, int, event_t, filter_arg_t*) {
  if (mtcp_raise_event(m, raised) == 0) ++raises;
}
void OnRaised(mctx_t, int, int, event_t event, filter_arg_t*) {
  raised_calls += event == raised;
}

int filter_runs = 0, filtered_packets = 0, filtered_calls = 0;
bool CountFilter(mctx_t, int, int, event_t, filter_arg_t*) {
  ++filter_runs;
  return true;
}
bool Passes(mctx_t, int, int, event_t, filter_arg_t*) { return true; }
bool Blocks(mctx_t, int, int, event_t, filter_arg_t*) { return false; }
void OnFiltered(mctx_t, int, int, event_t, filter_arg_t*) { ++filtered_calls; }
void CountPacket(mctx_t, int, int, event_t, filter_arg_t*) {
  ++filtered_packets;
}

int nested_calls = 0;
void OnNested(mctx_t, int, int, event_t, filter_arg_t*) { ++nested_calls; }

std::array<int, 2> events_after_stop = {};
bool has_stopped = false;
void StopOrCount(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  pkt_info p;
  if (mtcp_getlastpkt(m, sock, side, &p) == 0 && p.payloadlen > 0 &&
      !has_stopped) {
    const int both = MOS_SIDE_BOTH;
    has_stopped = mtcp_setsockopt(m, sock, SOL_MONSOCKET, MOS_STOP_MON, &both,
                                  sizeof both) == 0;
  } else if (has_stopped) {
    ++events_after_stop[static_cast<size_t>(side)];
  }
}

std::string resized_text;
int resized_to = 0;
void Grow(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  const int bytes = 64;
  mtcp_setsockopt(m, sock, SOL_MONSOCKET, MOS_SVRBUF, &bytes, sizeof bytes);
  socklen_t length = sizeof resized_to;
  mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_SVRBUF, &resized_to, &length);
}
void ReadAtEnd(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  std::array<char, 256> b;
  const ssize_t got = mtcp_peek(m, sock, MOS_SIDE_SVR, b.data(), b.size());
  if (got > 0) resized_text.assign(b.data(), static_cast<size_t>(got));
}

int policy_set = -1;
std::string overlapped_text;
void SetLast(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  const int last = MOS_OVERLAP_POLICY_LAST;
  policy_set = mtcp_setsockopt(m, sock, SOL_MONSOCKET, MOS_SVROVERLAP, &last,
                               sizeof last);
}
void ReadOverlapped(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  std::array<char, 64> b;
  const ssize_t got = mtcp_peek(m, sock, side, b.data(), b.size());
  if (got > 0) overlapped_text.append(b.data(), static_cast<size_t>(got));
}

std::vector<ssize_t> peeks;
std::vector<int> peek_errors;
void PeekTwice(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  std::array<char, 64> b;
  for (const int from : {side, side, 2, -1}) {
    errno = 0;
    peeks.push_back(mtcp_peek(m, sock, from, b.data(), b.size()));
    peek_errors.push_back(errno);
  }
}

int raw_all = 0, raw_filtered = 0;
void CountRaw(mctx_t, int, int, event_t, filter_arg_t*) { ++raw_all; }
void CountRawFiltered(mctx_t, int, int, event_t, filter_arg_t*) {
  ++raw_filtered;
}

int other_starts = 0, own_starts = 0;
void CountOwn(mctx_t, int, int, event_t, filter_arg_t*) { ++own_starts; }
void CountOther(mctx_t, int, int, event_t, filter_arg_t*) { ++other_starts; }

int all_starts = 0, orphans = 0;
void CountAll(mctx_t, int, int, event_t, filter_arg_t*) { ++all_starts; }
void CountOrphan(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  pkt_info p;
  orphans += side == MOS_SIDE_BOTH &&
             mtcp_getlastpkt(m, sock, MOS_NULL, &p) == 0 && p.tcph == nullptr;
}

int closing_listener = 0, calls_of_closed = 0, close_result = -1;
void CloseListener(mctx_t m, int, int, event_t, filter_arg_t*) {
  ++calls_of_closed;
  close_result = mtcp_close(m, closing_listener);
}

std::string inserted_text;
int insert_result = -1;
void Insert(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  pkt_info p;
  if (mtcp_getlastpkt(m, sock, side, &p) != 0 || p.payloadlen == 0) return;
  const std::string_view more = "--";
  insert_result = mtcp_setlastpkt(
      m, sock, side, 2, reinterpret_cast<const byte*>(more.data()),
      static_cast<uint16_t>(more.size()),
      MOS_INSERT | MOS_TCP_PAYLOAD | MOS_UPDATE_IP_CHKSUM |
          MOS_UPDATE_TCP_CHKSUM);
}
void ReadInserted(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  std::array<char, 64> b;
  const ssize_t got = mtcp_peek(m, sock, side, b.data(), b.size());
  if (got > 0) inserted_text.append(b.data(), static_cast<size_t>(got));
}

int dropped = 0, received_after_drop = 0, new_data_after_drop = 0;
void DropData(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  pkt_info p;
  if (mtcp_getlastpkt(m, sock, side, &p) == 0 && p.payloadlen > 0 &&
      mtcp_setlastpkt(m, sock, side, 0, nullptr, 0, MOS_DROP) == 0) {
    ++dropped;
  }
}
void CountReceived(mctx_t m, int sock, int side, event_t, filter_arg_t*) {
  pkt_info p;
  received_after_drop +=
      mtcp_getlastpkt(m, sock, side, &p) == 0 && p.payloadlen > 0;
}
void CountNewData(mctx_t, int, int, event_t, filter_arg_t*) {
  ++new_data_after_drop;
}

std::array<int, 2> state_at_end = {-1, -1};
std::string in_window_text;
void ReadStates(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  socklen_t length = sizeof(int);
  mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_TCP_STATE_CLI, &state_at_end[0],
                  &length);
  mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_TCP_STATE_SVR, &state_at_end[1],
                  &length);
  std::array<char, 64> b;
  const ssize_t got = mtcp_peek(m, sock, MOS_SIDE_SVR, b.data(), b.size());
  if (got > 0) in_window_text.assign(b.data(), static_cast<size_t>(got));
}

tcp_buf_info buffer_info = {};
std::vector<tcp_ring_fragment> fragments(4);
void ReadInfo(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  socklen_t length = sizeof buffer_info;
  mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_INFO_SVRBUF, &buffer_info,
                  &length);
  length = static_cast<socklen_t>(fragments.size() * sizeof fragments[0]);
  if (mtcp_getsockopt(m, sock, SOL_MONSOCKET, MOS_FRAGINFO_SVRBUF,
                      fragments.data(), &length) == 0) {
    fragments.resize(length / sizeof fragments[0]);
  }
}

std::vector<int> fired;
int cancel_result = -1;
void OnTimer(mctx_t m, int id, int, event_t, filter_arg_t*) {
  fired.push_back(id);
  if (id == 1) cancel_result = mtcp_canceltimer(m, 2);
  if (fired.size() == 4) mtcp_canceltimer(m, 3);
}

std::string ipv6_name;
void OnIpv6(mctx_t m, int sock, int, event_t, filter_arg_t*) {
  sockaddr_in6 address = {};
  socklen_t length = sizeof address;
  if (mtcp_getpeername(m, sock, reinterpret_cast<sockaddr*>(&address), &length,
                       MOS_SIDE_CLI) != 0) {
    return;
  }
  std::array<char, INET6_ADDRSTRLEN> text;
  ipv6_name = inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
}
int vlan_starts = 0;
void OnVlan(mctx_t, int, int, event_t, filter_arg_t*) { ++vlan_starts; }

enum Port : uint16_t {
  kUnregister = 1,
  kRaise,
  kFilterOnce,
  kNested,
  kStop,
  kResize,
  kOverlap,
  kPeek,
  kOwnFilter,
  kClose,
  kInsert,
  kDrop,
  kWindow,
  kInfo,
  kIpv6,
  kVlan,
};

void WriteScript(const fs::path& path) {
  Script s;
  const std::string_view v6 = "2001:db8::1";
  for (const uint16_t port : {kUnregister, kRaise, kFilterOnce, kNested, kStop,
                              kPeek, kOwnFilter, kClose, kDrop}) {
    s.Open(port);
    s.FromClient(port, 0, kPsh | kAck, "abcd");
    s.FromServer(port, 4, kAck);
    s.FromClient(port, 4, kPsh | kAck, "efgh");
  }
  s.Open(kResize);
  for (uint32_t i = 0; i < 4; ++i) {
    s.FromClient(kResize, 16 * i, kAck, "0123456789abcdef");
  }
  s.Open(kOverlap);
  s.FromClient(kOverlap, 2, kAck, "OLD!");
  s.FromClient(kOverlap, 2, kAck, "new!");
  s.FromClient(kOverlap, 0, kAck, "a ");
  s.Open(kInsert);
  s.FromClient(kInsert, 0, kPsh | kAck, "abcd");
  s.Open(kWindow);
  s.FromClient(kWindow, 0, kAck, "good");
  s.FromClient(kWindow, 900'000, kAck, "evil");
  s.FromClient(kWindow, 900'000, kRst);
  s.Open(kInfo);
  s.FromClient(kInfo, 0, kAck, "abcd");
  s.FromClient(kInfo, 8, kAck, "ijkl");
  s.Open(kIpv6, v6);
  s.Open(kVlan, "", 10);
  s.Udp();
  s.Write(path);
  script_packets = s.packets();
}

void SetUpEvents() {
  const int r = Listen(kRaise);
  raised = mtcp_alloc_event(MOS_ON_PKT_IN);
  On(r, MOS_ON_PKT_IN, MOS_HK_SND, Raise);
  On(r, raised, MOS_HK_SND, OnRaised);

  const int f = Listen(kFilterOnce);
  const event_t once = mtcp_define_event(MOS_ON_PKT_IN, CountFilter, nullptr);
  On(f, MOS_ON_PKT_IN, MOS_HK_SND, CountPacket);
  On(f, mtcp_define_event(once, Passes, nullptr), MOS_HK_SND, OnFiltered);
  On(f, mtcp_define_event(once, Blocks, nullptr), MOS_HK_SND, OnFiltered);

  const int n = Listen(kNested);
  const event_t outer =
      mtcp_define_event(MOS_ON_CONN_NEW_DATA, Passes, nullptr);
  const event_t inner = mtcp_define_event(outer, Passes, nullptr);
  On(n, inner, MOS_NULL, OnNested);
  EXPECT_EQ(mtcp_register_callback(context, n, inner, MOS_HK_SND, OnNested),
            -1);
  EXPECT_EQ(errno, EINVAL);
}

void SetUpStreams() {
  const int u = Listen(kUnregister);
  On(u, MOS_ON_PKT_IN, MOS_HK_SND, CountAndUnregister);
  On(u, MOS_ON_CONN_NEW_DATA, MOS_NULL, Reregister);
  On(Listen(kStop), MOS_ON_PKT_IN, MOS_HK_SND, StopOrCount);
  const int b = Listen(kResize);
  const int small = 16;
  EXPECT_EQ(mtcp_setsockopt(context, b, SOL_MONSOCKET, MOS_SVRBUF, &small,
                            sizeof small),
            0);
  On(b, MOS_ON_CONN_START, MOS_HK_SND, Grow);
  On(b, MOS_ON_CONN_END, MOS_HK_SND, ReadAtEnd);
  const int o = Listen(kOverlap);
  On(o, MOS_ON_CONN_START, MOS_HK_SND, SetLast);
  On(o, MOS_ON_CONN_NEW_DATA, MOS_NULL, ReadOverlapped);
  On(Listen(kPeek), MOS_ON_CONN_NEW_DATA, MOS_NULL, PeekTwice);
  On(Listen(kWindow), MOS_ON_CONN_END, MOS_HK_SND, ReadStates);
  On(Listen(kInfo), MOS_ON_CONN_END, MOS_HK_SND, ReadInfo);
}

void SetUpScopes() {
  const int raw = mtcp_socket(context, AF_UNSPEC, MOS_SOCK_MONITOR_RAW, 0);
  On(raw, MOS_ON_PKT_IN, MOS_NULL, CountRaw);
  const int filtered = mtcp_socket(context, AF_UNSPEC, MOS_SOCK_MONITOR_RAW, 0);
  std::string text = "tcp port " + std::to_string(kPeek);
  monitor_filter filter = {};
  filter.raw_pkt_filter = text.data();
  EXPECT_EQ(mtcp_bind_monitor_filter(context, filtered, &filter), 0);
  On(filtered, MOS_ON_PKT_IN, MOS_NULL, CountRawFiltered);
  On(Listen(kOwnFilter), MOS_ON_CONN_START, MOS_HK_SND, CountOwn);
  On(Listen(9999), MOS_ON_CONN_START, MOS_HK_SND, CountOther);
  const int all = mtcp_socket(context, AF_UNSPEC, MOS_SOCK_MONITOR_STREAM, 0);
  On(all, MOS_ON_CONN_START, MOS_HK_SND, CountAll);
  On(all, MOS_ON_ORPHAN, MOS_NULL, CountOrphan);
  closing_listener = Listen(kClose);
  On(closing_listener, MOS_ON_PKT_IN, MOS_HK_SND, CloseListener);
  On(Listen(kIpv6, AF_INET6), MOS_ON_CONN_START, MOS_HK_SND, OnIpv6);
  On(Listen(kVlan), MOS_ON_CONN_START, MOS_HK_SND, OnVlan);
}

void SetUpPackets() {
  const int i = Listen(kInsert);
  On(i, MOS_ON_PKT_IN, MOS_HK_SND, Insert);
  On(i, MOS_ON_CONN_NEW_DATA, MOS_NULL, ReadInserted);
  const int d = Listen(kDrop);
  On(d, MOS_ON_PKT_IN, MOS_HK_SND, DropData);
  On(d, MOS_ON_PKT_IN, MOS_HK_RCV, CountReceived);
  On(d, MOS_ON_CONN_NEW_DATA, MOS_NULL, CountNewData);
}

// Runs the whole capture once, before the tests look.
class Run : public testing::Environment {
 public:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "mosaic-repairs-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    const fs::path folder = pattern;
    WriteScript(folder / "in.pcap");
    std::ofstream(folder / "mos.conf")
        << "mos {\n netdev {\n d 0x1 pcap:" << (folder / "in.pcap").string()
        << "\n}\n}\n";
    ASSERT_EQ(mtcp_init((folder / "mos.conf").c_str()), 0);
    context = mtcp_create_context(0);
    ASSERT_NE(context, nullptr);
    SetUpEvents();
    SetUpStreams();
    SetUpScopes();
    SetUpPackets();
    timeval soon = {0, 5'000};
    timeval later = {0, 20'000};
    timeval period = {0, 2'000};
    EXPECT_EQ(mtcp_settimer(context, 1, &soon, OnTimer), 0);
    EXPECT_EQ(mtcp_settimer(context, 2, &later, OnTimer), 0);
    EXPECT_EQ(mtcp_settimer_periodic(context, 3, &period, OnTimer), 0);
    mtcp_app_join(context);
    mtcp_destroy();
    fs::remove_all(folder);
  }
};

const testing::Environment* const run =
    testing::AddGlobalTestEnvironment(new Run());

TEST(MosRepairsTest, UnregisterAndReRegisterWork) {
  EXPECT_EQ(first_calls, 1);
  // The packet with the second data; the first re-registered after its own.
  EXPECT_EQ(again_calls, 2) << "the acknowledgement and the second data";
}

TEST(MosRepairsTest, RaiseEventWorks) {
  EXPECT_EQ(raises, 6);
  EXPECT_EQ(raised_calls, 6);
}

TEST(MosRepairsTest, AFilterRunsOncePerRaise) {
  EXPECT_EQ(filtered_packets, 6);
  EXPECT_EQ(filter_runs, 6) << "though two events are below it";
  EXPECT_EQ(filtered_calls, 6) << "of the one that is true";
}

TEST(MosRepairsTest, NestedUserEventsCheckHooksByTheirRoot) {
  EXPECT_EQ(nested_calls, 2);
}

TEST(MosRepairsTest, StopMonBothStopsBoth) {
  EXPECT_TRUE(has_stopped);
  EXPECT_EQ(events_after_stop, (std::array<int, 2>{0, 0}));
}

TEST(MosRepairsTest, BuffersResize) {
  EXPECT_EQ(resized_to, 64);
  EXPECT_EQ(resized_text,
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

TEST(MosRepairsTest, OverlapPolicyMayBeSetBeforeData) {
  EXPECT_EQ(policy_set, 0);
  EXPECT_EQ(overlapped_text, "a new!");
}

TEST(MosRepairsTest, PeekPastTheEndReturns0AndABadSideEinval) {
  EXPECT_EQ(peeks, (std::vector<ssize_t>{4, 0, -1, -1, 4, 0, -1, -1}));
  EXPECT_EQ(peek_errors,
            (std::vector<int>{0, 0, EINVAL, EINVAL, 0, 0, EINVAL, EINVAL}));
}

TEST(MosRepairsTest, RawSeesEachPacketOnceWithOrWithoutFilter) {
  EXPECT_EQ(raw_all, script_packets);
  EXPECT_EQ(raw_filtered, 6);
}

TEST(MosRepairsTest, AMonitorAttachesOnlyToFlowsItsOwnFilterMatched) {
  EXPECT_EQ(own_starts, 1);
  EXPECT_EQ(other_starts, 0);
}

TEST(MosRepairsTest, WhatIsNotTcpIsAnOrphanOfStreamMonitorsNotAFlow) {
  EXPECT_EQ(all_starts, kVlan);
  EXPECT_EQ(orphans, 1);
}

TEST(MosRepairsTest, CloseOnAMonitorUnregistersIt) {
  EXPECT_EQ(close_result, 0);
  EXPECT_EQ(calls_of_closed, 1);
}

TEST(MosRepairsTest, InsertMovesTheRightBytes) {
  EXPECT_EQ(insert_result, 0);
  EXPECT_EQ(inserted_text, "ab--cd");
}

TEST(MosRepairsTest, ADropAtTheSendersHookDoesNotAdvanceTheReceiver) {
  EXPECT_EQ(dropped, 2);
  EXPECT_EQ(received_after_drop, 0);
  EXPECT_EQ(new_data_after_drop, 0);
}

TEST(MosRepairsTest, OutOfWindowRstAndDataDoNotMoveState) {
  EXPECT_EQ(state_at_end,
            (std::array<int, 2>{TCP_ESTABLISHED, TCP_ESTABLISHED}));
  EXPECT_EQ(in_window_text, "good");
}

TEST(MosRepairsTest, TcpBufInfoHoldsSequenceNumbers) {
  EXPECT_EQ(buffer_info.tcpbi_init_seq, kClientIsn);
  EXPECT_EQ(buffer_info.tcpbi_last_byte_read, kClientIsn);
  EXPECT_GE(buffer_info.tcpbi_next_byte_expected, kClientIsn + 1 + 4);
  EXPECT_EQ(buffer_info.tcpbi_last_byte_received, kClientIsn + 12);
  ASSERT_FALSE(fragments.empty());
  EXPECT_EQ(fragments.front().offset, 0u);
}

TEST(MosRepairsTest, TimersCancel) {
  EXPECT_EQ(cancel_result, 0);
  EXPECT_EQ(fired, (std::vector<int>{3, 3, 1, 3}));
}

TEST(MosRepairsTest, Ipv6AndVlanAreTracked) {
  EXPECT_EQ(ipv6_name, "2001:db8::1");
  EXPECT_EQ(vlan_starts, 1);
}

}  // namespace
