// Plays a script of bytes as arming, cancelling and advancing on a TimerWheel,
// and compares what fires, and when, with a plain list of due times.

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mosaic::testing {

// What went wrong first, or an empty string.
std::string PlayTimerScript(std::span<const uint8_t> script);

}  // namespace mosaic::testing
