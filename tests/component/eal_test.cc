// EAL can start once in a process, so all of it is one test with one start.

#include "dataplane/io/eal.h"

#include <sched.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr size_t kWorkers = 5;

EalConfig FiveWorkers() {
  EalConfig config;
  config.memory_mib = 64;
  config.worker_cpus = SpreadWorkers(kWorkers, AllowedCpus());
  return config;
}

TEST(EalTest, RefusesWorkersItCannotPlace) {
  EalConfig config = FiveWorkers();
  config.worker_cpus.clear();
  EXPECT_EQ(Eal::Start(config).status().code(),
            absl::StatusCode::kInvalidArgument);

  config.worker_cpus.assign(Eal::kMaxWorkers + 1, AllowedCpus().front());
  EXPECT_EQ(Eal::Start(config).status().message(),
            "workers: 128 is not in [1, 127]");

  config.worker_cpus = {AllowedCpus().back() + 1};
  EXPECT_EQ(Eal::Start(config).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(EalTest, RunsFiveWorkersOnWhateverCpusThereAreOnceInAProcess) {
  const std::vector<int> allowed = AllowedCpus();
  const EalConfig config = FiveWorkers();
  {
    absl::StatusOr<std::unique_ptr<Eal>> eal = Eal::Start(config);
    ASSERT_TRUE(eal.ok()) << eal.status();
    ASSERT_EQ((*eal)->workers(), kWorkers);

    // The control thread keeps its CPUs.
    EXPECT_EQ(AllowedCpus(), allowed);

    // Each worker runs on a thread of its own, on the CPU it was given.
    std::atomic<bool> stop{false};
    std::atomic<size_t> running{0};
    std::vector<std::thread::id> threads(kWorkers);
    std::vector<int> cpus(kWorkers);
    for (size_t worker = 0; worker < kWorkers; ++worker) {
      const absl::Status launched = (*eal)->Launch(worker, [&, worker] {
        threads[worker] = std::this_thread::get_id();
        cpus[worker] = sched_getcpu();
        running.fetch_add(1);
        while (!stop.load()) std::this_thread::yield();
      });
      ASSERT_TRUE(launched.ok()) << launched;
    }
    while (running.load() < kWorkers) std::this_thread::yield();
    EXPECT_EQ(cpus, config.worker_cpus);
    EXPECT_EQ(std::set(threads.begin(), threads.end()).size(), kWorkers);

    // One that is busy takes no second job; one that was joined does.
    EXPECT_EQ((*eal)->Launch(0, [] {}).code(),
              absl::StatusCode::kFailedPrecondition);
    stop = true;
    (*eal)->JoinAll();
    bool ran_again = false;
    EXPECT_TRUE((*eal)->Launch(0, [&ran_again] { ran_again = true; }).ok());
    (*eal)->JoinAll();
    EXPECT_TRUE(ran_again);
  }
  EXPECT_EQ(Eal::Start(config).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace mosaic
