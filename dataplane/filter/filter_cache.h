// FilterCache keeps compiled filters by base and expression, so that a change
// of configuration compiles and checks only what is new in it.
//
// Ownership   Shares its filters: one that is dropped here lives on in the
//             snapshots that use it.
// Memory      At most `capacity` filters; the one unused for longest gives way.
// Threading   Owned by the control thread, but any thread may call it; a filter
//             being compiled holds up the others.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "dataplane/filter/packet_filter.h"

namespace mosaic {

class FilterCache {
 public:
  // Room for every filter of a large configuration twice.
  static constexpr size_t kDefaultCapacity = 4096;

  struct Counters {
    uint64_t hits = 0;
    uint64_t compiled = 0;   // Misses that gave a filter.
    uint64_t refused = 0;    // Misses that gave an error; these are not kept.
    uint64_t fallbacks = 0;  // Of `compiled`, those that are interpreted.
    uint64_t evicted = 0;  // Dropped at the bound. Growing steadily: raise it.
  };

  // REQUIRES: capacity > 0.
  explicit FilterCache(FilterChecker checker,
                       size_t capacity = kDefaultCapacity);

  // The filter of PacketFilter::Compile() or, for kStreams,
  // CompileForStreams(); fails as those do.
  enum class Use : uint8_t {
    kStreams,  // A stream monitor's syn or orphan filter.
    kPackets,  // Anything on an innermost IP header.
    kFrames,   // Anything on a frame: a raw monitor's filter.
  };
  absl::StatusOr<std::shared_ptr<const PacketFilter>> Get(
      std::string_view expression, Use use);

  Counters counters() const;
  size_t size() const;
  size_t capacity() const { return capacity_; }

 private:
  using Key = std::pair<Use, std::string>;
  struct Entry {
    Key key;
    std::shared_ptr<const PacketFilter> filter;
  };

  absl::StatusOr<std::shared_ptr<const PacketFilter>> Compile(
      std::string_view expression, Use use) const;

  const FilterChecker checker_;
  const size_t capacity_;

  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // Most recently used first.
  std::map<Key, std::list<Entry>::iterator> index_;  // Of all entries_.
  Counters counters_;
};

}  // namespace mosaic
