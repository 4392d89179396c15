// mosaic-bench: measures the engine on a trace in memory and checks what it saw
// against the trace's ground truth; makes such traces.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "tests/bench/bench_run.h"
#ifdef MOSAIC_LIBNIDS
#include "tests/bench/libnids_run.h"
#endif
#include "tests/bench/traffic_generator.h"
#include <nlohmann/json.hpp>

namespace mosaic::bench {
namespace {

constexpr int kExitWrongResults = 1;
constexpr int kExitUsage = 2;
constexpr int kExitBadTrace = 4;
constexpr int kExitCannotWrite = 5;

struct Flags {
  std::string trace;
  std::string workload = "read";
  std::string feed = "split";
  RunOptions options;
  int repeat = 5;
  bool json = false;
};

// The lines "name=number" of a trace's ground truth; empty if it has none.
std::map<std::string, uint64_t> ReadTruth(const std::string& trace) {
  std::map<std::string, uint64_t> truth;
  std::ifstream file(trace + ".gt");
  std::string line;
  while (std::getline(file, line)) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    truth[line.substr(0, equals)] = std::stoull(line.substr(equals + 1));
  }
  return truth;
}

// What differs from the truth, one line each; empty if nothing does.
std::string Differences(const RunFigures& figures, Workload workload,
                        const std::map<std::string, uint64_t>& truth) {
  std::string text;
  const auto compare = [&](const char* name, uint64_t have) {
    const auto want = truth.find(name);
    if (want == truth.end() || want->second == have) return;
    text +=
        fmt::format("{}: {} is not the truth's {}\n", name, have, want->second);
  };
  const Results& results = figures.results;
  compare("packets", figures.packets);
  compare("conns", results.connections_started);
  compare("conns", results.connections_ended);
  if (workload != Workload::kFloor) {
    compare("c2s_bytes", results.bytes_client_to_server);
    compare("s2c_bytes", results.bytes_server_to_client);
  }
  if (workload == Workload::kRead) {
    compare("bytesum", results.payload.bytesum);
    compare("xor8", results.payload.xor8);
  }
  if (workload == Workload::kCrc) compare("crcsum", results.crc32c_sum);
  if (figures.bounds_hit > 0) {
    text += fmt::format("{} flows refused: raise --flows-limit\n",
                        figures.bounds_hit);
  }
  return text;
}

nlohmann::ordered_json ToJson(const RunFigures& figures, const Flags& flags,
                              double slowest, double fastest) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const Results& results = figures.results;
  return {{"workload", flags.workload},
          {"workers", flags.options.workers},
          {"mpps", figures.mpps()},
          {"mpps_min", slowest},
          {"mpps_max", fastest},
          {"gbps", figures.gbps()},
          {"cycles_per_packet", figures.cycles_per_packet()},
          {"packets", figures.packets},
          {"connections_started", results.connections_started},
          {"connections_ended", results.connections_ended},
          {"bytes_client_to_server", results.bytes_client_to_server},
          {"bytes_server_to_client", results.bytes_server_to_client},
          {"bytesum", results.payload.bytesum},
          {"xor8", results.payload.xor8},
          {"crc32c_sum", results.crc32c_sum},
          {"peak_rss_bytes", static_cast<uint64_t>(usage.ru_maxrss) * 1024},
          {"flow_bytes", figures.flow_bytes}};
}

int Run(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<Trace>> trace = Trace::Load(flags.trace);
  if (!trace.ok()) {
    fmt::print(stderr, "mosaic-bench: {}\n",
               std::string(trace.status().message()));
    return kExitBadTrace;
  }
  const std::map<std::string, uint64_t> truth = ReadTruth(flags.trace);
  std::vector<RunFigures> runs;
  for (int i = 0; i < flags.repeat; ++i) {
    runs.push_back(RunOnce(**trace, flags.options));
    const std::string wrong =
        Differences(runs.back(), flags.options.workload, truth);
    if (!wrong.empty()) {
      fmt::print(stderr, "mosaic-bench: run {}:\n{}", i + 1, wrong);
      return kExitWrongResults;
    }
  }
  std::ranges::sort(runs, {}, &RunFigures::seconds);
  const RunFigures& median = runs[runs.size() / 2];
  const double fastest = runs.front().mpps();
  const double slowest = runs.back().mpps();
  if (flags.json) {
    fmt::print("{}\n", ToJson(median, flags, slowest, fastest).dump());
  } else {
    fmt::print(
        "{:<7} {} worker{}  {:7.2f} Mpps ({:.2f} to {:.2f})  {:6.1f} Gbit/s  "
        "{:6.1f} cycles/packet  {}\n",
        flags.workload, flags.options.workers,
        flags.options.workers == 1 ? " " : "s", median.mpps(), slowest, fastest,
        median.gbps(), median.cycles_per_packet(),
        truth.empty() ? "no ground truth" : "equals the ground truth");
  }
  return 0;
}

