#include "dataplane/filter/filter_cache.h"

#include "dataplane/base/check.h"

namespace mosaic {

FilterCache::FilterCache(FilterChecker checker, size_t capacity)
    : checker_(std::move(checker)), capacity_(capacity) {
  MOSAIC_CHECK(capacity > 0);
}

absl::StatusOr<std::shared_ptr<const PacketFilter>> FilterCache::Get(
    std::string_view expression, Use use) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Key key(use, expression);
  if (const auto found = index_.find(key); found != index_.end()) {
    ++counters_.hits;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->filter;
  }

  absl::StatusOr<std::shared_ptr<const PacketFilter>> filter =
      Compile(expression, use);
  if (!filter.ok()) {
    ++counters_.refused;
    return filter;
  }
  ++counters_.compiled;
  if (!(*filter)->native() && !(*filter)->matches_all()) {
    ++counters_.fallbacks;
  }
  if (entries_.size() == capacity_) {
    ++counters_.evicted;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, *filter});
  index_.emplace(std::move(key), entries_.begin());
  return filter;
}

absl::StatusOr<std::shared_ptr<const PacketFilter>> FilterCache::Compile(
    std::string_view expression, Use use) const {
  switch (use) {
    case Use::kStreams:
      return PacketFilter::CompileForStreams(expression, checker_);
    case Use::kPackets:
      return PacketFilter::Compile(expression, FilterBase::kInnermostIp,
                                   checker_);
    case Use::kFrames:
      break;
  }
  return PacketFilter::Compile(expression, FilterBase::kFrame, checker_);
}

FilterCache::Counters FilterCache::counters() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counters_;
}

size_t FilterCache::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return entries_.size();
}

}  // namespace mosaic
