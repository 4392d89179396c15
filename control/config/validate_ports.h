// Checks of the part of SystemConfig that live traffic needs: ports, and where
// the API and the metrics are served. Called by Validate(SystemConfig).

#pragma once

#include <string>

#include "control/config/field_checks.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::config {

inline constexpr int kMaxPorts = 32;
inline constexpr int kMaxAllowedUids = 64;
inline constexpr size_t kMaxSocketPathBytes = 107;

// Each adds what is wrong to `checks`; `base` is the path of `system`.
void CheckPorts(const v1::SystemConfig& system, const std::string& base,
                FieldChecks& checks);
void CheckListeners(const v1::SystemConfig& system, const std::string& base,
                    FieldChecks& checks);

}  // namespace mosaic::config
