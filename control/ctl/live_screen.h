// LiveScreen draws a screen again and again in the same place, on the
// terminal's alternate screen, and leaves the terminal as it was.
//
// Cost        One write a frame; only what is drawn over changes, so nothing
//             flickers.

#pragma once

#include <termios.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "control/cli/terminal.h"
#include "control/ctl/interrupts.h"

namespace mosaic::ctl {

class LiveScreen {
 public:
  // REQUIRES: `out` is a terminal. Keys come from standard input where that is
  // one too.
  LiveScreen(std::FILE* out, Interrupts& interrupts);
  ~LiveScreen();

  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  TerminalSize size() const { return SizeOf(out_); }

  // Shows `lines`, as many as there is room for. REQUIRES: no line is longer
  // than size().columns.
  void Draw(const std::vector<std::string>& lines);

  // What ended a wait.
  struct Event {
    enum class Kind : uint8_t {
      kTick,  // Time is up.
      kKey,
      kInterrupted,
    };
    Kind kind = Kind::kTick;
    char key = 0;
  };
  Event Wait(std::chrono::milliseconds time);

 private:
  std::FILE* const out_;
  Interrupts& interrupts_;
  bool has_keys_ = false;
  termios saved_ = {};
};

}  // namespace mosaic::ctl
