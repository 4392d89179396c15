// Turns the API's Config message into the snapshot that workers run: compiles
// filters, resolves names, applies defaults.
//
// Threading   A control thread; compiling may take milliseconds.

#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "dataplane/filter/filter_cache.h"
#include "dataplane/policy/snapshot.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic {

// What a monitor has that does not say otherwise.
struct SnapshotDefaults {
  Midstream midstream = Midstream::kOrphan;
  OverlapPolicy overlap = OverlapPolicy::kFirst;
  uint32_t buffer_bytes = 256 * 1024;
};

// An error names the resource and the field. REQUIRES: `config` passed
// config::Validate().
absl::StatusOr<std::shared_ptr<const Snapshot>> BuildSnapshot(
    const v1::Config& config, uint64_t revision,
    const SnapshotDefaults& defaults, FilterCache& filters);

}  // namespace mosaic
