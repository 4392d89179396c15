#include "dataplane/mos/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>

namespace mosaic::mos {
namespace {

constexpr int kSignals = NSIG;

std::array<std::atomic<mtcp_sighandler_t>, kSignals> handlers = {};
std::atomic<int> wake_up{-1};  // The pipe's end that the true handler writes.

bool IsFault(int signum) {
  return signum == SIGSEGV || signum == SIGBUS || signum == SIGFPE ||
         signum == SIGILL || signum == SIGTRAP || signum == SIGABRT;
}

// Nothing but what a signal handler may do. A pipe that is full holds 64 Ki
// signals that are still to be handled.
void PassOn(int signum) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(signum);
  static_cast<void>(!write(wake_up.load(std::memory_order_relaxed), &byte, 1));
  errno = error;
}

void HandleForever(int from) {
  unsigned char signum = 0;
  while (true) {
    const ssize_t got = read(from, &signum, 1);
    if (got == 0) return;
    if (got < 0) {
      if (errno == EINTR) continue;
      return;
    }
    const mtcp_sighandler_t handler = handlers[signum].load();
    if (handler != nullptr && handler != SIG_DFL && handler != SIG_IGN) {
      handler(signum);
    }
  }
}

bool StartThread() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (wake_up.load() >= 0) return true;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  wake_up.store(ends[1]);
  // Lives as long as the process.
  std::thread(HandleForever, ends[0]).detach();
  return true;
}

}  // namespace

mtcp_sighandler_t RegisterSignal(int signum, mtcp_sighandler_t handler) {
  if (signum <= 0 || signum >= kSignals || handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  const bool own = handler != SIG_DFL && handler != SIG_IGN;
  if (own && !IsFault(signum)) {
    if (!StartThread()) return SIG_ERR;
    action.sa_handler = &PassOn;
  } else {
    action.sa_handler = handler;
  }
  const mtcp_sighandler_t before =
      handlers[static_cast<size_t>(signum)].exchange(handler);
  struct sigaction replaced = {};
  if (sigaction(signum, &action, &replaced) != 0) {
    handlers[static_cast<size_t>(signum)].store(before);
    return SIG_ERR;
  }
  return replaced.sa_handler == &PassOn ? before : replaced.sa_handler;
}

}  // namespace mosaic::mos
