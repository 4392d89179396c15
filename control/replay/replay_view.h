// How a replay shows itself: a live table or a progress bar on a terminal,
// plain lines elsewhere, and a summary at the end.

#pragma once

#include <cstdio>
#include <string>

#include "control/replay/replay.h"

namespace mosaic {

class ReplayView {
 public:
  enum class Style : uint8_t {
    kNone,
    kProgressBar,  // One line, redrawn.
    kTable,        // Workers and flows, redrawn in place.
    kLines,        // A line every few seconds.
  };

  ReplayView(Style style, std::FILE* out) : style_(style), out_(out) {}
  ~ReplayView();  // Leaves the terminal as it was.

  ReplayView(const ReplayView&) = delete;
  ReplayView& operator=(const ReplayView&) = delete;

  // Flows that Show() has room for.
  size_t flows_shown() const;
  void Show(const ReplayStatus& status);

 private:
  void ShowTable(const ReplayStatus& status);
  void ShowBar(const ReplayStatus& status);
  void ShowLine(const ReplayStatus& status);

  const Style style_;
  std::FILE* const out_;
  bool drawn_ = false;
  double next_line_at_ = 0;
  uint64_t last_packets_ = 0;
  double last_seconds_ = 0;
};

// Packets, flows by end reason, stream bytes, retransmissions, Mpps of each
// worker.
std::string Summary(const ReplayReport& report);

}  // namespace mosaic
