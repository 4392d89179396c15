// What SystemConfig says of workers, in the types of the engine. Serves live
// traffic and replay, which differ in their defaults.

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dataplane/engine/worker.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic {

// Sets in `worker` what `system` says; what it does not say stays as it is.
// Left to the caller: checksums, and whether flows expire. REQUIRES: `system`
// passed config::Validate().
void SetFromSystem(const v1::SystemConfig& system, WorkerConfig& worker);

// The CPU of each worker.
//
// Workers are as many as `wanted`, else as `system` says; where both leave it
// to the machine, as AutomaticWorkers() says, but at most `most`. `allowed` are
// the CPUs of the process.
std::vector<int> PlaceWorkers(const v1::SystemConfig& system,
                              std::optional<size_t> wanted, size_t most,
                              const std::vector<int>& allowed);

}  // namespace mosaic
