// What `mosaicctl top` shows: two samples of the daemon, and the lines of a
// screen made of them.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/cli/terminal.h"
#include "control/ctl/table.h"
#include "mosaic/v1/nf_service.pb.h"
#include "mosaic/v1/observer_service.pb.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic::ctl {

enum class TopView : uint8_t {
  kCores,
  kFlows,  // The busiest first.
  kPorts,
  kNf,
};

// Everything that one moment of a view needs; lists of other views are empty.
struct Sample {
  double seconds = 0;    // On a clock that never jumps.
  double unix_time = 0;  // For the age of things.
  v1::GetCapabilitiesResponse capabilities;
  v1::ListCoresResponse cores;
  v1::ListPortsResponse ports;
  v1::ListFlowsResponse flows;
  v1::ListNfInstancesResponse nfs;
  // Whether there are more flows than `flows` has.
  bool flows_cut = false;
};

// Growth of a counter each second; 0 where it shrank, as after a restart of the
// daemon, and where no time has passed.
double Rate(uint64_t before, uint64_t now, double seconds);

// The head, a table as long as there is room for, and the keys in the last
// line. No line is longer than size.columns.
enum class Keys : uint8_t { kShown, kHidden };
std::vector<std::string> TopLines(TopView view, const Sample& before,
                                  const Sample& now, TerminalSize size,
                                  Keys keys, const Style& style);

// One JSON object with a newline: the interval and the rows, each the API's
// message with its `rates`.
std::string TopJson(TopView view, const Sample& before, const Sample& now);

}  // namespace mosaic::ctl
