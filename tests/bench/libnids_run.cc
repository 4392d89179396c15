#include "tests/bench/libnids_run.h"

#include <nids.h>
#include <pcap/pcap.h>

#include <chrono>
#include <span>

#include "dataplane/base/check.h"
#include "tests/bench/payload_digest.h"

namespace mosaic::bench {
namespace {

// Packets ahead whose headers are fetched: what its own input from a device
// would have done for it.
constexpr size_t kAhead = 8;

// libnids has no argument for its callbacks.
Results* results = nullptr;
Workload workload = Workload::kRead;

struct StreamDigest {
  uint32_t to_client = kCrc32cStart;
  uint32_t to_server = kCrc32cStart;
};

void TakeBytes(const half_stream& half, uint32_t& crc, uint64_t& count) {
  const std::span<const uint8_t> bytes(
      reinterpret_cast<const uint8_t*>(half.data),
      static_cast<size_t>(half.count_new));
  count += bytes.size();
  if (workload == Workload::kCrc) {
    crc = Crc32c(crc, bytes);
  } else {
    results->payload.Add(bytes);
  }
}

void OnStream(tcp_stream* stream, void** own) {
  switch (stream->nids_state) {
    case NIDS_JUST_EST:
      ++results->connections_started;
      stream->client.collect = 1;
      stream->server.collect = 1;
      *own = workload == Workload::kCrc ? new StreamDigest : nullptr;
      return;
    case NIDS_DATA: {
      auto* const digest = static_cast<StreamDigest*>(*own);
      StreamDigest unused;
      StreamDigest& used = digest == nullptr ? unused : *digest;
      if (stream->client.count_new > 0) {
        TakeBytes(stream->client, used.to_client,
                  results->bytes_server_to_client);
      } else if (stream->server.count_new > 0) {
        TakeBytes(stream->server, used.to_server,
                  results->bytes_client_to_server);
      }
      return;
    }
    default:
      ++results->connections_ended;
      if (auto* const digest = static_cast<StreamDigest*>(*own)) {
        results->crc32c_sum += digest->to_client;
        results->crc32c_sum += digest->to_server;
        delete digest;
        *own = nullptr;
      }
  }
}

void SetUp(const RunOptions& options, pcap_t* pcap) {
  nids_params.pcap_desc = pcap;
  nids_params.n_tcp_streams = static_cast<int>(options.flows_limit);
  nids_params.n_hosts = 1 << 16;
  nids_params.scan_num_hosts = 0;  // No search for port scans.
  nids_params.syslog = [](auto...) {};
  nids_params.pcap_filter = nullptr;
  MOSAIC_CHECK(nids_init() == 1);
  static nids_chksum_ctl never{0, 0, NIDS_DONT_CHKSUM, 0};
  nids_register_chksum_ctl(&never, 1);
  nids_register_tcp(reinterpret_cast<void*>(OnStream));
}

}  // namespace

RunFigures RunLibnids(const Trace& trace, const RunOptions& options) {
  RunFigures figures;
  results = &figures.results;
  workload = options.workload;
  pcap_t* const pcap = pcap_open_dead(DLT_EN10MB, 65'535);
  MOSAIC_CHECK(pcap != nullptr);
  SetUp(options, pcap);

  const std::span<const Trace::Entry> packets = trace.packets();
  const double cpu_begin = ThreadCpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  for (size_t i = 0; i < packets.size(); ++i) {
    if (i + kAhead < packets.size()) {
      __builtin_prefetch(packets[i + kAhead].data + 14);
    }
    const Trace::Entry& packet = packets[i];
    pcap_pkthdr header = {};
    header.ts.tv_sec = packet.time.nanos() / 1'000'000'000;
    header.ts.tv_usec = packet.time.nanos() % 1'000'000'000 / 1'000;
    header.caplen = packet.length;
    header.len = packet.wire_length;
    nids_pcap_handler(nullptr, &header, packet.data);
    figures.wire_bytes += packet.wire_length;
  }
  figures.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  figures.cpu_seconds = ThreadCpuSeconds() - cpu_begin;
  figures.packets = packets.size();
  nids_exit();  // Closes `pcap`, and ends streams that are still open.
  return figures;
}

}  // namespace mosaic::bench
