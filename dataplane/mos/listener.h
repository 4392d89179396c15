// Listener is a monitor's socket: what mtcp_socket() makes, and what a program
// sets of it. What the workers do with it is in listener_function.h.
//
// Threading   Any thread; the mutex guards what can change.

#pragma once

#include <mos_api.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "dataplane/api/event.h"
#include "dataplane/base/side.h"
#include "dataplane/filter/packet_filter.h"
#include "dataplane/stream/overlap_policy.h"

namespace mosaic::mos {

class ListenerFunction;

struct Listener {
  enum class Kind : uint8_t { kStream, kRaw };

  const int sock;
  const Kind kind;
  const int domain;        // AF_INET, AF_INET6 or AF_UNSPEC.
  const std::string name;  // Unique in the process.

  Listener(int number, Kind of_kind, int of_domain, std::string unique_name,
           uint32_t bytes_kept)
      : sock(number),
        kind(of_kind),
        domain(of_domain),
        name(std::move(unique_name)),
        buffer_bytes{bytes_kept, bytes_kept} {}

  // True if a packet of this IP version is for it.
  bool Sees(uint8_t ip_version) const {
    return domain == AF_UNSPEC || (domain == AF_INET) == (ip_version == 4);
  }

  mutable std::mutex mutex;
  using Place = std::pair<event_t, Hook>;
  std::map<Place, callback_t> callbacks;
  std::shared_ptr<const PacketFilter> syn_filter;  // Null: all it may see.
  std::shared_ptr<const PacketFilter> orphan_filter;
  std::shared_ptr<const PacketFilter> raw_filter;
  std::array<uint32_t, kSides> buffer_bytes;
  std::array<OverlapPolicy, kSides> overlap = {OverlapPolicy::kFirst,
                                               OverlapPolicy::kFirst};

  std::atomic<void*> user{nullptr};
  // Set by mtcp_close(): flows that have it still no longer tell it anything.
  std::atomic<bool> closed{false};
  // Set by the worker when it first runs the listener, and valid there until
  // the listener is closed.
  std::atomic<ListenerFunction*> function{nullptr};
};

}  // namespace mosaic::mos
