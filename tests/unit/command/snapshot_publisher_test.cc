#include "dataplane/command/snapshot_publisher.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Overwrites what it says when it goes, and counts it.
class MarkedConfig : public NfConfig {
 public:
  static constexpr uint64_t kAlive = 0x600d600d600d600d;

  MarkedConfig(uint64_t revision, std::atomic<uint64_t>& freed)
      : freed_(freed), revision_(revision) {}
  ~MarkedConfig() override {
    mark_.store(0);
    freed_.fetch_add(1);
  }
  bool IsAliveAs(uint64_t revision) const {
    return mark_.load() == kAlive && revision_ == revision;
  }

 private:
  std::atomic<uint64_t> mark_{kAlive};
  std::atomic<uint64_t>& freed_;
  const uint64_t revision_;
};

class SnapshotPublisherTest : public ::testing::Test {
 protected:
  explicit SnapshotPublisherTest(size_t workers = 2) : links_(workers) {
    std::vector<WorkerLink*> pointers;
    for (WorkerLink& link : links_) pointers.push_back(&link);
    publisher_ = std::make_unique<SnapshotPublisher>(pointers);
  }

  void Publish(uint64_t revision) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = revision;
    NfInstance instance;
    instance.config = std::make_shared<MarkedConfig>(revision, freed_);
    snapshot->nf_instances.push_back(instance);
    std::vector<std::unique_ptr<WorkerSnapshot>> prepared;
    for (size_t i = 0; i < links_.size(); ++i) {
      prepared.push_back(std::make_unique<WorkerSnapshot>());
      prepared.back()->snapshot = snapshot;
    }
    publisher_->Publish(std::move(prepared));
  }

  // What worker `i` says once it has taken something up.
  void Report(size_t i, uint64_t running, uint64_t oldest) {
    links_[i].oldest_revision.store(oldest);
    links_[i].running_revision.store(running);
  }

  std::vector<WorkerLink> links_;
  std::atomic<uint64_t> freed_{0};
  std::unique_ptr<SnapshotPublisher> publisher_;
};

TEST_F(SnapshotPublisherTest, NothingIsRunningBeforeTheFirstPublication) {
  EXPECT_EQ(publisher_->revision(), 0u);
  EXPECT_TRUE(publisher_->AllRunning());
  EXPECT_EQ(publisher_->Reclaim(), 0u);
}

TEST_F(SnapshotPublisherTest, EveryWorkerIsOfferedTheSameRevision) {
  Publish(5);
  EXPECT_EQ(publisher_->revision(), 5u);
  for (const WorkerLink& link : links_) {
    EXPECT_EQ(link.wanted.load()->snapshot->revision, 5u);
  }
}

TEST_F(SnapshotPublisherTest, WorkersLagUntilTheySayThatTheyRunIt) {
  Publish(5);
  EXPECT_THAT(publisher_->Lagging(), ElementsAre(0, 1));
  Report(0, 5, 5);
  EXPECT_THAT(publisher_->Lagging(), ElementsAre(1));
  EXPECT_FALSE(publisher_->AllRunning());
  Report(1, 5, 5);
  EXPECT_THAT(publisher_->Lagging(), IsEmpty());
  EXPECT_TRUE(publisher_->AllRunning());
  Publish(6);
  EXPECT_THAT(publisher_->Lagging(), ElementsAre(0, 1));
}

TEST_F(SnapshotPublisherTest, RevisionIsFreedWhenNoWorkerRefersToItOrOlder) {
  Publish(1);
  Publish(2);
  Publish(3);
  EXPECT_EQ(publisher_->Reclaim(), 0u);
  Report(0, 3, 3);
  EXPECT_EQ(publisher_->Reclaim(), 0u);
  Report(1, 3, 2);  // One of its flows still hangs on to 2.
  EXPECT_EQ(publisher_->Reclaim(), 1u);
  EXPECT_EQ(freed_.load(), 1u);
  Report(1, 3, 3);
  EXPECT_EQ(publisher_->Reclaim(), 1u);
  EXPECT_EQ(publisher_->retained_revisions(), 1u);
  EXPECT_EQ(freed_.load(), 2u);
}