#ifdef MOSAIC_LIBNIDS
double MedianMpps(std::vector<RunFigures>& runs) {
  std::ranges::sort(runs, {}, &RunFigures::seconds);
  return runs[runs.size() / 2].mpps();
}

// Turn by turn, so that what else the machine does hurts both.
int Compare(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<Trace>> trace = Trace::Load(flags.trace);
  if (!trace.ok()) {
    fmt::print(stderr, "mosaic-bench: {}\n",
               std::string(trace.status().message()));
    return kExitBadTrace;
  }
  const std::map<std::string, uint64_t> truth = ReadTruth(flags.trace);
  const Workload workload = flags.options.workload;
  std::vector<RunFigures> ours, theirs;
  for (int i = 0; i < flags.repeat; ++i) {
    ours.push_back(RunOnce(**trace, flags.options));
    theirs.push_back(RunLibnids(**trace, flags.options));
    const std::string wrong = Differences(ours.back(), workload, truth);
    const std::string theirs_wrong =
        Differences(theirs.back(), workload, truth);
    if (!wrong.empty() || !theirs_wrong.empty()) {
      fmt::print(stderr, "mosaic-bench: run {}:\n{}", i + 1, wrong);
      if (!theirs_wrong.empty()) {
        fmt::print(stderr, "libnids:\n{}", theirs_wrong);
      }
      return kExitWrongResults;
    }
  }
  const double our_mpps = MedianMpps(ours);
  const double their_mpps = MedianMpps(theirs);
  fmt::print("{:<7} mosaic {:7.2f} Mpps  libnids {:7.2f} Mpps  ratio {:5.2f}\n",
             flags.workload, our_mpps, their_mpps, our_mpps / their_mpps);
  return 0;
}
#endif

int Generate(const TrafficShape& shape, const std::string& path) {
  const absl::StatusOr<GroundTruth> truth = GenerateTraffic(shape, path);
  if (!truth.ok()) {
    fmt::print(stderr, "mosaic-bench: {}\n",
               std::string(truth.status().message()));
    return absl::IsInvalidArgument(truth.status()) ? kExitUsage
                                                   : kExitCannotWrite;
  }
  fmt::print("{}", truth->Text());
  return 0;
}

void AddRun(CLI::App& app, Flags& flags) {
  CLI::App* const run = app.add_subcommand("run", "One workload on one trace");
  run->add_option("--trace", flags.trace, "pcap file; FILE.gt is its truth")
      ->required();
  run->add_option("--workload", flags.workload, "floor, events, read or crc")
      ->check(CLI::IsMember({"floor", "events", "read", "crc"}));
  run->add_option("--workers", flags.options.workers, "Default 1")
      ->check(CLI::Range(1, 64));
  run->add_option("--repeat", flags.repeat, "Runs; the median counts")
      ->check(CLI::Range(1, 1000));
  run->add_option("--burst", flags.options.burst_packets, "Packets in a burst")
      ->check(CLI::Range(1, 64));
  run->add_option("--flows-limit", flags.options.flows_limit,
                  "Flows of each worker")
      ->check(CLI::Range(size_t{1}, size_t{1} << 27));
  run->add_option("--feed", flags.feed,
                  "split: by owner beforehand; handoff: one worker polls")
      ->check(CLI::IsMember({"split", "handoff"}));
  run->add_flag("--json", flags.json, "One JSON object");
}

