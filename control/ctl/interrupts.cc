#include "control/ctl/interrupts.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "control/cli/exit_code.h"
#include "dataplane/base/check.h"

namespace mosaic::ctl {
namespace {

constexpr std::chrono::milliseconds kSameSignal{500};

}  // namespace

Interrupts::Interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signals_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  MOSAIC_CHECK(signals_ >= 0 && wake_ >= 0 && stop_ >= 0);
  thread_ = std::thread([this] { Watch(); });
}

Interrupts::~Interrupts() {
  static_cast<void>(eventfd_write(stop_, 1));
  thread_.join();
  for (const int file : {signals_, wake_, stop_}) close(file);
}

void Interrupts::OnInterrupt(std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  cancel_ = std::move(cancel);
  if (interrupted_.load() && cancel_) cancel_();
}

Interrupts::Wake Interrupts::Wait(std::chrono::milliseconds time,
                                  int input) const {
  std::array<pollfd, 2> files = {{{wake_, POLLIN, 0}, {input, POLLIN, 0}}};
  const int ready =
      poll(files.data(), files.size(), static_cast<int>(time.count()));
  if (interrupted_.load() || files[0].revents != 0) return Wake::kInterrupted;
  if (ready > 0 && files[1].revents != 0) return Wake::kInput;
  return Wake::kTimeout;
}

void Interrupts::Watch() {
  std::chrono::steady_clock::time_point first;
  while (true) {
    std::array<pollfd, 2> files = {{{signals_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (poll(files.data(), files.size(), -1) < 0) continue;
    if (files[1].revents != 0) return;
    signalfd_siginfo signal = {};
    if (read(signals_, &signal, sizeof signal) != sizeof signal) continue;
    // Whoever asks twice does not want to wait for anything; but a signal to a
    // process and to its group comes twice at once.
    const auto now = std::chrono::steady_clock::now();
    if (interrupted_.exchange(true)) {
      if (now - first > kSameSignal) _exit(kExitInterrupted);
      continue;
    }
    first = now;
    static_cast<void>(eventfd_write(wake_, 1));
    const std::lock_guard lock(mutex_);
    if (cancel_) cancel_();
  }
}

}  // namespace mosaic::ctl
