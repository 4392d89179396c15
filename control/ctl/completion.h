// Completion of command lines: mosaicctl itself tells a shell which words may
// come next, so that it never knows other commands and flags than there are.

#pragma once

#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "control/ctl/session.h"

namespace mosaic::ctl {

// The first word of a command line that asks for completions.
inline constexpr const char* kCompleteWord = "__complete";

// What may stand in place of the last of `words`, which is being typed:
// commands, flags, values of flags that have a fixed set, and names of
// resources, for which the daemon is asked.
std::vector<std::string> Completions(
    const CLI::App& app, const std::vector<std::string>& words,
    const std::function<std::vector<std::string>(const std::string& kind)>&
        names_of);

// Prints them, one a line. The daemon has half a second to answer.
int Complete(CLI::App& app, Session& session,
             const std::vector<std::string>& words);

}  // namespace mosaic::ctl
