// mosaic-bench: measures the engine on a trace in memory and checks what it saw
// against the trace's ground truth; makes such traces.

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "tests/bench/bench_run.h"
#include "tests/bench/figures.h"
#include "tests/bench/scale_commands.h"
#ifdef MOSAIC_LIBNIDS
#include "tests/bench/libnids_run.h"
#endif
#include "tests/bench/traffic_generator.h"
#include <nlohmann/json.hpp>

namespace mosaic::bench {
namespace {

struct Flags {
  std::string trace;
  std::string workload = "read";
  std::string feed = "split";
  std::string retain = "none";
  RunOptions options;
  int repeat = 5;
  bool json = false;
};

// In memory, with its ground truth. Says on stderr why not, if it cannot be.
std::unique_ptr<Trace> LoadTrace(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<Trace>> trace = Trace::Load(flags.trace);
  if (trace.ok()) return *std::move(trace);
  fmt::print(stderr, "mosaic-bench: {}\n",
             std::string(trace.status().message()));
  return nullptr;
}

// One more run, added to `runs`. False, and told on stderr, if its results are
// not the truth's.
bool AddRunOf(const Trace& trace, const RunOptions& options, const Truth& truth,
              std::vector<RunFigures>& runs) {
  runs.push_back(RunOnce(trace, options));
  const std::string wrong = Differences(runs.back(), options.workload, truth);
  if (wrong.empty()) return true;
  fmt::print(stderr, "mosaic-bench: run {}:\n{}", runs.size(), wrong);
  return false;
}

struct Measured {
  const RunFigures& median;
  double fastest_mpps = 0;
  double slowest_mpps = 0;
  double least_cpu_nanos = 0;
  double none_mpps = 0;  // With --retain none, turn by turn; 0: not measured.
};

nlohmann::ordered_json ToJson(const Measured& measured, const Flags& flags) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const RunFigures& figures = measured.median;
  const Results& results = figures.results;
  nlohmann::ordered_json json = {
      {"workload", flags.workload},
      {"workers", flags.options.workers},
      {"feed", flags.feed},
      {"retain", flags.retain},
      {"mpps", figures.mpps()},
      {"mpps_min", measured.slowest_mpps},
      {"mpps_max", measured.fastest_mpps},
      {"gbps", figures.gbps()},
      {"nanos_per_packet", figures.nanos_per_packet()},
      {"cpu_nanos_per_packet", figures.cpu_nanos_per_packet()},
      {"cpu_nanos_per_packet_min", measured.least_cpu_nanos},
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
  if (measured.none_mpps > 0) json["mpps_retain_none"] = measured.none_mpps;
  return json;
}

void Print(const Measured& measured, const Flags& flags, bool has_truth) {
  const RunFigures& median = measured.median;
  fmt::print(
      "{:<7} {} worker{}  {:7.2f} Mpps ({:.2f} to {:.2f})  {:6.1f} Gbit/s  "
      "{:6.1f} cycles/packet  {}\n",
      flags.workload, flags.options.workers,
      flags.options.workers == 1 ? " " : "s", median.mpps(),
      measured.slowest_mpps, measured.fastest_mpps, median.gbps(),
      median.cycles_per_packet(),
      has_truth ? "equals the ground truth" : "no ground truth");
  if (measured.none_mpps == 0) return;
  fmt::print(
      "{:<7} retain none {:7.2f} Mpps  retain {} {:7.2f} Mpps  "
      "price {:.2f}\n",
      flags.workload, measured.none_mpps, flags.retain, median.mpps(),
      measured.none_mpps / median.mpps());
}

int Run(const Flags& flags) {
  const std::unique_ptr<Trace> trace = LoadTrace(flags);
  if (trace == nullptr) return kExitBadTrace;
  const Truth truth = ReadTruth(flags.trace);
  RunOptions keeps_none = flags.options;
  keeps_none.retain = Retain::kNone;
  const bool compares = flags.options.retain != Retain::kNone;
  std::vector<RunFigures> runs, none;
  for (int i = 0; i < flags.repeat; ++i) {
    // Turn by turn, so that what else the machine does hurts both.
    if (compares && !AddRunOf(*trace, keeps_none, truth, none)) {
      return kExitWrongResults;
    }
    if (!AddRunOf(*trace, flags.options, truth, runs)) return kExitWrongResults;
  }
  Measured measured{Median(runs)};
  measured.least_cpu_nanos = LeastCpuNanos(runs);
  measured.fastest_mpps = runs.front().mpps();
  measured.slowest_mpps = runs.back().mpps();
  if (compares) measured.none_mpps = Median(none).mpps();
  if (flags.json) {
    fmt::print("{}\n", ToJson(measured, flags).dump());
  } else {
    Print(measured, flags, !truth.empty());
  }
  return 0;
}

#ifdef MOSAIC_LIBNIDS
int Compare(const Flags& flags) {
  const std::unique_ptr<Trace> trace = LoadTrace(flags);
  if (trace == nullptr) return kExitBadTrace;
  const Truth truth = ReadTruth(flags.trace);
  std::vector<RunFigures> ours, theirs;
  for (int i = 0; i < flags.repeat; ++i) {
    if (!AddRunOf(*trace, flags.options, truth, ours)) return kExitWrongResults;
    theirs.push_back(RunLibnids(*trace, flags.options));
    const std::string wrong =
        Differences(theirs.back(), flags.options.workload, truth);
    if (!wrong.empty()) {
      fmt::print(stderr, "mosaic-bench: run {}:\nlibnids:\n{}", i + 1, wrong);
      return kExitWrongResults;
    }
  }
  const double our_mpps = Median(ours).mpps();
  const double their_mpps = Median(theirs).mpps();
  if (flags.json) {
    const nlohmann::ordered_json json = {
        {"workload", flags.workload},
        {"mosaic_mpps", our_mpps},
        {"libnids_mpps", their_mpps},
        {"ratio", our_mpps / their_mpps},
        {"mosaic_cpu_nanos_per_packet_min", LeastCpuNanos(ours)},
        {"libnids_cpu_nanos_per_packet_min", LeastCpuNanos(theirs)}};
    fmt::print("{}\n", json.dump());
    return 0;
  }
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
                  "Flows of each worker; a run with more fails")
      ->check(CLI::Range(size_t{1}, size_t{1} << 27));
  run->add_option("--feed", flags.feed,
                  "split: by owner beforehand; handoff: one worker polls")
      ->check(CLI::IsMember({"split", "handoff"}));
  run->add_option("--retain", flags.retain,
                  "none, or unacked: delivered bytes are kept until they are "
                  "acknowledged; measured against none")
      ->check(CLI::IsMember({"none", "unacked"}));
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
  compare
      ->add_option("--flows-limit", flags.options.flows_limit,
                   "Flows of each; a run with more fails")
      ->check(CLI::Range(size_t{1}, size_t{1} << 24));
  compare->add_flag("--json", flags.json, "One JSON object");
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
  mosaic::bench::GrowFlags grow;
  mosaic::bench::AddGrow(app, grow);
  mosaic::bench::ExpireFlags expire;
  mosaic::bench::AddExpire(app, expire);
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
  if (app.got_subcommand("grow")) return mosaic::bench::Grow(grow);
  if (app.got_subcommand("expire")) return mosaic::bench::Expire(expire);
  flags.options.workload = *mosaic::bench::WorkloadOf(flags.workload);
  flags.options.feed = flags.feed == "handoff" ? Feed::kHandoff : Feed::kSplit;
  if (flags.retain == "unacked") {
    flags.options.retain = mosaic::Retain::kUnacked;
  }
#ifdef MOSAIC_LIBNIDS
  if (app.got_subcommand("compare")) return mosaic::bench::Compare(flags);
#endif
  return mosaic::bench::Run(flags);
}
