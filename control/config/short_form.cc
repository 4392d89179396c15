#include "control/config/short_form.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"
#include "control/config/yaml_scalar.h"
#include "dataplane/base/check.h"
#include "mosaic/v1/common.pb.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::config {
namespace {

using google::protobuf::DynamicCastToGenerated;

absl::Status ReadPorts(std::string_view word, v1::PortRange& ports) {
  constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
  const size_t dash = word.find('-');
  const std::string_view low = word.substr(0, dash);
  const std::string_view high =
      dash == std::string_view::npos ? low : word.substr(dash + 1);
  const auto first = ParseUnsigned(low, kMax, Unit::kNone);
  const auto last = ParseUnsigned(high, kMax, Unit::kNone);
  if (!first.ok() || !last.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(word),
        " is not a port such as 443 or a range such as 8000-8099"));
  }
  ports.set_first(static_cast<uint32_t>(*first));
  ports.set_last(static_cast<uint32_t>(*last));
  return absl::OkStatus();
}

}  // namespace

bool HasShortForm(const google::protobuf::Descriptor& type) {
  return &type == v1::PacketFilter::descriptor() ||
         &type == v1::PortRange::descriptor();
}

absl::Status ReadShortForm(std::string_view word,
                           google::protobuf::Message& message) {
  if (auto* ports = DynamicCastToGenerated<v1::PortRange>(&message)) {
    return ReadPorts(word, *ports);
  }
  auto* filter = DynamicCastToGenerated<v1::PacketFilter>(&message);
  MOSAIC_CHECK(filter != nullptr);
  filter->set_expression(std::string(word));
  return absl::OkStatus();
}

std::string_view LongForm(const google::protobuf::FieldDescriptor& field,
                          std::string_view word) {
  const bool is_workers =
      field.containing_type() == v1::SystemConfig::descriptor() &&
      field.number() == v1::SystemConfig::kWorkersFieldNumber;
  const bool is_queues =
      field.containing_type() == v1::PortConfig::descriptor() &&
      field.number() == v1::PortConfig::kRxQueuesFieldNumber;
  return (is_workers || is_queues) && word == "auto" ? "0" : word;
}

}  // namespace mosaic::config
