// Machine is the dataplane under a program: EAL, the ports or captures of its
// mos.conf, the engine and its workers. It knows nothing of contexts.
//
// Life        Start(), MakeEngine(), Launch(), Stop(). EAL starts once in a
//             process, so there is one.
// Threading   One thread at a time; running() and ended() from any.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/engine/engine.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/packet_numbers.h"
#include "dataplane/io/port.h"
#include "dataplane/io/replay_source.h"
#include "dataplane/io/source_set.h"
#include "dataplane/io/tsc_clock.h"
#include "dataplane/mos/capture_merge.h"
#include "dataplane/mos/mos_conf.h"
#include "dataplane/mos/port_layout.h"

namespace mosaic::mos {

// What a program may still change between mtcp_init() and its first context.
struct EngineSettings {
  size_t workers = 1;
  size_t flows = 65'536;
  uint32_t buffer_bytes = 256 * 1024;
  // As MosConf has them.
  std::optional<int> linger_seconds;
  std::optional<int> idle_seconds;
};

class Machine {
 public:
  // Checks and opens what `conf` names, for `workers` workers. Each error names
  // what is wrong; those of devices are of the code that CheckDevice() gives,
  // and INTERNAL is EAL's.
  static absl::StatusOr<std::unique_ptr<Machine>> Start(const MosConf& conf,
                                                        size_t workers);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  size_t workers() const { return cpus_.size(); }
  int CpuOf(size_t worker) const { return cpus_[worker]; }
  bool replays() const { return layout_.replay; }

  // REQUIRES: once; settings.workers <= workers().
  void MakeEngine(const EngineSettings& settings, NfFactory factory);
  Engine* engine() { return engine_.get(); }

  // Starts the workers; `ended(i)` is called on worker i's thread when it has
  // ended. REQUIRES: engine(); once.
  absl::Status Launch(std::function<void(size_t worker)> ended);
  bool launched() const { return launched_.load(std::memory_order_acquire); }
  // Workers that have not ended.
  size_t running() const { return running_.load(std::memory_order_acquire); }

  // Ends the workers, with all flows, and waits for that.
  void Stop();
  // Why captures ended, where that was no end of file.
  absl::Status CaptureStatus() const;

 private:
  Machine() = default;

  absl::Status StartEal(const MosConf& conf);
  absl::Status OpenSources();
  WorkerConfig MakeWorkerConfig(const EngineSettings& settings) const;
  PacketSource* SourceOf(size_t worker, size_t workers);
  std::vector<PacketSink*> SinksOf(size_t worker);

  PortLayout layout_;
  std::vector<int> cpus_;
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<TscClock> clock_;
  std::unique_ptr<PortSet> ports_;  // Null where none is opened.
  std::vector<std::unique_ptr<ReplaySource>> captures_;
  std::unique_ptr<CaptureMerge> merge_;
  std::vector<PacketNumbers> numbers_;               // By worker.
  std::vector<std::unique_ptr<SourceSet>> sources_;  // By worker; may be null.
  std::unique_ptr<Engine> engine_;
  std::atomic<bool> launched_{false};
  std::atomic<size_t> running_{0};
};

}  // namespace mosaic::mos