TEST_F(SnapshotPublisherTest, RevisionInForceIsNeverFreed) {
  Publish(1);
  Report(0, 1, 1);
  Report(1, 1, 1);
  EXPECT_EQ(publisher_->Reclaim(), 0u);
  EXPECT_EQ(publisher_->retained_revisions(), 1u);
}

class SnapshotPublisherThreadsTest : public SnapshotPublisherTest {
 protected:
  SnapshotPublisherThreadsTest() : SnapshotPublisherTest(3) {}

  // A worker as the engine has it, with `kHeld` flows that each hang on to the
  // revision they were attached under.
  void RunWorker(WorkerLink& link, uint32_t seed) {
    constexpr size_t kHeld = 8;
    std::mt19937 random(seed);
    std::vector<const WorkerSnapshot*> held;
    const WorkerSnapshot* running = nullptr;
    while (!stop_.load(std::memory_order_acquire)) {
      const WorkerSnapshot* const wanted =
          link.wanted.load(std::memory_order_acquire);
      if (wanted == nullptr) continue;
      if (wanted != running) {
        running = wanted;
        SayOldest(link, held, *running);
        link.running_revision.store(running->snapshot->revision,
                                    std::memory_order_release);
      }
      held.push_back(running);
      if (held.size() > kHeld) {
        held.erase(held.begin() + static_cast<ptrdiff_t>(random() % kHeld));
        SayOldest(link, held, *running);
      }
      for (const WorkerSnapshot* snapshot : held) {
        const auto& config = static_cast<const MarkedConfig&>(
            *snapshot->snapshot->nf_instances[0].config);
        if (!config.IsAliveAs(snapshot->snapshot->revision)) ++uses_after_free_;
      }
    }
  }

  static void SayOldest(WorkerLink& link,
                        const std::vector<const WorkerSnapshot*>& held,
                        const WorkerSnapshot& running) {
    uint64_t oldest = running.snapshot->revision;
    for (const WorkerSnapshot* snapshot : held) {
      oldest = std::min(oldest, snapshot->snapshot->revision);
    }
    link.oldest_revision.store(oldest, std::memory_order_release);
  }

  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> uses_after_free_{0};
};

TEST_F(SnapshotPublisherThreadsTest, NothingIsFreedThatAWorkerStillUses) {
  constexpr uint64_t kRevisions = 1000;
  std::vector<std::thread> workers;
  for (size_t i = 0; i < links_.size(); ++i) {
    workers.emplace_back(
        [this, i] { RunWorker(links_[i], static_cast<uint32_t>(i)); });
  }
  std::mt19937 random(17);
  size_t reclaimed = 0;
  for (uint64_t revision = 1; revision <= kRevisions; ++revision) {
    Publish(revision);
    // Now and then every worker has caught up, mostly they have not.
    while (random() % 4 == 0 && !publisher_->AllRunning()) {
      std::this_thread::yield();
    }
    reclaimed += publisher_->Reclaim();
  }
  while (!publisher_->AllRunning()) std::this_thread::yield();
  stop_.store(true, std::memory_order_release);
  for (std::thread& worker : workers) worker.join();

  EXPECT_EQ(uses_after_free_.load(), 0u);
  EXPECT_EQ(freed_.load(), reclaimed);
  for (size_t i = 0; i < links_.size(); ++i) Report(i, kRevisions, kRevisions);
  reclaimed += publisher_->Reclaim();
  EXPECT_EQ(reclaimed, kRevisions - 1);
  EXPECT_EQ(freed_.load(), kRevisions - 1);
}

}  // namespace
}  // namespace mosaic
