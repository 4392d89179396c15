// FlowFilter says which flows are meant, for events and for lists of flows.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "control/config/ip_prefix.h"
#include "control/core/monitor_directory.h"
#include "dataplane/base/endpoint.h"

namespace mosaic {

// All parts that are not empty must match; of the entries of a part, one. So an
// empty filter matches every flow.
struct FlowFilter {
  std::vector<std::string> monitors;  // "monitors/{id}"; need not exist.
  std::vector<config::IpPrefix> clients;
  std::vector<config::IpPrefix> servers;
  std::vector<uint16_t> server_ports;
  std::vector<uint8_t> protocols;  // IANA numbers.
};

// What a filter looks at.
struct FlowTraits {
  Endpoint client;
  Endpoint server;
  uint8_t protocol = 0;
  uint64_t monitors = 0;  // Bits by number, with `names`.
};

// A filter that remembers which bits its monitors' names are.
//
// Threading   One thread at a time.
class FlowMatcher {
 public:
  explicit FlowMatcher(FlowFilter filter) : filter_(std::move(filter)) {}

  // `names` are those of the revision that `flow.monitors` speaks of; null:
  // unknown, and then no filter that names a monitor matches.
  bool Matches(const FlowTraits& flow,
               const std::shared_ptr<const MonitorNames>& names);

 private:
  FlowFilter filter_;
  std::shared_ptr<const MonitorNames> names_;  // That `wanted_` speaks of.
  uint64_t wanted_ = 0;
};

}  // namespace mosaic
