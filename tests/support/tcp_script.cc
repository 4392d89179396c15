#include "tests/support/tcp_script.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "tests/support/engine_harness.h"
#include "tests/support/naive_tcp.h"

namespace mosaic::testing {
namespace {

constexpr size_t kMaxSegments = 300;
constexpr uint32_t kBases[] = {0,          1,          0x7fffff00, 0x80000000,
                               0xfffffff0, 0xffff0000, 0xc0000000, 0xffffffff};
constexpr int64_t kFar[] = {int64_t{1} << 31,
                            -(int64_t{1} << 31),
                            (int64_t{1} << 30) + (1 << 24),
                            -(int64_t{1} << 30) - (1 << 24),
                            70'000,
                            -70'000,
                            1 << 22,
                            -(1 << 22)};
// Acknowledgements of what was not seen are believed: not too far, or the
// window and the buffer behind it move away from the stream.
constexpr int64_t kFarAcks[] = {70'000, -70'000, -(1 << 22),
                                -(int64_t{1} << 30) - (1 << 24)};
constexpr size_t kLengths[] = {1, 1, 2, 3, 10, 100, 700, 1400};
constexpr uint16_t kWindows[] = {0, 1, 100, 1000, 8000, 30'000, 64'240, 65'535};

class Play {
 public:
  Play(std::span<const uint8_t> script, TcpCoverage& coverage)
      : rest_(script), coverage_(coverage) {}

  std::string Run() {
    const uint32_t setup = U8();
    stamped_ = (setup & 1) != 0;
    scaled_ = (setup & 2) != 0;
    one_scales_ = (setup & 12) == 12;
    swapped_ = (setup & 16) != 0;
    base_ = {kBases[U8() % std::size(kBases)] - U8(),
             kBases[U8() % std::size(kBases)] - U8()};
    EngineSetup engine;
    engine.pipeline.limits.flows = 4;
    engine.pipeline.limits.timers = 4;
    engine.pipeline.limits.gap.enabled = false;
    for (SidePolicy& side : engine.monitors[0].side) {
      side.buffer_bytes = 64u << 20;
    }
    engine.functions[0].wants = EventsOf({EventKind::kNewData});
    EngineHarness harness(std::move(engine));
    Send(harness, Syn(Side::kClient, std::nullopt, 0));
    bool established = false;
    for (size_t i = 0; i < kMaxSegments && !rest_.empty(); ++i) {
      if (!wrong_.empty()) break;
      Send(harness, Next());
      established |= model_.StateOf(Side::kClient) == TcpState::kEstablished &&
                     model_.StateOf(Side::kServer) == TcpState::kEstablished;
    }
    coverage_.established += established ? 1 : 0;
    coverage_.bytes += model_.stream(Side::kClient).size() +
                       model_.stream(Side::kServer).size();
    coverage_.over += model_.over() ? 1 : 0;
    for (const auto& [anomaly, count] : model_.anomalies()) {
      coverage_.anomalies[anomaly] += count;
    }
    if (!wrong_.empty()) wrong_ = log_ + wrong_;
    return wrong_;
  }

 private:
  uint32_t U8() {
    if (rest_.empty()) return 0;
    const uint32_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  template <typename T, size_t n>
  T OneOf(const T (&from)[n]) {
    return from[U8() % n];
  }

  static char ByteAt(Side side, int64_t number, bool forged) {
    const auto mixed = (static_cast<uint64_t>(number) * 2 + Index(side)) *
                       uint64_t{0x9e3779b97f4a7c15};
    const auto letter = static_cast<char>(
        (forged ? 'A' : 'a') + static_cast<char>((mixed >> 40) % 26));
    return letter;
  }

  NaiveSegment Syn(Side from, std::optional<int64_t> ack, int64_t number) {
    NaiveSegment segment;
    segment.from = from;
    segment.syn = true;
    segment.seq = number;
    segment.ack = ack;
    segment.window = kWindows[6];
    if (scaled_ || (one_scales_ && from == Side::kClient)) {
      segment.scale = from == Side::kClient ? 3 : 5;
    }
    if (stamped_) segment.timestamp = clock_[Index(from)];
    return segment;
  }

  // A number near one where something changes.
  template <size_t n>
  int64_t Somewhere(Side side, const int64_t (&far)[n]) {
    const std::vector<int64_t> edges = model_.EdgesOf(side);
    const int64_t near = edges[U8() % edges.size()];
    const uint32_t how = U8();
    if (how < 16) return near + OneOf(far);
    if (how < 64) return near + static_cast<int64_t>(how) - 40;
    return near + static_cast<int64_t>(how % 5) - 2;
  }

  NaiveSegment Next() {
    const uint32_t code = U8();
    const Side from = (code & 1) != 0 ? Side::kServer : Side::kClient;
    const Side to = Other(from);
    ++clock_[0];
    ++clock_[1];
    // Nobody answers before the SYN; nobody else opens a closed connection.
    const bool silent = !model_.has_syn(from);
    const uint32_t kind = code >> 1;
    if (silent || (kind < 12 && !model_.over())) return NextSyn(from, silent);
    NaiveSegment segment;
    segment.from = from;
    segment.window = kWindows[kind % 7 == 0 ? U8() % std::size(kWindows) : 6];
    segment.seq = model_.highest(from);
    segment.ack = model_.next(to) + (model_.has_syn(to) ? 0 : 1);
    if (stamped_) segment.timestamp = clock_[Index(from)];
    if (kind < 20) {
      segment.rst = true;
      if (kind % 2 == 0) segment.seq = Somewhere(from, kFar);
      if (kind % 4 == 1) segment.seq = model_.next(from);
      segment.timestamp.reset();
      return segment;
    }
    bool forged = false;
    size_t length = kLengths[U8() % std::size(kLengths)];
    if (kind < 40) {
      // Anything anywhere.
      segment.seq = Somewhere(from, kFar);
      if (kind % 2 == 0) segment.ack = Somewhere(to, kFarAcks);
      if (kind % 3 == 0) length = 0;
      forged = kind % 5 == 0;
    } else if (kind < 50) {
      segment.ack = Somewhere(to, kFarAcks);
      if (kind % 2 == 0) length = 0;
    } else if (kind < 55) {
      segment.ack.reset();
      forged = kind % 2 == 0;
    } else if (kind < 60) {
      if (stamped_) *segment.timestamp -= OneOf(kOlder);
      forged = kind % 2 == 0;
      if (kind == 59) segment.timestamp.reset();
    } else if (kind < 65) {
      segment.seq = model_.next(from) - 1;
      length = kind % 2;
    } else if (kind < 72) {
      segment.seq = model_.next(from);
    } else if (kind < 80) {
      segment.seq += static_cast<int64_t>(OneOf(kLengths));  // A hole.
    } else if (kind < 100) {
      length = 0;
    }
    // Who has sent a FIN was open.
    segment.fin = model_.StateOf(from) != TcpState::kSynSent &&
                  (kind == 20 || kind == 41 || kind == 63 || kind == 80 ||
                   kind == 110 || kind == 66);
    for (size_t i = 0; i < length; ++i) {
      segment.payload +=
          ByteAt(from, segment.seq + static_cast<int64_t>(i), forged);
    }
    return segment;
  }

  NaiveSegment NextSyn(Side from, bool first) {
    const Side to = Other(from);
    const uint32_t how = U8();
    // Old and new initial numbers, far enough apart. Of a client that goes on
    // though nobody has answered another one begins another connection.
    const bool other = how % 4 == 0 && (model_.has_syn(Side::kServer) ||
                                        !model_.past_syn(Side::kClient));
    const int64_t number =
        first || other ? int64_t{how / 8} * 100'000 : model_.isn(from);
    std::optional<int64_t> ack;
    const bool bare = from == Side::kClient ? how % 8 != 0 : how % 16 == 1;
    if (!bare || (from == Side::kServer && model_.past_syn(to))) {
      ack = how % 16 == 7 ? Somewhere(to, kFarAcks) : model_.isn(to) + 1;
      if (how % 16 == 3) ack = int64_t{U8() / 8} * 100'000 + 1;
    }
    return Syn(from, ack, number);
  }

  void Send(EngineHarness& harness, const NaiveSegment& segment) {
    ++coverage_.segments;
    log_ += Text(segment) + "\n";
    harness.Send(PacketOf(segment));
    model_.Take(segment);
    Compare(harness);
  }

  PacketBuilder PacketOf(const NaiveSegment& segment) const {
    const bool client = segment.from == Side::kClient;
    const size_t from = Index(segment.from);
    uint8_t flags = segment.payload.empty() ? 0 : tcp_flag::kPsh;
    if (!segment.syn && !segment.rst) flags |= tcp_flag::kPsh;
    if (segment.syn) flags |= tcp_flag::kSyn;
    if (segment.fin) flags |= tcp_flag::kFin;
    if (segment.rst) flags |= tcp_flag::kRst;
    if (segment.ack) flags |= tcp_flag::kAck;
    PacketBuilder::Bytes options;
    if (segment.scale) options = {3, 3, *segment.scale, 1};
    if (segment.timestamp) {
      options.insert(options.end(), {1, 1, 8, 10});
      for (int shift = 24; shift >= 0; shift -= 8) {
        options.push_back(static_cast<uint8_t>(*segment.timestamp >> shift));
      }
      options.insert(options.end(), 4, 0);
    }
    PacketBuilder packet;
    const bool low = client != swapped_;
    packet.Ipv4(low ? "10.0.0.1" : "10.0.0.2", low ? "10.0.0.2" : "10.0.0.1")
        .Tcp(client ? 1000 : 80, client ? 80 : 1000)
        .Flags(flags)
        .Seq(base_[from] + static_cast<uint32_t>(segment.seq))
        .Window(segment.window)
        .TcpOptions(options)
        .Payload(segment.payload);
    if (segment.ack) {
      packet.Ack(base_[1 - from] + static_cast<uint32_t>(*segment.ack));
    }
    return packet;
  }

  static std::string Text(const NaiveSegment& segment) {
    std::string text(Index(segment.from) == 0 ? "client" : "server");
    if (segment.syn) text += " SYN";
    if (segment.fin) text += " FIN";
    if (segment.rst) text += " RST";
    text += " seq " + std::to_string(segment.seq) + "+" +
            std::to_string(segment.payload.size());
    if (segment.ack) text += " ack " + std::to_string(*segment.ack);
    text += " win " + std::to_string(segment.window);
    if (segment.timestamp) text += " ts " + std::to_string(*segment.timestamp);
    return text;
  }

  void Compare(EngineHarness& harness) {
    if (harness.flows() != 1) {
      wrong_ = std::to_string(harness.flows()) + " flows\n";
      return;
    }
    for (const Side side : {Side::kClient, Side::kServer}) {
      const TcpEnd& end = harness.flow().end[Index(side)];
      const std::string who = side == Side::kClient ? "client" : "server";
      if (end.state != model_.StateOf(side)) {
        wrong_ += who + " is " + std::string(Name(end.state)) + ", not " +
                  std::string(Name(model_.StateOf(side))) + "\n";
      }
      if (model_.has_syn(side)) {
        CompareNumber(who + "'s highest", side, end.snd_nxt,
                      model_.highest(side));
        if (const auto una = model_.una(side)) {
          CompareNumber(who + "'s acknowledged", side, end.snd_una, *una);
        }
      }
      const std::string& got = harness.recorded().data[Index(Other(side))];
      const std::string& wanted = model_.stream(side);
      if (got.size() != wanted.size() ||
          (got.size() != seen_[Index(side)] && got != wanted)) {
        wrong_ += who + " sent " + std::to_string(got.size()) +
                  " bytes in order, not " + std::to_string(wanted.size()) +
                  (got.size() == wanted.size() ? " or others\n" : "\n");
      }
      seen_[Index(side)] = got.size();
    }
    for (size_t i = 0; i < kAnomalies; ++i) {
      const auto anomaly = static_cast<Anomaly>(i);
      const auto it = model_.anomalies().find(anomaly);
      const uint64_t wanted = it == model_.anomalies().end() ? 0 : it->second;
      const uint64_t got = harness.counters().anomalies[i].Read();
      if (got == wanted) continue;
      wrong_ += "anomaly " + NameOf(i) + " was counted " + std::to_string(got) +
                " times, not " + std::to_string(wanted) + "\n";
    }
  }

  void CompareNumber(const std::string& what, Side side, SeqNum got,
                     int64_t wanted) {
    const SeqNum number(base_[Index(side)] + static_cast<uint32_t>(wanted));
    if (got == number) return;
    wrong_ += what + " is " + std::to_string(wanted + got.Since(number)) +
              ", not " + std::to_string(wanted) + "\n";
  }

  static std::string NameOf(size_t anomaly) {
    for (const CounterInfo& info : CoreCounterInfo()) {
      if (info.name == "mosaic_tcp_anomalies_total") {
        return std::string(info.label_values[anomaly]);
      }
    }
    return "";
  }

  static constexpr uint32_t kOlder[] = {1, 2, 3, 1000, 0x7fffffff, 0x80000000};

  std::span<const uint8_t> rest_;
  TcpCoverage& coverage_;
  NaiveTcp model_;
  bool stamped_ = false;
  bool scaled_ = false;
  bool one_scales_ = false;
  bool swapped_ = false;
  std::array<uint32_t, 2> base_ = {};
  std::array<uint32_t, 2> clock_ = {0xffffff00, 5000};
  std::array<size_t, 2> seen_ = {};
  std::string log_;
  std::string wrong_;
};

}  // namespace

std::string PlayTcpScript(std::span<const uint8_t> script,
                          TcpCoverage& coverage) {
  return Play(script, coverage).Run();
}

}  // namespace mosaic::testing
