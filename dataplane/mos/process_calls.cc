// The calls of mtcp_api.h that start, stop and configure the process and its
// contexts.

#include <mtcp_api.h>
#include <pthread.h>
#include <sched.h>

#include <csignal>

#include "dataplane/mos/call.h"
#include "dataplane/mos/signals.h"

namespace mosaic::mos {
namespace {

Runtime& TheRuntime() { return Runtime::Instance(); }

int Affinitize(int context) {
  int cpu = 0;
  if (const int error = TheRuntime().CpuOf(context, cpu); error != 0) {
    return error;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<size_t>(cpu), &cpus);
  return pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::mos::Answer;
using mosaic::mos::Context;
using mosaic::mos::Fail;
using mosaic::mos::Guarded;
using mosaic::mos::In;
using mosaic::mos::TheRuntime;

int mtcp_init(const char* config_file) {
  return Guarded([&] { return Answer(TheRuntime().Init(config_file)); });
}

void mtcp_destroy(void) {
  Guarded([] { static_cast<void>(Answer(TheRuntime().Destroy())); });
}

int mtcp_getconf(struct mtcp_conf* conf) {
  if (conf == nullptr) return Fail(EINVAL);
  return Guarded([&] { return Answer(TheRuntime().GetConf(*conf)); });
}

int mtcp_setconf(const struct mtcp_conf* conf) {
  if (conf == nullptr) return Fail(EINVAL);
  return Guarded([&] { return Answer(TheRuntime().SetConf(*conf)); });
}

int mtcp_core_affinitize(int cpu) {
  return Guarded([&] { return Answer(mosaic::mos::Affinitize(cpu)); });
}

mctx_t mtcp_create_context(int cpu) {
  return Guarded([&]() -> mctx_t {
    mctx_t created = nullptr;
    const int error = TheRuntime().CreateContext(cpu, created);
    return error == 0 ? created : Fail<mctx_t>(error, nullptr);
  });
}

void mtcp_destroy_context(mctx_t mctx) {
  static_cast<void>(In(mctx, [](Context& context) {
    return Answer(TheRuntime().DestroyContext(context));
  }));
}

void mtcp_app_join(mctx_t mctx) {
  static_cast<void>(In(mctx, [](Context& context) {
    // It would wait for itself.
    if (mosaic::mos::Callback::Current() != nullptr) return Fail(EPERM);
    TheRuntime().Join(context);
    return 0;
  }));
}

mtcp_sighandler_t mtcp_register_signal(int signum, mtcp_sighandler_t handler) {
  try {
    return mosaic::mos::RegisterSignal(signum, handler);
  } catch (...) {
    errno = EAGAIN;  // No thread could be made.
    return SIG_ERR;
  }
}

uint32_t mtcp_get_connection_cnt(mctx_t mctx) {
  return In(mctx, [](Context& context) {
    return TheRuntime().ConnectionCount(context);
  });
}

int mtcp_init_rss(mctx_t mctx, in_addr_t, int, in_addr_t, in_addr_t) {
  return In(mctx, [](Context&) { return Fail(ENOSYS); });
}
