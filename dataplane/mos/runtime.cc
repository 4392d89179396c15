#include "dataplane/mos/runtime.h"

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "dataplane/command/flow_ending.h"
#include "dataplane/mos/callback.h"
#include "dataplane/mos/context_function.h"
#include "dataplane/mos/filter_check.h"
#include "dataplane/mos/listener_function.h"
#include "dataplane/mos/messages.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

constexpr auto kNap = std::chrono::milliseconds(1);
constexpr std::string_view kContextPrefix = "mos-context-";

// What is put in the place of a function on workers that have not its context.
class NoFunction final : public NetworkFunction {
 public:
  EventMask subscriptions() const override { return {}; }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event&, FlowView&) override {
    return Verdict::kForward;
  }
};

Monitor MonitorOf(const Listener& listener, size_t worker) {
  Monitor monitor;
  monitor.name = listener.name;
  monitor.workers = uint64_t{1} << worker;
  monitor.midstream = Midstream::kOrphan;
  const std::lock_guard lock(listener.mutex);
  if (listener.kind == Listener::Kind::kRaw) {
    monitor.type = MonitorType::kRaw;
    monitor.raw_filter = listener.raw_filter;
  } else {
    monitor.syn_filter = listener.syn_filter;
    monitor.orphan_filter = listener.orphan_filter;
  }
  for (const Side side : {Side::kClient, Side::kServer}) {
    SidePolicy& policy = monitor.side[Index(side)];
    policy.buffer_bytes = listener.buffer_bytes[Index(side)];
    policy.overlap = listener.overlap[Index(side)];
    policy.full = FullBuffer::kDropOldest;
  }
  return monitor;
}

bool HasCallbacks(const Listener& listener) {
  const std::lock_guard lock(listener.mutex);
  return !listener.callbacks.empty();
}

}  // namespace

Runtime::Runtime() : filters_(std::make_unique<FilterCache>(CheckByHelper())) {}

Runtime& Runtime::Instance() {
  // Never destroyed: workers may run until the process' very end.
  static Runtime* const runtime = new Runtime();
  return *runtime;
}

Context* Runtime::Find(mctx_t mctx) {
  if (mctx == nullptr) return nullptr;
  for (const std::atomic<Context*>& slot : contexts_) {
    Context* const context = slot.load(std::memory_order_acquire);
    if (context != nullptr && context->handle() == mctx) {
      return context->alive() ? context : nullptr;
    }
  }
  return nullptr;
}

void Runtime::MakeEngine() {
  if (machine_->engine() != nullptr) return;
  machine_->MakeEngine(settings_,
                       [this](const NfInstance& instance, size_t worker) {
                         return MakeFunction(instance.name, worker);
                       });
}

absl::StatusOr<std::unique_ptr<NetworkFunction>> Runtime::MakeFunction(
    const std::string& name, size_t worker) {
  if (name == Cat(kContextPrefix, worker)) {
    Context* const context = contexts_[worker].load(std::memory_order_relaxed);
    if (context != nullptr) return std::make_unique<ContextFunction>(*context);
  }
  for (const auto& [context, listener] : offered_) {
    if (listener->name == name && context->worker() == worker) {
      return std::make_unique<ListenerFunction>(*context, listener);
    }
  }
  return std::make_unique<NoFunction>();
}

std::shared_ptr<Snapshot> Runtime::MakeSnapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = ++revision_;
  offered_.clear();
  for (size_t worker = 0; worker < settings_.workers; ++worker) {
    Context* const context = contexts_[worker].load(std::memory_order_relaxed);
    if (context == nullptr) continue;
    NfInstance timers;
    timers.name = Cat(kContextPrefix, worker);
    timers.type = "mos";
    snapshot->nf_instances.push_back(timers);
    if (!context->alive()) continue;
    for (const auto& listener : context->sockets().Listeners()) {
      if (!HasCallbacks(*listener)) continue;
      offered_.emplace_back(context, listener);
      NfInstance function;
      function.name = listener->name;
      function.type = "mos";
      Monitor monitor = MonitorOf(*listener, worker);
      monitor.nf_instances.push_back(snapshot->nf_instances.size());
      snapshot->nf_instances.push_back(function);
      snapshot->monitors.push_back(std::move(monitor));
    }
  }
  return snapshot;
}

int Runtime::Publish() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kReady || machine_->engine() == nullptr) return EACCES;
  Engine& engine = *machine_->engine();
  const absl::Status applied =
      engine.Apply(MakeSnapshot(), Engine::LiveFlows::kKeep);
  engine.Reclaim();
  if (applied.ok()) return 0;
  Tell(MessageOf(applied));
  return ENFILE;
}

bool Runtime::CallTask::Step(WorkerFlows&, Timestamp) {
  call_();
  return true;
}

