// Runtime is the process under the C API: what mtcp_init() has read and opened,
// the contexts, and the configuration that all their listeners make together.
// The calls of the API check their arguments and come here.
//
// Threading   Any thread. The mutex is never held while something waits for a
//             worker, since a worker's callbacks come here too.

#pragma once

#include <mtcp_api.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/command/worker_link.h"
#include "dataplane/filter/filter_cache.h"
#include "dataplane/mos/context.h"
#include "dataplane/mos/machine.h"
#include "dataplane/mos/mos_conf.h"

namespace mosaic::mos {

class Runtime {
 public:
  static constexpr size_t kMaxContexts = Engine::kMaxWorkers;

  // The one of the process, for its whole life.
  static Runtime& Instance();

  // Each of these answers 0 or an errno, and is what the call of the API says.
  int Init(const char* path);
  int Destroy();
  int GetConf(mtcp_conf& conf);
  int SetConf(const mtcp_conf& conf);
  int CpuOf(int context, int& cpu);
  int CreateContext(int cpu, mctx_t& created);
  int DestroyContext(Context& context);
  void Join(Context& context);

  // The live context behind `mctx`, or null. Looks at nothing but its address.
  Context* Find(mctx_t mctx);

  // Captures that wait for the program begin.
  void Begin();

  // Makes the workers run what the listeners are now. ENFILE where there are
  // more than one configuration can have; then nothing changes.
  int Publish();

  // Runs `call` on the worker of `context`: at once on its own thread, else
  // between two bursts, or when the worker starts. False if it has ended, or,
  // from a callback of another context, has no room for calls.
  bool Post(Context& context, std::function<void()> call);

  FilterCache& filters() { return *filters_; }
  uint32_t buffer_bytes() const { return settings_.buffer_bytes; }
  uint32_t ConnectionCount(const Context& context);
  // Which context tracks the flow of `key`; -1 where no worker has started.
  int ContextOf(const FlowKey& key, int contexts);

 private:
  enum class State : uint8_t { kNew, kReady, kEnded };

  // A call on its way to a worker.
  class CallTask final : public WorkerTask {
   public:
    explicit CallTask(std::function<void()> call) : call_(std::move(call)) {}
    bool Step(WorkerFlows&, Timestamp) override;

   private:
    std::function<void()> call_;
  };

  Runtime();

  int Read(const char* path);
  // REQUIRES for these: the mutex is held.
  void Fill(mtcp_conf& conf);
  void MakeEngine();
  int Launch();
  absl::StatusOr<std::unique_ptr<NetworkFunction>> MakeFunction(
      const std::string& name, size_t worker);
  std::shared_ptr<Snapshot> MakeSnapshot();
  bool Push(size_t worker, WorkerTask* task);
  void SweepTasks();

  void EndContext(size_t worker);
  void WaitUntil(const std::function<bool()>& condition) const;

  std::unique_ptr<FilterCache> filters_;

  std::mutex mutex_;  // Guards what follows, but for what is atomic.
  std::atomic<State> state_{State::kNew};
  MosConf conf_;
  std::vector<std::vector<std::string>> arguments_;  // Of applications.
  EngineSettings settings_;
  bool has_flows_ = false;  // mtcp_setconf() said so before mtcp_init(),
  bool has_buffer_ = false;
  size_t most_workers_ = 0;  // 0: as mos.conf says.
  std::unique_ptr<Machine> machine_;
  uint64_t revision_ = 0;
  std::array<std::atomic<Context*>, kMaxContexts> contexts_ = {};
  std::vector<std::unique_ptr<Context>> owned_contexts_;
  // While a configuration is being made: its listeners, by name.
  std::vector<std::pair<Context*, std::shared_ptr<Listener>>> offered_;
  std::vector<std::unique_ptr<WorkerTask>> tasks_;  // Perhaps done.
};

}  // namespace mosaic::mos
