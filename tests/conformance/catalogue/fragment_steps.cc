#include "tests/conformance/catalogue/fragment_steps.h"

#include <algorithm>
#include <utility>

#include "dataplane/stats/core_counters.h"
#include "gtest/gtest.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/fragments.h"

namespace mosaic::conformance {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;

std::vector<Part> PartsOf(uint32_t length, std::vector<uint32_t> cuts) {
  std::vector<Part> parts;
  uint32_t from = 0;
  cuts.push_back(length);
  for (const uint32_t to : cuts) {
    parts.push_back({from, to, to != length});
    from = to;
  }
  return parts;
}

PacketBuilder FragmentOf(const PacketBuilder& datagram, uint32_t id,
                         const Part& part) {
  PacketBuilder::Bytes bytes;
  if (part.filled != 0) {
    bytes.assign(part.end - part.offset, static_cast<uint8_t>(part.filled));
  } else {
    const PacketBuilder::Bytes content = DatagramContent(datagram);
    bytes.assign(content.begin() + part.offset, content.begin() + part.end);
  }
  return Fragment(datagram, id, static_cast<uint16_t>(part.offset),
                  std::move(bytes), part.more_follow);
}

Frame FrameOf(const PacketBuilder& packet) {
  return {packet.Build(), packet.wire_length(), packet.link()};
}

std::vector<Frame> FramesOf(const std::vector<PacketBuilder>& packets) {
  std::vector<Frame> frames;
  frames.reserve(packets.size());
  for (const PacketBuilder& packet : packets) frames.push_back(FrameOf(packet));
  return frames;
}

Step SendParts(Step segment, uint32_t id, std::vector<Part> parts) {
  return FramesFrom([=](const Variant& variant) {
    const PacketBuilder datagram = Base(variant, segment);
    std::vector<PacketBuilder> packets;
    packets.reserve(parts.size());
    for (const Part& part : parts) {
      packets.push_back(FragmentOf(datagram, id, part));
    }
    return FramesOf(packets);
  });
}

Step InFragments(Step segment, uint32_t id, std::vector<uint32_t> cuts,
                 std::vector<size_t> order) {
  return FramesFrom([=](const Variant& variant) {
    const PacketBuilder datagram = Base(variant, segment);
    const auto length = static_cast<uint32_t>(DatagramContent(datagram).size());
    const std::vector<Part> parts = PartsOf(length, cuts);
    std::vector<PacketBuilder> packets;
    for (size_t i = 0; i < parts.size(); ++i) {
      packets.push_back(
          FragmentOf(datagram, id, parts[order.empty() ? i : order[i]]));
    }
    return FramesOf(packets);
  });
}

Counts FragmentCounts(const Counts& results) {
  constexpr std::string_view kMetrics[] = {"mosaic_ip_fragments_total",
                                           "mosaic_ip_datagrams_total",
                                           "mosaic_parse_anomalies_total"};
  Counts counts;
  size_t used = 0;
  for (const CounterInfo& info : CoreCounterInfo()) {
    if (std::ranges::count(kMetrics, info.name) == 0) continue;
    for (size_t i = 0; i < info.cells; ++i) {
      const std::string label(info.label_values[i]);
      const auto named = results.find(label);
      used += named != results.end();
      counts[std::string(info.name) + ":" + label] =
          named == results.end() ? 0 : named->second;
    }
  }
  EXPECT_EQ(used, results.size()) << "a result that has no metric";
  uint64_t& dropped = counts["mosaic_core_dropped_packets_total:ip_fragment"];
  for (const char* unsound :
       {"overlap", "oversize", "end", "header_chain", "too_many", "no_memory",
        "bad_length", "refused_datagram"}) {
    dropped += counts[std::string(kMetrics[0]) + ":" + unsound];
  }
  return counts;
}

Case Fragmented(std::string id, std::string name, std::vector<Step> steps,
                const std::string& stream, const Counts& results) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.script = std::move(steps);
  c.script.push_back(A().Data(static_cast<int64_t>(stream.size()), kOn));
  c.expect = Delivers(stream + kOn, results);
  return c;
}

Case OnIpv4(Case c) {
  c.ipv6 = false;
  return c;
}

Case UnderPolicy(OverlapPolicy policy, Case c) {
  c.setup = [policy](EngineSetup& setup) {
    setup.pipeline.limits.fragments.overlap = policy;
  };
  return c;
}

Step NothingDelivered() {
  return Check([](EngineHarness& harness, const Variant&) {
    EXPECT_EQ(harness.recorded().data[0] + harness.recorded().data[1], "");
  });
}

Step Held(size_t datagrams) {
  return Check([datagrams](EngineHarness& harness, const Variant&) {
    EXPECT_EQ(harness.pipeline().fragments().held(), datagrams);
  });
}

Step NoDatagramHeld() {
  return Check([](EngineHarness& harness, const Variant&) {
    const FragmentStage& fragments = harness.pipeline().fragments();
    EXPECT_EQ(fragments.held(), 0u);
    const ChunkPool& chunks = fragments.reassembly().chunks();
    EXPECT_EQ(chunks.free_chunks(), chunks.total_chunks());
  });
}

}  // namespace mosaic::conformance
