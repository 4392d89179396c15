#include "tests/bench/scale_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "tests/bench/bench_run.h"
#include "tests/bench/figures.h"
#include "tests/bench/idle_flows.h"
#include "tests/bench/memory_trace.h"
#include <nlohmann/json.hpp>

namespace mosaic::bench {
namespace {

struct Point {
  uint32_t concurrent = 0;
  uint64_t flows = 0;
  uint64_t flows_lost = 0;  // Of all runs.
  uint64_t packets = 0;
  double nanos_per_packet = 0;  // Of CPU time; median.
  double fastest_nanos = 0;
  double slowest_nanos = 0;
  uint64_t flow_bytes = 0;
  std::string wrong;  // What differs from the truth, but for lost flows.
};

uint64_t Lost(const RunFigures& figures, const GroundTruth& truth) {
  const Results& results = figures.results;
  const uint64_t whole =
      std::min(results.connections_started, results.connections_ended);
  return truth.connections - std::min<uint64_t>(truth.connections, whole);
}

absl::StatusOr<Point> Measure(uint32_t concurrent, const GrowFlags& flags) {
  TrafficShape shape = *ShapeOf(fmt::format("conc={}", concurrent));
  if (flags.connections > 0) shape.connections = flags.connections;
  const absl::StatusOr<MemoryTrace> made = MakeTrace(shape);
  if (!made.ok()) return made.status();
  const Truth truth = ParseTruth(made->truth.Text());
  RunOptions options;
  options.workload = *WorkloadOf(flags.workload);
  options.burst_packets = flags.burst_packets;
  // Ended ones keep their records for a while.
  options.flows_limit = made->truth.connections;
  Point point;
  point.concurrent = concurrent;
  point.flows = made->truth.connections;
  std::vector<RunFigures> runs;
  for (int i = 0; i < flags.repeat; ++i) {
    runs.push_back(RunOnce(*made->trace, options));
    point.flows_lost += Lost(runs.back(), made->truth);
    if (point.wrong.empty()) {
      point.wrong = Differences(runs.back(), options.workload, truth);
    }
  }
  std::ranges::sort(runs, {}, &RunFigures::cpu_seconds);
  const RunFigures& median = runs[runs.size() / 2];
  point.packets = median.packets;
  point.nanos_per_packet = median.cpu_nanos_per_packet();
  point.fastest_nanos = runs.front().cpu_nanos_per_packet();
  point.slowest_nanos = runs.back().cpu_nanos_per_packet();
  point.flow_bytes = median.flow_bytes;
  return point;
}

nlohmann::ordered_json ToJson(const Point& point) {
  return {{"concurrent", point.concurrent},
          {"flows", point.flows},
          {"flows_lost", point.flows_lost},
          {"packets", point.packets},
          {"nanos_per_packet", point.nanos_per_packet},
          {"nanos_per_packet_min", point.fastest_nanos},
          {"nanos_per_packet_max", point.slowest_nanos},
          {"flow_bytes", point.flow_bytes}};
}

std::string ToText(const Point& point, double growth) {
  return fmt::format(
      "{:>9} at once  {:7.1f} ns/packet ({:.1f} to {:.1f})  growth {:.2f}  "
      "{} of {} flows lost\n",
      point.concurrent, point.nanos_per_packet, point.fastest_nanos,
      point.slowest_nanos, growth, point.flows_lost, point.flows);
}

}  // namespace

void AddGrow(CLI::App& app, GrowFlags& flags) {
  CLI::App* const grow = app.add_subcommand(
      "grow", "One workload with ever more connections at once");
  grow->add_option("--workload", flags.workload, "floor, events, read or crc")
      ->check(CLI::IsMember({"floor", "events", "read", "crc"}));
  grow->add_option("--sizes", flags.sizes,
                   "Connections at once, separated by commas")
      ->delimiter(',')
      ->check(CLI::Range(uint32_t{1}, TrafficShape::kMaxConnections / 2));
  grow->add_option("--connections", flags.connections,
                   "In all; 200,000, or twice as many as at once if more")
      ->check(CLI::Range(uint32_t{1}, TrafficShape::kMaxConnections));
  grow->add_option("--repeat", flags.repeat, "Runs of each; medians count")
      ->check(CLI::Range(1, 1000));
  grow->add_option("--burst", flags.burst_packets, "Packets in a burst")
      ->check(CLI::Range(1, 64));
  grow->add_flag("--json", flags.json, "One JSON object");
}

int Grow(const GrowFlags& flags) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  double first = 0;
  double growth = 1;
  bool all_right = true;
  for (const uint32_t size : flags.sizes) {
    const absl::StatusOr<Point> point = Measure(size, flags);
    if (!point.ok()) {
      fmt::print(stderr, "mosaic-bench: {}\n",
                 std::string(point.status().message()));
      return kExitCannotWrite;
    }
    if (first == 0) first = point->nanos_per_packet;
    growth = std::max(growth, point->nanos_per_packet / first);
    if (!point->wrong.empty()) {
      fmt::print(stderr, "mosaic-bench: {} at once:\n{}", size, point->wrong);
      all_right = false;
    }
    points.push_back(ToJson(*point));
    if (flags.json) continue;
    fmt::print("{}", ToText(*point, point->nanos_per_packet / first));
    std::fflush(stdout);
  }
  if (flags.json) {
    const nlohmann::ordered_json whole = {
        {"workload", flags.workload}, {"growth", growth}, {"points", points}};
    fmt::print("{}\n", whole.dump());
  } else {
    fmt::print("{}: at most {:.2f} times what it costs with {}\n",
               flags.workload, growth, flags.sizes.front());
  }
  return all_right ? 0 : kExitWrongResults;
}

void AddExpire(CLI::App& app, ExpireFlags& flags) {
  CLI::App* const expire = app.add_subcommand(
      "expire", "Idle connections time out, all at the same time");
  expire->add_option("--flows", flags.flows, "Connections")
      ->check(CLI::Range(size_t{1}, size_t{1} << 24));
  expire->add_flag("--json", flags.json, "One JSON object");
}

int Expire(const ExpireFlags& flags) {
  const absl::StatusOr<ExpiryFigures> figures = ExpireIdleFlows(flags.flows);
  if (!figures.ok()) {
    fmt::print(stderr, "mosaic-bench: {}\n",
               std::string(figures.status().message()));
    return kExitCannotWrite;
  }
  if (flags.json) {
    const nlohmann::ordered_json json = {
        {"flows", flags.flows},
        {"flows_created", figures->flows_created},
        {"flows_expired", figures->flows_expired},
        {"rounds", figures->rounds},
        {"most_in_one_round", figures->most_in_one_round},
        {"expiry_budget", figures->expiry_budget},
        {"longest_round_nanos", figures->longest_round_nanos},
        {"expiry_cpu_nanos", figures->expiry_cpu_nanos}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print(
        "{} of {} idle flows expired in {} rounds, at most {} in one (budget "
        "{}); longest round {:.1f} us, all {:.1f} ms of CPU time\n",
        figures->flows_expired, flags.flows, figures->rounds,
        figures->most_in_one_round, figures->expiry_budget,
        static_cast<double>(figures->longest_round_nanos) / 1e3,
        static_cast<double>(figures->expiry_cpu_nanos) / 1e6);
  }
  return figures->flows_expired == flags.flows ? 0 : kExitWrongResults;
}

}  // namespace mosaic::bench
