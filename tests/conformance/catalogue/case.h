// Case is one entry of the evasion catalogue as data: a script of packets, the
// settings it runs under, and what must come of it. The runner (runner.h) plays
// each case in every variant that applies.
//
//   Case{.id = "O-01",
//        .script = {Handshake(), A().Data(4, "EEEE"), A().Data(4, "nnnn"),
//                   A().Data(0, "AAAA")},
//        .expect = {.from_a = "AAAAEEEE", .counts = {{"conflict", 4}}},
//        .last = Expect{.from_a = "AAAAnnnn", .counts = {{"conflict", 4}}}}
//
// Roles       A is who the case is about, B its peer. With Opening::kHandshake
//             either may be the client, and both are tried; with kByScript A is
//             the client, and what changes is whose address is the lower one.
// Numbers     As the catalogue writes them: A's initial number is 1000, so that
//             its byte 0 is number 1001; B's is 5000. A variant adds a constant
//             to all numbers of a role, so that one of its bytes is number 0.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/end_reason.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/side.h"
#include "dataplane/base/tcp_state.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/stream/overlap_policy.h"
#include "tests/support/engine_harness.h"
#include "tests/support/packet_builder.h"

namespace mosaic::conformance {

enum class Role : uint8_t { kA, kB };

constexpr size_t Index(Role role) { return static_cast<size_t>(role); }
constexpr Role Other(Role role) {
  return role == Role::kA ? Role::kB : Role::kA;
}

inline constexpr std::array<uint32_t, 2> kScriptIsn = {1000, 5000};

// How one run of a case differs from the next.
struct Variant {
  uint8_t ip_version = 4;
  // kByScript: false is A at the lower address. kHandshake: A is the server.
  bool swapped = false;
  bool wraps = false;
  OverlapPolicy overlap = OverlapPolicy::kFirst;

  // Filled by the runner.
  Role client = Role::kA;
  std::array<uint32_t, 2> shift = {0, 0};  // Added to a role's numbers.

  Side SideOf(Role role) const {
    return role == client ? Side::kClient : Side::kServer;
  }
};

// One frame as it goes to the engine.
struct Frame {
  PacketBuilder::Bytes bytes;
  size_t wire_length = 0;               // 0: as many as there are.
  LinkType link = LinkType::kEthernet;  // Others are not run through a port.
  uint16_t port = 0;                    // Nor are those of another port.
  ChecksumVerdict ip_checksum = ChecksumVerdict::kUnknown;  // Of the device.
  ChecksumVerdict l4_checksum = ChecksumVerdict::kUnknown;
};

// One step of a script.
class Step {
 public:
  enum class Kind : uint8_t { kSegment, kFrames, kWait, kCheck, kBurst };
  using Edit = std::function<void(PacketBuilder&, const Variant&)>;
  using MakeFrames = std::function<std::vector<Frame>(const Variant&)>;
  using Look =
      std::function<void(mosaic::testing::EngineHarness&, const Variant&)>;

  Step() = default;
  Step(Role from, uint8_t flags)
      : from_(from),
        flags_(flags),
        seq_(kScriptIsn[Index(from)] + 1),
        ack_(kScriptIsn[Index(Other(from))] + 1) {
    if ((flags & tcp_flag::kAck) == 0) ack_ = std::nullopt;
    if ((flags & tcp_flag::kSyn) != 0) seq_ -= 1;
  }

  // Script numbers; where none is said, seq is that of byte 0 (of the SYN in a
  // SYN) and ack the peer's byte 0.
  Step& Seq(uint32_t seq) { return seq_ = seq, *this; }
  Step& Ack(uint32_t ack) { return ack_ = ack, *this; }
  // Payload at a stream offset.
  Step& Data(int64_t offset, std::string text) {
    return payload_ = std::move(text), Off(offset);
  }
  Step& Off(int64_t offset) {
    return Seq(kScriptIsn[Index(from_)] + 1 + static_cast<uint32_t>(offset));
  }
  // Acknowledges the peer's bytes below this offset.
  Step& AckOff(int64_t offset) {
    return Ack(kScriptIsn[Index(mosaic::conformance::Other(from_))] + 1 +
               static_cast<uint32_t>(offset));
  }
  Step& Payload(std::string text) { return payload_ = std::move(text), *this; }
  Step& Window(uint16_t window) { return window_ = window, *this; }
  Step& Options(PacketBuilder::Bytes bytes) {
    return options_ = std::move(bytes), *this;
  }
  Step& Urgent(uint16_t pointer) {
    flags_ |= tcp_flag::kUrg;
    return urgent_ = pointer, *this;
  }
  // Anything else that PacketBuilder can do; called last.
  Step& With(Edit edit) { return edit_ = std::move(edit), *this; }
  Step& BadChecksum() {
    return With([](PacketBuilder& p, const Variant&) { p.BadL4Checksum(); });
  }
  Step& Ttl(uint8_t ttl) {
    return With([ttl](PacketBuilder& p, const Variant&) { p.Ttl(ttl); });
  }
  // What the device says of the checksums.
  Step& Offload(ChecksumVerdict ip, ChecksumVerdict l4) {
    return ip_offload_ = ip, l4_offload_ = l4, *this;
  }