#ifdef MOSAIC_LIBNIDS
void AddCompare(CLI::App& app, Flags& flags) {
  CLI::App* const compare = app.add_subcommand(
      "compare", "The same work by Mosaic and by libnids, in turn");
  compare->add_option("--trace", flags.trace, "pcap file; FILE.gt is its truth")
      ->required();
  compare->add_option("--workload", flags.workload, "read or crc")
      ->check(CLI::IsMember({"read", "crc"}));
  compare->add_option("--repeat", flags.repeat, "Runs of each; medians count")
      ->check(CLI::Range(1, 1000));
}
#endif

// What is given here changes the shape that was named.
struct ShapeFlags {
  std::string shape;
  std::string path;
  std::optional<uint32_t> connections, concurrent, request_bytes,
      response_bytes, interval_nanos, burst;
  std::optional<uint16_t> mss;
  std::optional<double> sigma, reorder, resend;
  std::optional<uint64_t> seed;

  TrafficShape Shape() const {
    TrafficShape changed = *ShapeOf(shape);
    const auto change = [](auto& field, const auto& value) {
      if (value) field = *value;
    };
    change(changed.connections, connections);
    change(changed.concurrent, concurrent);
    change(changed.request_bytes, request_bytes);
    change(changed.response_bytes, response_bytes);
    change(changed.response_sigma, sigma);
    change(changed.mss, mss);
    change(changed.reorder, reorder);
    change(changed.resend, resend);
    change(changed.interval_nanos, interval_nanos);
    change(changed.burst, burst);
    change(changed.seed, seed);
    return changed;
  }
};

void AddGenerate(CLI::App& app, ShapeFlags& flags) {
  CLI::App* const generate = app.add_subcommand(
      "generate", "Makes up a trace, FILE, and its ground truth, FILE.gt");
  generate->add_option("shape", flags.shape, "web, small, bulk or conc=N")
      ->required()
      ->check([](const std::string& name) {
        return ShapeOf(name) ? std::string()
                             : fmt::format(
                                   "{} is none of web, small, bulk, "
                                   "conc=N with N in [1, {}]",
                                   name, TrafficShape::kMaxConnections / 2);
      });
  generate->add_option("file", flags.path, "pcap file to write")->required();
  generate->add_option("--connections", flags.connections, "In all");
  generate->add_option("--concurrent", flags.concurrent, "Open at once");
  generate->add_option("--request-bytes", flags.request_bytes,
                       "Of each request");
  generate->add_option("--response-bytes", flags.response_bytes,
                       "Of responses; their median where --sigma is not 0");
  generate->add_option("--sigma", flags.sigma,
                       "Of the log-normal length of responses; 0: all alike");
  generate->add_option("--mss", flags.mss, "Longest payload of a segment");
  generate->add_option("--reorder", flags.reorder, "Part of segments, 0 to 1");
  generate->add_option("--resend", flags.resend, "Part of segments, 0 to 1");
  generate->add_option("--interval-ns", flags.interval_nanos,
                       "From each packet to the next");
  generate->add_option("--burst", flags.burst,
                       "Packets of one connection in a row at most");
  generate->add_option("--seed", flags.seed, "Another one, another trace");
}

}  // namespace
}  // namespace mosaic::bench

int main(int argc, char** argv) {
  using mosaic::bench::Feed;
  mosaic::bench::Flags flags;
  mosaic::bench::ShapeFlags shape;
  CLI::App app{"Measures Mosaic's engine on traces in memory", "mosaic-bench"};
  app.require_subcommand(1);
  mosaic::bench::AddRun(app, flags);
  mosaic::bench::AddGenerate(app, shape);
#ifdef MOSAIC_LIBNIDS
  mosaic::bench::AddCompare(app, flags);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : mosaic::bench::kExitUsage;
  }
  if (app.got_subcommand("generate")) {
    return mosaic::bench::Generate(shape.Shape(), shape.path);
  }
  flags.options.workload = *mosaic::bench::WorkloadOf(flags.workload);
  flags.options.feed = flags.feed == "handoff" ? Feed::kHandoff : Feed::kSplit;
#ifdef MOSAIC_LIBNIDS
  if (app.got_subcommand("compare")) return mosaic::bench::Compare(flags);
#endif
  return mosaic::bench::Run(flags);
}