void Runtime::SweepTasks() {
  std::erase_if(tasks_, [](const std::unique_ptr<WorkerTask>& task) {
    return task->done();
  });
}

bool Runtime::Push(size_t worker, WorkerTask* task) {
  return machine_->engine()->worker(worker).link().tasks.TryPush(
      std::move(task));
}

bool Runtime::Post(Context& context, std::function<void()> call) {
  Callback* const current = Callback::Current();
  if (current != nullptr && current->context == &context) {
    call();
    return true;
  }
  if (context.WaitForStart(call)) return true;
  auto task = std::make_unique<CallTask>(std::move(call));
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (!context.alive() || state_ != State::kReady) return false;
      SweepTasks();
      if (Push(context.worker(), task.get())) {
        tasks_.push_back(std::move(task));
        return true;
      }
    }
    // A worker that waits for another, which waits for it, would wait forever.
    if (current != nullptr) return false;
    std::this_thread::sleep_for(kNap);
  }
}

int Runtime::Launch() {
  if (machine_->launched()) return 0;
  const absl::Status launched =
      machine_->Launch([this](size_t worker) { EndContext(worker); });
  if (launched.ok()) return 0;
  Tell(MessageOf(launched));
  // Nobody is left to wait for.
  for (size_t worker = 0; worker < kMaxContexts; ++worker) EndContext(worker);
  return EIO;
}

void Runtime::Begin() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kReady || machine_->engine() == nullptr) return;
  static_cast<void>(Launch());
}

void Runtime::EndContext(size_t worker) {
  Context* const context = contexts_[worker].load(std::memory_order_acquire);
  if (context != nullptr) context->End();
}

void Runtime::WaitUntil(const std::function<bool()>& condition) const {
  while (!condition()) std::this_thread::sleep_for(kNap);
}

int Runtime::CreateContext(int cpu, mctx_t& created) {
  if (Callback::Current() != nullptr) return EPERM;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kReady) return EPERM;
    if (cpu < 0 || static_cast<size_t>(cpu) >= settings_.workers) {
      return EINVAL;
    }
    std::atomic<Context*>& slot = contexts_[static_cast<size_t>(cpu)];
    if (slot.load(std::memory_order_relaxed) != nullptr) return EEXIST;
    MakeEngine();
    auto context = std::make_unique<Context>(cpu, settings_.flows);
    slot.store(context.get(), std::memory_order_release);
    created = context->handle();
    owned_contexts_.push_back(std::move(context));
  }
  if (const int error = Publish(); error != 0) return error;
  const std::lock_guard lock(mutex_);
  return machine_->replays() ? 0 : Launch();
}

int Runtime::DestroyContext(Context& context) {
  if (Callback::Current() != nullptr) return EPERM;
  bool running = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kReady) return EACCES;
    running = machine_->launched();
  }
  if (running) {
    // Flows end while their listeners are still there to hear of it.
    auto ending = std::make_unique<FlowEnding>(EndReason::kShutdown);
    WorkerTask* const task = ending.get();
    const auto over = [&] { return !context.alive(); };
    bool pushed = false;
    WaitUntil([&] {
      const std::lock_guard lock(mutex_);
      if (over() || state_ != State::kReady) return true;
      pushed = Push(context.worker(), task);
      if (pushed) tasks_.push_back(std::move(ending));
      return pushed;
    });
    if (pushed) WaitUntil([&] { return over() || task->done(); });
  }
  context.End();
  for (const auto& listener : context.sockets().Listeners()) {
    listener->closed.store(true, std::memory_order_relaxed);
  }
  static_cast<void>(Publish());
  return 0;
}

void Runtime::Join(Context& context) {
  Begin();
  WaitUntil([&] { return !context.alive(); });
}

int Runtime::Destroy() {
  if (Callback::Current() != nullptr) return EPERM;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kReady) return EACCES;
    state_ = State::kEnded;
  }
  // Workers end here, and their last callbacks may come to the mutex.
  machine_->Stop();
  for (const std::atomic<Context*>& slot : contexts_) {
    Context* const context = slot.load(std::memory_order_acquire);
    if (context != nullptr) context->End();
  }
  const std::lock_guard lock(mutex_);
  if (const absl::Status status = machine_->CaptureStatus(); !status.ok()) {
    Tell(MessageOf(status));
  }
  machine_.reset();
  tasks_.clear();
  offered_.clear();
  return 0;
}

uint32_t Runtime::ConnectionCount(const Context& context) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kReady || machine_->engine() == nullptr) return 0;
  return static_cast<uint32_t>(
      machine_->engine()->worker(context.worker()).usage().flows);
}

int Runtime::ContextOf(const FlowKey& key, int contexts) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kReady || machine_->engine() == nullptr ||
      static_cast<size_t>(contexts) != settings_.workers) {
    return -1;
  }
  return static_cast<int>(machine_->engine()->WorkerOf(key));
}

}  // namespace mosaic::mos
