// The schedules of overlap_enumeration_test.cc once more, as TCP segments that
// go through parser, observer and delivery, with the line across sequence
// number 2^32; against the same oracle.
//
//   4 segments on 8 bytes   36^4 = 1,679,616 schedules
//   5 segments on 6 bytes   21^5 = 4,084,101
//   6 segments on 4 bytes   10^6 = 1,000,000
//
// each under FIRST and LAST. The stream is compared after every arrival, so
// that shorter schedules are among them; what waits behind a hole is read when
// the flow ends.
//
// One rule more than on the buffer alone: a single byte right before the next
// one expected is a keep-alive probe, never compared (RFC 9293, 3.8.4).

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "dataplane/engine/pipeline.h"
#include "gtest/gtest.h"
#include "tests/conformance/overlap_oracles.h"
#include "tests/support/packet_builder.h"

namespace mosaic::conformance {
namespace {

constexpr uint32_t kMaxSegments = 6;

// Writes down the stream of the server's side.
class Reader : public NetworkFunction {
 public:
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kNewData, Hook::kNone, Side::kServer) |
           EventMask::Of(EventKind::kError, Hook::kNone, Side::kServer);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event& event, FlowView&) override {
    if (event.kind == EventKind::kError) {
      if (event.error.cause == ErrorCause::kOverlapConflict) {
        conflicting += static_cast<uint32_t>(event.error.length);
      }
      return Verdict::kForward;
    }
    for (size_t i = 0; i < event.data.size(); ++i) {
      content[event.offset + i] = event.data[i];
    }
    delivered = static_cast<uint32_t>(event.offset + event.data.size());
    return Verdict::kForward;
  }

  void Clear() {
    content.fill(0);
    delivered = 0;
    conflicting = 0;
  }

  std::array<uint8_t, kMaxLine> content{};
  uint32_t delivered = 0;
  uint32_t conflicting = 0;
};

class PacketRun {
 public:
  PacketRun(uint32_t line, uint32_t segments, Winner winner)
      : line_(line),
        segments_(segments),
        winner_(winner),
        isn_(0u - line / 2 - 1),
        slot_("nfInstances/reader", std::make_unique<Reader>(),
              FailurePolicy::kOpen, kFlows),
        reader_(static_cast<Reader&>(*slot_.nf)),
        pipeline_(Config(), hash_, handoff_, 0, counters_) {
    snapshot_.revision = 1;
    snapshot_.nf_instances.resize(1);
    Monitor& monitor = snapshot_.monitors.emplace_back();
    monitor.nf_instances = {0};
    for (SidePolicy& side : monitor.side) {
      side.retain = Retain::kUnacked;
      side.overlap = winner == Winner::kFirst ? OverlapPolicy::kFirst
                                              : OverlapPolicy::kLast;
    }
    pipeline_.SetSnapshot({&snapshot_, slots_, monitor_counters_}, 0);

    syn_ = PacketBuilder().Seq(isn_).Flags(tcp_flag::kSyn).Build();
    for (uint8_t begin = 0; begin < line; ++begin) {
      for (uint8_t end = begin + 1; end <= line; ++end) {
        choices_.push_back({begin, end});
        auto& frames = frames_.emplace_back();
        for (uint32_t mark = 1; mark <= segments; ++mark) {
          frames[mark] = PacketBuilder()
                             .Seq(isn_ + 1 + begin)
                             .Payload(std::string(size_t{end} - begin,
                                                  static_cast<char>(mark)))
                             .Build();
        }
      }
    }
  }

  void Run() { Extend(0); }
  uint64_t schedules() const { return schedules_; }
  uint64_t mismatches() const { return mismatches_; }

 private:
  static constexpr size_t kFlows = 8;

  static PipelineConfig Config() {
    PipelineConfig config;
    config.limits.flows = kFlows;
    config.limits.reassembly_bytes = 1u << 20;
    config.limits.timeouts.enabled = false;
    return config;
  }

