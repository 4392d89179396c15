#include "dataplane/stats/core_histograms.h"

#include <array>
#include <cstdint>
#include <iterator>

namespace mosaic {
namespace {

constexpr uint64_t kMicrosecond = 1'000;
constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kSecond = 1'000'000'000;

constexpr std::array<uint64_t, 11> kLoopBounds = {
    1 * kMicrosecond,   2 * kMicrosecond,   5 * kMicrosecond,
    10 * kMicrosecond,  20 * kMicrosecond,  50 * kMicrosecond,
    100 * kMicrosecond, 200 * kMicrosecond, 500 * kMicrosecond,
    1 * kMillisecond,   10 * kMillisecond};
constexpr std::array<uint64_t, 7> kBurstBounds = {1, 2, 4, 8, 16, 32, 64};
constexpr std::array<uint64_t, 12> kLifetimeBounds = {
    1 * kMillisecond, 10 * kMillisecond, 100 * kMillisecond, 500 * kMillisecond,
    1 * kSecond,      5 * kSecond,       10 * kSecond,       30 * kSecond,
    60 * kSecond,     300 * kSecond,     1800 * kSecond,     3600 * kSecond};
constexpr std::array<uint64_t, 9> kLatenessBounds = {
    1 * kMillisecond,   2 * kMillisecond,   5 * kMillisecond,
    10 * kMillisecond,  20 * kMillisecond,  50 * kMillisecond,
    100 * kMillisecond, 500 * kMillisecond, 1 * kSecond};

constexpr HistogramInfo kInfo[] = {
    {"mosaic_core_loop_duration_seconds",
     "Time of rounds that moved packets, on the clock. Long ones fill the "
     "receive rings meanwhile.",
     HistogramScope::kByCore, 1e9},
    {"mosaic_core_rx_burst_packets",
     "Packets of each burst received. Mostly 64: the core is at its limit.",
     HistogramScope::kByCore, 1},
    {"mosaic_flow_lifetime_seconds",
     "Time from a flow's first packet to its last.", HistogramScope::kSum, 1e9},
    {"mosaic_timer_lateness_seconds",
     "How late timers fire, of flows and of network functions. Above 10 ms the "
     "cores are overloaded.",
     HistogramScope::kSum, 1e9},
};
static_assert(std::size(kInfo) == kCoreHistograms,
              "every CoreHistograms field needs a row in kInfo, in order");

}  // namespace

CoreHistograms::CoreHistograms()
    : loop_duration(kLoopBounds),
      rx_burst_packets(kBurstBounds),
      flow_lifetime(kLifetimeBounds),
      timer_lateness(kLatenessBounds) {}

std::span<const HistogramInfo> CoreHistogramInfo() { return kInfo; }

}  // namespace mosaic
