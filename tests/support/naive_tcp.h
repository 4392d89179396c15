// NaiveTcp says what becomes of the segments of one TCP connection, as RFC
// 9293, RFC 5961, RFC 7323 and the evasion catalogue have it, for comparison
// with the engine.
//
// Numbers     64 bits, which never wrap and compare as integers do. Each end
//             counts from a zero of its own; what goes on the wire is the
//             number plus a base, modulo 2^32.
// States      Are not stepped: each is read off what has happened.
// Knows not   URG, signatures, TTLs, payload of SYNs, connections met in their
//             middle, gaps that are given up.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/side.h"
#include "dataplane/base/tcp_state.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic::testing {

struct NaiveSegment {
  Side from = Side::kClient;
  bool syn = false;
  bool fin = false;
  bool rst = false;
  std::optional<int64_t> ack;
  int64_t seq = 0;
  std::string payload;
  uint16_t window = 0;
  std::optional<uint8_t> scale;  // Of a SYN.
  std::optional<uint32_t> timestamp;
};

class NaiveTcp {
 public:
  void Take(const NaiveSegment& segment);

  TcpState StateOf(Side side) const;
  // What `side` sent, as far as it is in order.
  const std::string& stream(Side side) const {
    return end_[Index(side)].stream;
  }
  const std::map<Anomaly, uint64_t>& anomalies() const { return anomalies_; }

  // Numbers of `side` near which something changes.
  std::vector<int64_t> EdgesOf(Side side) const;
  // Behind what is in order, all that it sent, what was acknowledged to it.
  int64_t next(Side side) const { return end_[Index(side)].next; }
  int64_t highest(Side side) const { return end_[Index(side)].highest; }
  std::optional<int64_t> una(Side side) const { return end_[Index(side)].una; }
  int64_t isn(Side side) const { return end_[Index(side)].isn.value_or(0); }
  bool has_syn(Side side) const { return end_[Index(side)].isn.has_value(); }
  bool past_syn(Side side) const { return end_[Index(side)].past_syn; }
  // Nothing more is to come: both closed, or reset.
  bool over() const { return closed_ || reset_; }

 private:
  // Its SYN and what that says.
  struct Syn {
    int64_t isn = 0;
    uint16_t window = 0;
    std::optional<uint8_t> scale;
    std::optional<uint32_t> timestamp;
  };
  struct Held {
    int64_t first;
    std::string bytes;
  };
  struct End {
    std::optional<int64_t> isn;
    Syn syn;
    std::vector<Syn> others;  // Of the same handshake, the newest last.
    int64_t next = 0;
    int64_t highest = 0;  // Behind all that it sent.
    std::optional<int64_t> una;
    int64_t window = 0;
    std::optional<int64_t> widest_edge;  // Of what it receives.
    std::optional<uint32_t> recent;      // TS.Recent of its peer.
    std::string stream;
    std::map<int64_t, char> ahead;  // Out of order.
    std::vector<Held> held;

    bool past_syn = false;   // Sent more than SYNs.
    bool got_syn = false;    // The peer's.
    bool syn_acked = false;  // As its state has it: with the peer's SYN.
    bool syn_acked_at_all = false;
    std::optional<int64_t> fin;
    bool fin_acked = false;
    bool fin_taken = false;   // By the peer, in order.
    bool fin_second = false;  // Sent after it had taken the peer's.
    bool rst = false;
  };

  void Count(Anomaly anomaly) { ++anomalies_[anomaly]; }
  bool Scaled() const { return end_[0].syn.scale && end_[1].syn.scale; }
  int64_t ShiftOf(const End& end) const;
  bool Stamped() const {
    return end_[0].syn.timestamp && end_[1].syn.timestamp;
  }
  static bool IsOpening(const End& end);
  static bool Answers(const End& end, int64_t ack);
  static void Begin(End& end, const Syn& syn);

  void TakeSyn(Side from, const NaiveSegment& segment);
  void TakeRst(Side from, const NaiveSegment& segment);
  void TakePlain(Side from, const NaiveSegment& segment);
  bool TakeCandidate(Side from, const NaiveSegment& segment);
  void Choose(Side from, const NaiveSegment& segment);
  // What is wrong with it as a whole; nothing if it may be taken.
  std::optional<Anomaly> Refusal(Side from, const NaiveSegment& segment);
  int64_t EdgeFor(Side from) const;
  void Hold(End& sender, int64_t first, const std::string& bytes);
  void Store(End& sender, int64_t first, const std::string& bytes);
  // What is held of the end below `ack` was taken by its receiver.
  void Announce(Side from, int64_t ack);
  void Prove(End& sender, int64_t ack);
  void TakeAck(Side from, const NaiveSegment& segment);
  void TakeFins();

  std::array<End, kSides> end_;
  std::map<Anomaly, uint64_t> anomalies_;
  bool reset_ = false;
  bool refused_ = false;
  bool closed_ = false;
};

}  // namespace mosaic::testing
