// SnapshotPublisher gives workers a new configuration and frees the old ones
// when nobody refers to them any more (read-copy-update).
//
//   Publish()          every worker's pointer is set; none is stopped
//   worker             takes the pointer up between two bursts, and says so
//   AllRunning()       true once every worker has said so
//   Reclaim()          frees what is older than any worker's oldest revision
//
// Ownership   Owns all published snapshots that are not reclaimed.
// Threading   One control thread. Workers touch only their WorkerLink.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/command/worker_link.h"

namespace mosaic {

class SnapshotPublisher {
 public:
  // `links` outlive the publisher.
  explicit SnapshotPublisher(std::vector<WorkerLink*> links)
      : links_(std::move(links)) {}

  // Hands `prepared[i]` to worker i. REQUIRES: one for each worker, all of one
  // revision, above every earlier one.
  void Publish(std::vector<std::unique_ptr<WorkerSnapshot>> prepared);

  // The revision last published; 0 before the first.
  uint64_t revision() const { return revision_; }

  // True if every worker runs revision() or a later one.
  bool AllRunning() const;
  // Workers that do not.
  std::vector<size_t> Lagging() const;

  // Frees what no worker can refer to. Returns how many revisions went.
  size_t Reclaim();

  // The revisions that a worker ran and that its flows were attached under, at
  // one moment.
  struct InUse {
    uint64_t running = 0;
    std::vector<uint64_t> attached;
  };
  // The same, and also what lies between older revisions that are still in use.
  // What a worker did not use once it ran a later revision it never will again.
  // REQUIRES: one for each worker.
  size_t Reclaim(std::span<const InUse> by_worker);

  size_t retained_revisions() const { return published_.size(); }
  // REQUIRES: one was published.
  uint64_t oldest_retained() const { return published_.front().revision; }

 private:
  struct Published {
    uint64_t revision;
    std::vector<std::unique_ptr<WorkerSnapshot>> prepared;
  };
  const std::vector<WorkerLink*> links_;
  std::vector<Published> published_;  // Oldest first.
  uint64_t revision_ = 0;
};

}  // namespace mosaic
