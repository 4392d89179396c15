#include "control/daemon/record_writer.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

using Clock = std::chrono::steady_clock;

// How long the thread sleeps when no ring has anything: a tenth of the time in
// which a worker that ends 10,000 flows a second fills its ring.
constexpr auto kNap = std::chrono::milliseconds(10);
constexpr auto kReopenPeriod = std::chrono::seconds(1);

}  // namespace

class RecordWriter::Sink : public RecordSink {
 public:
  explicit Sink(const std::atomic<int64_t>& wait_until)
      : wait_until_(wait_until) {}

  bool Write(uint64_t, std::span<const char> record) override {
    while (!ring_.TryPush(record)) {
      const int64_t until = wait_until_.load(std::memory_order_relaxed);
      if (until == 0 || Clock::now().time_since_epoch().count() > until) {
        return false;
      }
      std::this_thread::yield();
    }
    return true;
  }

  RecordRing& ring() { return ring_; }

 private:
  RecordRing ring_;
  const std::atomic<int64_t>& wait_until_;
};

class RecordWriter::Output {
 public:
  // Opens `path` for appending; "" is standard output.
  static absl::StatusOr<std::shared_ptr<Output>> Open(const std::string& path) {
    if (path.empty()) {
      return std::make_shared<Output>(path, STDOUT_FILENO);
    }
    const int file = OpenFile(path);
    if (file < 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, " cannot be opened for appending: ", std::strerror(errno)));
    }
    return std::make_shared<Output>(path, file);
  }

  Output(std::string path, int file) : path_(std::move(path)), file_(file) {}
  ~Output() {
    if (!path_.empty()) close(file_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const std::string& path() const { return path_; }

  // False if a part could not be written; errno says why.
  bool Append(const std::string& text) {
    ReopenIfMoved();
    size_t done = 0;
    while (done < text.size()) {
      const ssize_t wrote =
          write(file_, text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return false;
      done += static_cast<size_t>(wrote);
    }
    return true;
  }

  // Whether this failure is to be told: the first of a row of them.
  bool TellsFailure(bool failed) {
    const bool tells = failed && !failing_;
    failing_ = failed;
    return tells;
  }

 private:
  static int OpenFile(const std::string& path) {
    return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  }

  // Goes on in a new file when somebody has moved the old one away, as log
  // rotation does.
  void ReopenIfMoved() {
    if (path_.empty() || Clock::now() < next_look_) return;
    next_look_ = Clock::now() + kReopenPeriod;
    struct stat open_file;
    struct stat named;
    if (fstat(file_, &open_file) == 0 && stat(path_.c_str(), &named) == 0 &&
        open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev) {
      return;
    }
    const int file = OpenFile(path_);
    if (file < 0) return;
    close(file_);
    file_ = file;
  }

  const std::string path_;
  int file_;
  bool failing_ = false;
  Clock::time_point next_look_;
};

RecordWriter::RecordWriter(size_t workers, spdlog::logger& log)
    : workers_(workers), log_(log), thread_([this] { Run(); }) {}

RecordWriter::~RecordWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

RecordWriter::Channel& RecordWriter::ChannelOf(const std::string& instance) {
  Channel& channel = channels_[instance];
  while (channel.sinks.size() < workers_) {
    channel.sinks.push_back(std::make_unique<Sink>(wait_until_));
  }
  return channel;
}

absl::Status RecordWriter::Configure(const v1::Config& config) {
  std::vector<std::pair<std::string, std::shared_ptr<Output>>> changed;
  const std::lock_guard lock(mutex_);
  for (const v1::NfInstance& instance : config.nf_instances()) {
    if (!instance.has_flow_log()) continue;
    const std::string& path = instance.flow_log().output_path();
    const Channel& channel = ChannelOf(instance.name());
    if (channel.output != nullptr && channel.output->path() == path) continue;
    absl::StatusOr<std::shared_ptr<Output>> output = Output::Open(path);
    if (!output.ok()) {
      return absl::Status(output.status().code(),
                          absl::StrCat(instance.name(), ": flow_log: ",
                                       output.status().message()));
    }
    changed.emplace_back(instance.name(), *std::move(output));
  }
  for (auto& [instance, output] : changed) {
    ChannelOf(instance).output = std::move(output);
  }
  return absl::OkStatus();
}

RecordSink* RecordWriter::SinkOf(const std::string& instance, size_t worker) {
  const std::lock_guard lock(mutex_);
  return ChannelOf(instance).sinks[worker].get();
}

void RecordWriter::BeginDrain(Clock::time_point deadline) {
  wait_until_.store(deadline.time_since_epoch().count(),
                    std::memory_order_relaxed);
}

void RecordWriter::Flush() {
  std::unique_lock lock(mutex_);
  // The round that runs now may have passed a ring already; the next has not.
  const uint64_t wanted = rounds_ + 2;
  changed_.wait(lock, [this, wanted] { return rounds_ >= wanted; });
}

size_t RecordWriter::WriteOnce() {
  // The files are written without the lock, which the control thread wants.
  std::vector<std::pair<std::vector<RecordRing*>, std::shared_ptr<Output>>>
      channels;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [instance, channel] : channels_) {
      channels.emplace_back();
      channels.back().second = channel.output;
      for (const auto& sink : channel.sinks) {
        channels.back().first.push_back(&sink->ring());
      }
    }
  }
  size_t moved = 0;
  for (auto& [rings, output] : channels) {
    buffer_.clear();
    for (RecordRing* ring : rings) ring->PopInto(buffer_);
    if (buffer_.empty()) continue;
    moved += buffer_.size();
    const bool written = output != nullptr && output->Append(buffer_);
    if (!written) lost_bytes_.fetch_add(buffer_.size());
    if (output != nullptr && output->TellsFailure(!written)) {
      log_.error("flow records are lost: {} cannot be written: {}",
                 output->path().empty() ? "standard output" : output->path(),
                 std::strerror(errno));
    }
  }
  return moved;
}

void RecordWriter::Run() {
  bool stopping = false;
  while (true) {
    const size_t moved = WriteOnce();
    // Only a round that began after the stop has seen every record.
    if (stopping && moved == 0) return;
    std::unique_lock lock(mutex_);
    ++rounds_;
    changed_.notify_all();
    if (moved == 0) changed_.wait_for(lock, kNap, [this] { return stop_; });
    stopping = stop_;
  }
}

}  // namespace mosaic
