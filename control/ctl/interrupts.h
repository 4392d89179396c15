// Interrupts turns Ctrl-C, SIGTERM and SIGHUP into something that code can wait
// for: the call under way is cancelled, waits end, and the program leaves the
// terminal as it was. A second signal, half a second later, ends the program at
// once.
//
// Threading   Make the one object before any other thread, so that every thread
//             inherits the blocked signals. Its own thread runs the canceller.

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

namespace mosaic::ctl {

class Interrupts {
 public:
  // What ended a wait.
  enum class Wake : uint8_t {
    kTimeout,
    kInput,        // There is something to read on `input`.
    kInterrupted,  // A signal came; also from then on.
  };

  Interrupts();
  ~Interrupts();

  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // `cancel` is run when a signal comes, at once if one has come already.
  void OnInterrupt(std::function<void()> cancel);

  bool interrupted() const { return interrupted_.load(); }

  // Waits for at most `time`; `input` is a file to watch besides, or -1.
  Wake Wait(std::chrono::milliseconds time, int input = -1) const;

 private:
  void Watch();

  std::atomic<bool> interrupted_{false};  // Writer: the thread. Readers: all.
  int signals_ = -1;                      // signalfd.
  int wake_ = -1;                         // eventfd: readable once interrupted.
  int stop_ = -1;                         // eventfd: ends the thread.
  std::mutex mutex_;                      // Guards cancel_.
  std::function<void()> cancel_;
  std::thread thread_;
};

}  // namespace mosaic::ctl
