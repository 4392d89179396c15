// Values of flags that CLI11 does not know: durations, sizes, and the values of
// the API's enums. What is wrong with one is a mistake of usage, told with what
// is allowed.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "mosaic/v1/common.pb.h"

namespace mosaic::ctl {

// A duration such as 10s or 1m30s in [min, max], handed to `set`.
CLI::Option* AddDuration(
    CLI::App& app, const std::string& name, absl::Duration min,
    absl::Duration max, const std::string& help,
    std::function<void(const google::protobuf::Duration&)> set);

// One of the enum's values in lower case without its prefix; its number is
// handed to `set`, once for each time the flag is given, in order. Several
// values may stand in one flag, with commas between them, if `many` says so.
enum class Times : uint8_t { kOnce, kMany };
CLI::Option* AddEnum(CLI::App& app, const std::string& name,
                     const google::protobuf::EnumDescriptor& type, Times times,
                     const std::string& help, std::function<void(int)> set);

// --live-flows keep|reevaluate.
CLI::Option* AddLiveFlows(CLI::App& app, v1::LiveFlows& value);

// "monitors/web" for "web" and for "monitors/web".
std::string FullName(const std::string& collection, const std::string& name);

// Sets the help's last part: examples, one a line.
void AddExamples(CLI::App& command, const std::vector<std::string>& examples);

}  // namespace mosaic::ctl
