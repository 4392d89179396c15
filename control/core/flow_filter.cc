#include "control/core/flow_filter.h"

#include <algorithm>
#include <cstring>

namespace mosaic {
namespace {

bool Holds(const config::IpPrefix& prefix, const Endpoint& endpoint) {
  if (prefix.ip_version != endpoint.ip_version) return false;
  const size_t whole = prefix.bits / 8u;
  if (std::memcmp(prefix.address.data(), endpoint.address.data(), whole) != 0) {
    return false;
  }
  const unsigned rest = prefix.bits % 8u;
  if (rest == 0) return true;
  const unsigned differing = prefix.address[whole] ^ endpoint.address[whole];
  return differing >> (8 - rest) == 0;
}

bool AnyHolds(const std::vector<config::IpPrefix>& prefixes,
              const Endpoint& endpoint) {
  return prefixes.empty() ||
         std::ranges::any_of(prefixes, [&](const config::IpPrefix& prefix) {
           return Holds(prefix, endpoint);
         });
}

template <typename T>
bool AnyIs(const std::vector<T>& values, T value) {
  return values.empty() || std::ranges::count(values, value) > 0;
}

}  // namespace

bool FlowMatcher::Matches(const FlowTraits& flow,
                          const std::shared_ptr<const MonitorNames>& names) {
  if (!AnyIs(filter_.protocols, flow.protocol) ||
      !AnyIs(filter_.server_ports, flow.server.port) ||
      !AnyHolds(filter_.clients, flow.client) ||
      !AnyHolds(filter_.servers, flow.server)) {
    return false;
  }
  if (filter_.monitors.empty()) return true;
  if (names == nullptr) return false;
  if (names != names_) {
    wanted_ = 0;
    for (size_t i = 0; i < names->size(); ++i) {
      if (std::ranges::count(filter_.monitors, (*names)[i]) > 0) {
        wanted_ |= uint64_t{1} << i;
      }
    }
    names_ = names;
  }
  return (flow.monitors & wanted_) != 0;
}

}  // namespace mosaic
