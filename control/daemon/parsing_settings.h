// What SystemConfig says of flow keys, tunnels and fragments, in the types of
// the engine. The same for captures and for live traffic.

#pragma once

#include "dataplane/engine/pipeline.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic {

// Sets in `pipeline` what `system` says; what it does not say stays as it is.
// REQUIRES: `system` passed config::Validate().
void SetParsing(const v1::SystemConfig& system, PipelineConfig& pipeline);

}  // namespace mosaic
