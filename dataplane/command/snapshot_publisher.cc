#include "dataplane/command/snapshot_publisher.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace mosaic {

void SnapshotPublisher::Publish(
    std::vector<std::unique_ptr<WorkerSnapshot>> prepared) {
  MOSAIC_CHECK(prepared.size() == links_.size());
  const uint64_t revision = prepared.front()->snapshot->revision;
  MOSAIC_CHECK(revision > revision_);
  for (size_t i = 0; i < links_.size(); ++i) {
    links_[i]->wanted.store(prepared[i].get(), std::memory_order_release);
  }
  published_.push_back({revision, std::move(prepared)});
  revision_ = revision;
}

std::vector<size_t> SnapshotPublisher::Lagging() const {
  std::vector<size_t> lagging;
  for (size_t i = 0; i < links_.size(); ++i) {
    if (links_[i]->running_revision.load(std::memory_order_acquire) <
        revision_) {
      lagging.push_back(i);
    }
  }
  return lagging;
}

bool SnapshotPublisher::AllRunning() const { return Lagging().empty(); }

size_t SnapshotPublisher::Reclaim() {
  uint64_t oldest = revision_;
  for (const WorkerLink* link : links_) {
    // A worker that has not taken anything up may still hold any of them.
    oldest =
        std::min(oldest, link->oldest_revision.load(std::memory_order_acquire));
  }
  return std::erase_if(published_,
                       [&](const Published& p) { return p.revision < oldest; });
}

size_t SnapshotPublisher::Reclaim(std::span<const InUse> by_worker) {
  MOSAIC_CHECK(by_worker.size() == links_.size());
  return std::erase_if(published_, [&](const Published& p) {
    return std::ranges::all_of(by_worker, [&](const InUse& worker) {
      return p.revision < worker.running &&
             std::ranges::count(worker.attached, p.revision) == 0;
    });
  });
}

}  // namespace mosaic
