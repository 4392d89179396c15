// The network functions that this build has, by type name.

#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/api/network_function.h"

namespace mosaic {

// What a function gets from its surroundings.
struct NfServices {
  RecordSink* records = nullptr;  // This worker's, outlives the function.
};

// One instance for one worker. NOT_FOUND, with the types there are, if `type`
// is none of them.
absl::StatusOr<std::unique_ptr<NetworkFunction>> MakeNetworkFunction(
    std::string_view type, const NfServices& services);

// The type names, sorted.
std::span<const std::string_view> NetworkFunctionTypes();

}  // namespace mosaic
