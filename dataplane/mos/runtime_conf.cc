#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/mos/callback.h"
#include "dataplane/mos/messages.h"
#include "dataplane/mos/runtime.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

constexpr size_t kMaxConfBytes = 1 << 20;

int ErrnoOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return EINVAL;
    case absl::StatusCode::kNotFound:
      return ENODEV;
    case absl::StatusCode::kPermissionDenied:
      return EACCES;
    case absl::StatusCode::kInternal:
      return EIO;
    default:
      return ENODEV;
  }
}

}  // namespace

int Runtime::Read(const char* path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno != 0 ? errno : ENOENT;
    Tell(Cat(std::string_view(path), ": ",
             std::string_view(std::strerror(error))));
    return error;
  }
  std::string text;
  text.resize(kMaxConfBytes + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad() || text.size() > kMaxConfBytes) {
    Tell(Cat(std::string_view(path), ": it cannot be read, or is larger than ",
             kMaxConfBytes, " bytes"));
    return file.bad() ? EIO : EFBIG;
  }
  absl::StatusOr<MosConf> conf = ParseMosConf(text, path);
  if (!conf.ok()) {
    Tell(MessageOf(conf.status()));
    return EINVAL;
  }
  conf_ = *std::move(conf);
  for (const std::string& warning : conf_.warnings) Tell(warning);
  return 0;
}

int Runtime::Init(const char* path) {
  if (path == nullptr) return EINVAL;
  if (Callback::Current() != nullptr) return EPERM;
  const std::lock_guard lock(mutex_);
  if (state_ != State::kNew) return EALREADY;
  if (const int error = Read(path); error != 0) return error;
  if (!conf_.log_folder.empty()) {
    if (const absl::Status status = SendMessagesTo(conf_.log_folder);
        !status.ok()) {
      Tell(MessageOf(status));
      return EINVAL;
    }
  }
  size_t workers = static_cast<size_t>(std::popcount(conf_.cpu_mask));
  if (most_workers_ != 0) workers = std::min(workers, most_workers_);
  absl::StatusOr<std::unique_ptr<Machine>> machine =
      Machine::Start(conf_, workers);
  if (!machine.ok()) {
    Tell(MessageOf(machine.status()));
    return ErrnoOf(machine.status());
  }
  machine_ = *std::move(machine);
  settings_.workers = workers;
  if (!has_flows_) settings_.flows = conf_.max_concurrency;
  if (!has_buffer_) settings_.buffer_bytes = conf_.receive_buffer_bytes;
  if (!settings_.linger_seconds)
    settings_.linger_seconds = conf_.linger_seconds;
  if (!settings_.idle_seconds) settings_.idle_seconds = conf_.idle_seconds;
  for (const MosConf::Application& application : conf_.applications) {
    arguments_.push_back(application.arguments);
  }
  state_ = State::kReady;
  return 0;
}

int Runtime::GetConf(mtcp_conf& conf) {
  const std::lock_guard lock(mutex_);
  Fill(conf);
  return 0;
}

void Runtime::Fill(mtcp_conf& conf) {
  conf = {};
  conf.num_cores = static_cast<int>(settings_.workers);
  conf.max_concurrency = static_cast<int>(settings_.flows);
  conf.cpu_mask = conf_.cpu_mask;
  conf.max_num_buffers = conf.max_concurrency;
  conf.rcvbuf_size = static_cast<int>(settings_.buffer_bytes);
  const Timeouts timeouts;
  conf.tcp_timewait = settings_.linger_seconds.value_or(
      static_cast<int>(timeouts.linger.millis() / 1000));
  conf.tcp_timeout = settings_.idle_seconds.value_or(
      static_cast<int>(timeouts.established.millis() / 1000));
  conf.num_app = static_cast<int>(arguments_.size());
  for (size_t i = 0; i < arguments_.size(); ++i) {
    conf.app_cpu_mask[i] = conf_.applications[i].cpu_mask;
    conf.app_argc[i] = static_cast<int>(arguments_[i].size());
    for (size_t j = 0; j < arguments_[i].size(); ++j) {
      conf.app_argv[i][j] = arguments_[i][j].data();
    }
  }
}

int Runtime::SetConf(const mtcp_conf& conf) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kEnded) return EBUSY;
  if (machine_ != nullptr && machine_->engine() != nullptr) return EBUSY;
  const size_t most = machine_ != nullptr ? machine_->workers() : kMaxContexts;
  const auto in_range = [](int value, int64_t least, int64_t highest) {
    return value == 0 || (value >= least && value <= highest);
  };
  if (!in_range(conf.num_cores, 1, static_cast<int64_t>(most)) ||
      !in_range(conf.max_concurrency, 1, MosConf::kMaxConcurrency) ||
      !in_range(conf.rcvbuf_size, 1, MosConf::kMaxReceiveBufferBytes) ||
      !in_range(conf.tcp_timewait, 1, MosConf::kMaxSeconds) ||
      !in_range(conf.tcp_timeout, -1, MosConf::kMaxSeconds)) {
    return EINVAL;
  }
  // A program hands back what mtcp_getconf() gave it, with changes: what is as
  // it was has not been asked for.
  mtcp_conf before;
  Fill(before);
  if (conf.num_cores != 0 && conf.num_cores != before.num_cores) {
    settings_.workers = static_cast<size_t>(conf.num_cores);
    most_workers_ = settings_.workers;
  }
  if (conf.max_concurrency != 0 &&
      conf.max_concurrency != before.max_concurrency) {
    settings_.flows = static_cast<size_t>(conf.max_concurrency);
    has_flows_ = true;
  }
  if (conf.rcvbuf_size != 0 && conf.rcvbuf_size != before.rcvbuf_size) {
    settings_.buffer_bytes = static_cast<uint32_t>(conf.rcvbuf_size);
    has_buffer_ = true;
  }
  if (conf.tcp_timewait != 0 && conf.tcp_timewait != before.tcp_timewait) {
    settings_.linger_seconds = conf.tcp_timewait;
  }
  if (conf.tcp_timeout != 0 && conf.tcp_timeout != before.tcp_timeout) {
    settings_.idle_seconds = conf.tcp_timeout;
  }
  return 0;
}

int Runtime::CpuOf(int context, int& cpu) {
  const std::lock_guard lock(mutex_);
  if (context < 0) return EINVAL;
  if (machine_ != nullptr) {
    if (static_cast<size_t>(context) >= machine_->workers()) return EINVAL;
    cpu = machine_->CpuOf(static_cast<size_t>(context));
    return 0;
  }
  const std::vector<int> allowed = AllowedCpus();
  if (std::ranges::count(allowed, context) == 0) return EINVAL;
  cpu = context;
  return 0;
}

}  // namespace mosaic::mos
