#include "tests/bench/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace mosaic::bench {

Truth ParseTruth(const std::string& text) {
  Truth truth;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    truth[line.substr(0, equals)] = std::stoull(line.substr(equals + 1));
  }
  return truth;
}

Truth ReadTruth(const std::string& trace) {
  std::ifstream file(trace + ".gt");
  std::ostringstream text;
  text << file.rdbuf();
  return ParseTruth(text.str());
}

std::string Differences(const RunFigures& figures, Workload workload,
                        const Truth& truth) {
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
    text += fmt::format("{} flows refused or evicted: raise --flows-limit\n",
                        figures.bounds_hit);
  }
  return text;
}

double LeastCpuNanos(const std::vector<RunFigures>& runs) {
  return std::ranges::min(runs, {}, &RunFigures::cpu_seconds)
      .cpu_nanos_per_packet();
}

const RunFigures& Median(std::vector<RunFigures>& runs) {
  std::ranges::sort(runs, {}, &RunFigures::seconds);
  return runs[runs.size() / 2];
}

}  // namespace mosaic::bench
