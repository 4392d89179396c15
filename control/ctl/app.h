// mosaicctl as a function: its commands, the global flags, and the way from a
// command line to an exit code.

#pragma once

#include <cstdio>
#include <string>

namespace mosaic::ctl {

// Runs the command that `argv` names. Help, and what CLI11 has against the
// words, goes to std::cout and std::cerr; everything else to `out` and `err`.
// Returns an ExitCode. Call it once in a process, before other threads are
// there.
int RunMosaicctl(int argc, const char* const* argv, std::FILE* out,
                 std::FILE* err);

// "0.1.0".
std::string Version();

}  // namespace mosaic::ctl
