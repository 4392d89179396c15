#include "control/core/overlap_codec.h"

namespace mosaic {

std::optional<OverlapPolicy> ToOverlapPolicy(v1::OverlapPolicy policy) {
  switch (policy) {
    case v1::OVERLAP_POLICY_FIRST:
      return OverlapPolicy::kFirst;
    case v1::OVERLAP_POLICY_LAST:
      return OverlapPolicy::kLast;
    case v1::OVERLAP_POLICY_LINUX:
      return OverlapPolicy::kLinux;
    case v1::OVERLAP_POLICY_BSD:
      return OverlapPolicy::kBsd;
    case v1::OVERLAP_POLICY_WINDOWS:
      return OverlapPolicy::kWindows;
    case v1::OVERLAP_POLICY_SOLARIS:
      return OverlapPolicy::kSolaris;
    default:
      return std::nullopt;
  }
}

}  // namespace mosaic