 private:
  friend Step FramesFrom(MakeFrames make);
  friend Step Wait(Duration duration);
  friend Step Check(Look look);
  friend Step InOneBurst(std::vector<Step> steps);
  friend class CaseRun;
  friend PacketBuilder Base(const Variant& variant, const Step& step);

  Kind kind_ = Kind::kSegment;
  Role from_ = Role::kA;
  uint8_t flags_ = 0;
  uint32_t seq_ = 0;
  std::optional<uint32_t> ack_;  // None: 0 on the wire, in every variant.
  uint16_t window_ = 64240;
  std::optional<uint16_t> urgent_;
  std::string payload_;
  PacketBuilder::Bytes options_;
  ChecksumVerdict ip_offload_ = ChecksumVerdict::kUnknown;
  ChecksumVerdict l4_offload_ = ChecksumVerdict::kUnknown;
  Edit edit_;
  MakeFrames frames_;
  Duration wait_;
  Look look_;
  std::vector<Step> burst_;
};

using Script = std::vector<Step>;

// A segment of A or B, at first without payload.
inline Step A(uint8_t flags = tcp_flag::kAck) { return Step(Role::kA, flags); }
inline Step B(uint8_t flags = tcp_flag::kAck) { return Step(Role::kB, flags); }

// Frames that no segment of the two can say: fragments, tunnels, other links.
// Base(variant, role, step) in runner.h helps to make them.
Step FramesFrom(Step::MakeFrames make);
// Time passes; timers that are due fire.
Step Wait(Duration duration);
// Looks at the engine in between, with EXPECT_*.
Step Check(Step::Look look);
// The function does this to the one flow, between two packets; what then has to
// be settled is.
using OnFlow = std::function<void(FlowView&, const Variant&)>;
Step Do(OnFlow act);
// The function, which says that it peeks, reads what `from` sent: all of
// `text`, and nothing behind it.
Step Peeks(Role from, std::string text);
// It is told how many bytes it missed.
Step Misses(Role from, uint64_t bytes);
// It sets the buffer of what `from` sends.
Step Resizes(Role from, uint32_t bytes);
// The frames of `steps` in one burst. REQUIRES: they are segments or frames.
Step InOneBurst(std::vector<Step> steps);

// The states of both roles at this place.
Step States(TcpState a, TcpState b);

enum class Opening : uint8_t {
  kHandshake,  // The runner opens the connection before the script.
  kByScript,
};

// What must have come of a case before flows are ended, and after.
struct Expect {
  // Exactly the bytes delivered of what A and B sent.
  std::string from_a = {};
  std::string from_b = {};

  // Exact numbers by name. A name is the first of these that knows it:
  //   conflict, retransmitted, out_of_order, orphans, pending, gap, flows
  //   (created), live (in the table)
  //   the kind of a TCP anomaly (mosaic_tcp_anomalies_total)
  //   a metric's cell, "mosaic_parse_errors_total:ip_checksum"
  //   error.CAUSE, events of that cause: "error.gap"
  //   else the beginning of an event's text, with {A} and {B} for the roles'
  //   sides: "start snd {A}"; after the end for "end ...".
  // TCP anomalies that are not named must be 0, and so must gap, conflict and
  // parse errors; `flows` must be 1 if it is not named.
  std::map<std::string, uint64_t> counts = {};

  // Beginnings of events' texts that must come in this order, others between
  // them; {A} and {B} as above.
  std::vector<std::string> order = {};

  // Of the one flow, when the script is over.
  std::optional<TcpState> state_a = {};
  std::optional<TcpState> state_b = {};
  // Of each flow that ended, in that order, all flows being ended by the end.
  std::optional<std::vector<EndReason>> ends = {};
};

struct Case {
  std::string id = {};    // "S-03"; a letter behind it for a part: "R-10a".
  std::string name = {};  // What happens, in a few words.
  Opening opening = Opening::kHandshake;
  Script script = {};
  Expect expect = {};  // Under FIRST, and under LAST too unless ...
  std::optional<Expect> last = {};  // ... this is said.

  // Options of the opening handshake's SYN and SYN/ACK, by role, their
  // windows, the client's also in its third packet, and that one's options.
  std::array<PacketBuilder::Bytes, 2> syn_options = {};
  std::array<uint16_t, 2> syn_window = {64240, 64240};
  PacketBuilder::Bytes ack_options = {};

  // The stream offset, by role, whose byte is number 0 in wrapping variants.
  std::array<uint32_t, 2> wrap_at = {2, 2};

  // More settings than the defaults: retain unacked, no timeouts, incarnations
  // only when closed, orphans for what is met in its middle.
  std::function<void(mosaic::testing::EngineSetup&)> setup = {};

  // Variants that cannot be, each for a reason that the case's comment gives.
  bool ipv4 = true;
  bool ipv6 = true;
  bool swap = true;
  bool wrap = true;
  bool port = true;

  // Not run, and why; counted as applicable.
  std::string not_done = {};
};

}  // namespace mosaic::conformance
