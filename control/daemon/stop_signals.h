// StopSignals turns SIGINT and SIGTERM into something to wait for. The first
// asks the process to stop; a second one ends it at once, with exit code 128 +
// signal. What comes within 100 ms of the first is the same request: timeout(1)
// and some shells signal the process and then its whole group.
//
// Threading   One object in the process, waited for by one thread. The handler
//             may run on any thread.

#pragma once

#include <chrono>
#include <csignal>

namespace mosaic {

class StopSignals {
 public:
  // Also ignores SIGPIPE: a reader of the log or of flow records that goes away
  // must not end the daemon.
  StopSignals();
  ~StopSignals();

  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Returns the signal that came, or 0 after `patience`.
  int WaitFor(std::chrono::milliseconds patience) const;

 private:
  struct sigaction old_interrupt_ = {};
  struct sigaction old_terminate_ = {};
  struct sigaction old_pipe_ = {};
};

}  // namespace mosaic
