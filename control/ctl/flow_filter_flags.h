// Flags that choose flows: --monitor, --client-cidr, --server-cidr,
// --server-port, --protocol.

#pragma once

#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic::ctl {

// Adds them to `command`, each name behind `prefix` ("--" or "--not-").
// `filter` outlives the parsing.
void AddFlowFilter(CLI::App& command, const std::string& prefix,
                   v1::FlowFilter& filter);

}  // namespace mosaic::ctl
