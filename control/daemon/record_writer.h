// RecordWriter takes the records of flow logs out of the workers and appends
// them to files, on a thread of its own.
//
//   worker ──ring──►┐
//   worker ──ring──►├── writing thread ──► the instance's file, or stdout
//
// Ownership   Owns the rings and the files. Sinks live as long as the writer.
// Memory      One RecordRing for each worker and each name that an instance
// ever
//             had: a network function may still write under a name that the
//             configuration has given up. The downside is that names used only
//             once cost memory until the daemon ends.
// Loss        A record is lost when its ring is full, when its file cannot be
//             written, and when no configuration names a file for it. Lost ones
//             are counted; the first kind also by the flow log itself.
// Threading   Sinks on their workers; Configure() and SinkOf() by one thread at
//             a time, the rest from anywhere.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "control/daemon/record_ring.h"
#include "dataplane/api/network_function.h"
#include "mosaic/v1/config_service.pb.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace mosaic {

class RecordWriter {
 public:
  // `log` outlives the writer; it is told of files that cannot be written.
  RecordWriter(size_t workers, spdlog::logger& log);
  // Writes what is in the rings, as Flush() does.
  ~RecordWriter();

  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // Opens the files that the flow logs of `config` name and are not open yet;
  // an empty name stands for standard output. What an instance that `config`
  // does not have still writes goes where it went. On a file that cannot be
  // opened: FAILED_PRECONDITION with its name, and nothing is changed.
  absl::Status Configure(const v1::Config& config);

  // Where `instance` writes its records on `worker`.
  RecordSink* SinkOf(const std::string& instance, size_t worker);

  // From now on a full ring makes its worker wait until there is room, but no
  // longer than to `deadline`: the flows that all end at the daemon's end have
  // more records than fit, and there are no packets any more to be late for.
  void BeginDrain(std::chrono::steady_clock::time_point deadline);

  // Returns when everything that was written to a sink before the call is in
  // its file.
  void Flush();

  // Bytes of records that no file took.
  uint64_t lost_bytes() const {
    return lost_bytes_.load(std::memory_order_relaxed);
  }

 private:
  class Sink;
  // A file, or standard output.
  class Output;

  struct Channel {
    std::vector<std::unique_ptr<Sink>> sinks;  // By worker.
    std::shared_ptr<Output> output;            // Null before Configure().
  };

  void Run();
  // Returns how many bytes were moved.
  size_t WriteOnce();
  // REQUIRES: mutex_ is held.
  Channel& ChannelOf(const std::string& instance);

  const size_t workers_;
  spdlog::logger& log_;

  // Of the standard library, whose locks the thread sanitizer sees into.
  std::mutex mutex_;  // Guards what follows, to the next empty line.
  std::condition_variable changed_;  // rounds_ or stop_.
  std::map<std::string, Channel> channels_;
  uint64_t rounds_ = 0;  // That WriteOnce() has ended.
  bool stop_ = false;

  // Steady clock, ns; 0: do not wait. Written by control, read by workers.
  std::atomic<int64_t> wait_until_{0};
  std::atomic<uint64_t> lost_bytes_{0};  // Written by the writing thread.
  std::string buffer_;                   // The writing thread's.
  std::thread thread_;
};

}  // namespace mosaic
