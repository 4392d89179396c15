// Checks what a message's types cannot say: names, references, ranges, fields
// that exclude or need each other. The same checks serve a configuration file
// and the API.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "control/config/diagnostic.h"
#include "mosaic/v1/config_service.pb.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::config {

// Bounds that the messages' comments promise.
inline constexpr size_t kMaxMonitors = 64;
inline constexpr size_t kMaxNfInstances = 64;
inline constexpr int kMaxNfInstancesPerMonitor = 16;
inline constexpr int kMaxStopPolicies = 16;
inline constexpr int kMaxFlowPolicies = 256;
inline constexpr int kMaxFirewallRules = 1000;
inline constexpr int kMaxCaptures = 1024;
inline constexpr uint64_t kMaxPriority = 65535;
inline constexpr uint64_t kDefaultBufferBytes = uint64_t{256} << 10;
inline constexpr uint64_t kMaxBufferBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxStopAmount = uint64_t{1} << 62;
inline constexpr size_t kMaxFilterBytes = 8192;
inline constexpr size_t kMaxPathBytes = 4096;
inline constexpr uint64_t kMaxWorkers = 64;
inline constexpr uint64_t kMaxCpu = 1023;

// Where a filter runs, which decides what it may ask for.
enum class FilterKind : uint8_t {
  kSyn,     // On the first packet of a flow, innermost IP header.
  kOrphan,  // On a packet of no flow, innermost IP header.
  kRaw,     // On a whole frame.
  kFlow,    // As kSyn, to choose a FlowPolicy.
};

// Compiles an expression to see whether it is valid. The status' message, shown
// to the user, is the compiler's own.
using FilterCheck =
    absl::FunctionRef<absl::Status(const std::string&, FilterKind)>;

// Each returns everything that is wrong, in the order of the message's fields,
// with paths that begin with `path`; an empty list if all is well.
std::vector<Violation> Validate(const v1::Config& config, std::string_view path,
                                FilterCheck check_filter);
std::vector<Violation> Validate(const v1::SystemConfig& system,
                                std::string_view path);

}  // namespace mosaic::config