  void Extend(uint32_t depth) {
    for (uint32_t choice = 0; choice < choices_.size(); ++choice) {
      schedule_[depth] = choice;
      if (depth + 1 < segments_) {
        Extend(depth + 1);
      } else {
        ++schedules_;
        if (!Agrees()) ++mismatches_;
      }
    }
  }

  // Plays the schedule on a flow of its own.
  bool Agrees() {
    reader_.Clear();
    ByteMap oracle(winner_);
    Receive(syn_);
    bool agrees = true;
    uint32_t delivered = 0;
    for (uint32_t k = 0; k < segments_; ++k) {
      const Segment segment = choices_[schedule_[k]];
      const bool probe =
          segment.end - segment.begin == 1 && segment.end == delivered;
      Outcome expected = oracle.Arrive(segment, static_cast<uint8_t>(k + 1));
      if (probe) expected.conflicting = 0;
      reader_.conflicting = 0;
      Receive(frames_[schedule_[k]][k + 1]);
      delivered = expected.delivered;
      const Outcome got{static_cast<uint8_t>(reader_.delivered),
                        static_cast<uint8_t>(counters_.pending_bytes.Read()),
                        static_cast<uint8_t>(reader_.conflicting)};
      agrees = agrees && got == expected;
    }
    pipeline_.EndAll(EndReason::kShutdown, Timestamp());
    for (uint32_t i = 0; i < line_; ++i) {
      agrees = agrees && reader_.content[i] == oracle.At(i);
    }
    return agrees;
  }

  void Receive(PacketBuilder::Bytes& frame) {
    Packet& packet = burst_.packet[0];
    packet.data = frame.data();
    packet.length = static_cast<uint32_t>(frame.size());
    packet.wire_length = packet.length;
    burst_.size = 1;
    pipeline_.ProcessReceived(burst_);
  }

  const uint32_t line_;
  const uint32_t segments_;
  const Winner winner_;
  const uint32_t isn_;

  NfSlot slot_;
  Reader& reader_;
  const std::array<NfSlot*, 1> slots_{&slot_};
  MonitorCounters counted_;
  const std::array<MonitorCounters*, 1> monitor_counters_{&counted_};
  Snapshot snapshot_;
  const FlowHash hash_{{1, 2}};
  Handoff handoff_{1};
  CoreCounters counters_;
  Pipeline pipeline_;
  Burst burst_;

  PacketBuilder::Bytes syn_;
  std::vector<Segment> choices_;
  // By choice and mark.
  std::vector<std::array<PacketBuilder::Bytes, kMaxSegments + 1>> frames_;
  std::array<uint32_t, kMaxSegments> schedule_{};
  uint64_t schedules_ = 0;
  uint64_t mismatches_ = 0;
};

struct Size {
  uint32_t line;
  uint32_t segments;
  uint64_t schedules;
};

using Parameters = std::tuple<Size, Winner>;

class OverlapPackets : public testing::TestWithParam<Parameters> {};

TEST_P(OverlapPackets, EngineAndOracleAgreeOnEverySchedule) {
  const auto [size, winner] = GetParam();
  PacketRun run(size.line, size.segments, winner);
  run.Run();
  EXPECT_EQ(run.schedules(), size.schedules);
  EXPECT_EQ(run.mismatches(), 0u);
}

std::string NameOf(const testing::TestParamInfo<Parameters>& instance) {
  const auto [size, winner] = instance.param;
  return std::to_string(size.segments) + "SegmentsOn" +
         std::to_string(size.line) + "Bytes" +
         (winner == Winner::kFirst ? "_First" : "_Last");
}

INSTANTIATE_TEST_SUITE_P(
    AllSchedules, OverlapPackets,
    testing::Combine(testing::Values(Size{8, 4, 1'679'616},
                                     Size{6, 5, 4'084'101},
                                     Size{4, 6, 1'000'000}),
                     testing::Values(Winner::kFirst, Winner::kLast)),
    NameOf);

}  // namespace
}  // namespace mosaic::conformance
