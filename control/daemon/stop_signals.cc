#include "control/daemon/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

constexpr int kExitOfSignal = 128;
constexpr int64_t kSameRequestMillis = 100;

// A handler gets no context.
std::atomic<int> received{0};
std::atomic<int64_t> received_at{INT64_MAX / 2};  // Until it is known.
std::atomic<int> wake_up{-1};

int64_t NowMillis() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void OnSignal(int signal) {
  int none = 0;
  if (!received.compare_exchange_strong(none, signal)) {
    const int64_t since = NowMillis() - received_at.load();
    if (since > kSameRequestMillis) _exit(kExitOfSignal + signal);
    return;
  }
  received_at.store(NowMillis());
  const int saved = errno;
  const uint64_t one = 1;
  // Nothing can be done about an event that cannot be told; `received` holds.
  static_cast<void>(!write(wake_up.load(), &one, sizeof one));
  errno = saved;
}

}  // namespace

StopSignals::StopSignals() {
  MOSAIC_CHECK(wake_up.load() < 0);
  received.store(0);
  received_at.store(INT64_MAX / 2);
  wake_up.store(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &old_interrupt_);
  sigaction(SIGTERM, &action, &old_terminate_);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &old_pipe_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
  close(wake_up.exchange(-1));
}

int StopSignals::WaitFor(std::chrono::milliseconds patience) const {
  pollfd event = {wake_up.load(), POLLIN, 0};
  if (received.load() == 0) {
    static_cast<void>(poll(&event, 1, static_cast<int>(patience.count())));
  }
  return received.load();
}

}  // namespace mosaic
