#include "control/core/filter_trial.h"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/config/validate.h"
#include "dataplane/parse/parser.h"

namespace mosaic {
namespace {

std::vector<config::Violation> ViolationsOf(
    const v1::ValidateFilterRequest& request) {
  std::vector<config::Violation> violations;
  if (request.expression().size() > config::kMaxFilterBytes) {
    violations.push_back(
        {"expression",
         absl::StrCat(request.expression().size(), " bytes are not in 0 to ",
                      config::kMaxFilterBytes)});
  }
  if (!v1::FilterUse_IsValid(request.use())) {
    violations.push_back(
        {"use",
         absl::StrCat(static_cast<int>(request.use()),
                      " is no use of a filter; SYN, ORPHAN and RAW are")});
  }
  if (request.sample_packet().size() > kMaxSampleBytes) {
    violations.push_back(
        {"sample_packet",
         absl::StrCat(request.sample_packet().size(), " bytes are not in 0 to ",
                      kMaxSampleBytes)});
  }
  return violations;
}

bool Matches(const PacketFilter& filter, FilterCache::Use use,
             const std::string& frame) {
  // The parser takes packets that may be written to, and does not.
  std::vector<uint8_t> bytes(frame.begin(), frame.end());
  Packet packet;
  packet.data = bytes.data();
  packet.length = static_cast<uint32_t>(bytes.size());
  packet.wire_length = packet.length;
  ParsedPacket parsed;
  // A sample is often written by hand, without its checksums.
  Parser({.checksum = ChecksumPolicy::kIgnore}).ParseOne(packet, parsed);
  if (use == FilterCache::Use::kFrames) {
    return parsed.packet_class != PacketClass::kNotIp &&
           parsed.packet_class != PacketClass::kError &&
           filter.Matches(packet.bytes(), packet.wire_length);
  }
  return parsed.ip_header != nullptr &&
         parsed.packet_class != PacketClass::kError &&
         filter.Matches(std::span(parsed.ip_header, parsed.ip_length));
}

}  // namespace

Result<v1::ValidateFilterResponse> TryFilter(
    const v1::ValidateFilterRequest& request, FilterCache& filters) {
  std::vector<config::Violation> violations = ViolationsOf(request);
  if (!violations.empty()) return InvalidFields(std::move(violations));

  const FilterCache::Use use = request.use() == v1::FILTER_USE_RAW
                                   ? FilterCache::Use::kFrames
                                   : FilterCache::Use::kStreams;
  v1::ValidateFilterResponse response;
  const absl::StatusOr<std::shared_ptr<const PacketFilter>> filter =
      filters.Get(request.expression(), use);
  if (!filter.ok()) {
    response.set_error_message(std::string(filter.status().message()));
    return response;
  }
  response.set_valid(true);
  response.set_native((*filter)->native());
  for (const auto line :
       absl::StrSplit((*filter)->Disassembly(), '\n', absl::SkipEmpty())) {
    response.add_disassembly(std::string(line));
  }
  if (!request.sample_packet().empty()) {
    response.set_sample_matches(
        Matches(**filter, use, request.sample_packet()));
  }
  return response;
}

}  // namespace mosaic
