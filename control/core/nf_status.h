// How network functions do, over all workers, as the API tells it.

#pragma once

#include "dataplane/engine/engine.h"
#include "mosaic/v1/nf_service.pb.h"

namespace mosaic {

// Fills in the state, state_message and counters of `instance`; leaves it alone
// where no worker has a function of its name. Any thread.
void FillNfStatus(const Engine& engine, v1::NfInstance& instance);

// The functions of this build, in order of their names.
v1::ListNfTypesResponse ListNfTypes();

}  // namespace mosaic
