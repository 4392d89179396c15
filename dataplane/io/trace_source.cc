#include "dataplane/io/trace_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"
#include "dataplane/io/capture_reader.h"

namespace mosaic {
namespace {

// Headers up to and including TCP's may begin in one cache line and end in the
// next: records lie at any alignment.
constexpr size_t kHeaderBytes = 64;

// The file's bytes in private memory, all pages present and writable.
absl::StatusOr<std::span<uint8_t>> LoadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  struct stat info;
  absl::Status status;
  void* memory = MAP_FAILED;
  if (fstat(fd, &info) != 0) {
    status = absl::ErrnoToStatus(errno, path);
  } else if (!S_ISREG(info.st_mode) || info.st_size == 0) {
    status = absl::InvalidArgumentError(
        absl::StrCat(path, ": not a capture file: empty, or no regular file"));
  } else {
    const auto size = static_cast<size_t>(info.st_size);
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      status = absl::ErrnoToStatus(errno, path);
    } else {
      // As the buffers of ports do, packets lie in huge pages where there are
      // some; without them the trace is as good, if slower.
      madvise(memory, size, MADV_HUGEPAGE);
    }
    for (size_t done = 0; status.ok() && done < size;) {
      const ssize_t got =
          read(fd, static_cast<uint8_t*>(memory) + done, size - done);
      if (got > 0) {
        done += static_cast<size_t>(got);
      } else if (got == 0) {
        status = absl::DataLossError(
            absl::StrCat(path, ": the file became shorter while it was read"));
      } else if (errno != EINTR) {
        status = absl::ErrnoToStatus(errno, path);
      }
    }
    if (!status.ok() && memory != MAP_FAILED) munmap(memory, size);
  }
  close(fd);
  if (!status.ok()) return status;
  return std::span<uint8_t>(static_cast<uint8_t*>(memory),
                            static_cast<size_t>(info.st_size));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trace>> Trace::Load(const std::string& path) {
  const absl::StatusOr<std::span<uint8_t>> memory = LoadFile(path);
  if (!memory.ok()) return memory.status();
  auto trace = absl::WrapUnique(new Trace(memory->data(), memory->size()));

  auto reader = CaptureReader::OpenMemory(*memory, path);
  if (!reader.ok()) return reader.status();
  CaptureRecord record;
  Timestamp clock;
  while ((*reader)->Next(record) == CaptureReader::Outcome::kRecord) {
    clock = std::max(clock, record.time);
    trace->packets_.push_back(
        {memory->data() + (record.bytes.data() - memory->data()), record.time,
         clock, record.wire_length,
         static_cast<uint32_t>(record.bytes.size()) & 0xffffff, record.link});
    trace->packet_bytes_ += record.bytes.size();
  }
  if (!(*reader)->status().ok()) return (*reader)->status();
  trace->packets_.shrink_to_fit();
  return trace;
}

Trace::~Trace() { munmap(memory_, size_); }

TraceSource::TraceSource(const Trace& trace)
    : packets_(trace.packets()), has_subset_(false), end_(packets_.size()) {}

TraceSource::TraceSource(const Trace& trace, std::span<const uint32_t> subset)
    : packets_(trace.packets()),
      subset_(subset),
      has_subset_(true),
      end_(subset.size()) {
  for (const uint32_t position : subset) {
    MOSAIC_CHECK(position < packets_.size());
  }
}

size_t TraceSource::Receive(std::span<Packet> burst) {
  if (has_subset_) {
    return ReceiveAt(burst, [this](size_t i) { return subset_[i]; });
  }
  return ReceiveAt(burst, [](size_t i) { return i; });
}

// `position_of(i)` is the place in the trace of the source's i-th packet.
template <typename PositionOf>
size_t TraceSource::ReceiveAt(std::span<Packet> burst, PositionOf position_of) {
  const size_t count = std::min(burst.size(), end_ - next_);
  for (size_t i = 0; i < count; ++i, ++next_) {
    if (next_ + kLookAhead < end_) {
      const uint8_t* const ahead =
          packets_[position_of(next_ + kLookAhead)].data;
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + kHeaderBytes);
    }
    const size_t position = position_of(next_);
    const Trace::Entry& entry = packets_[position];
    Packet& packet = burst[i];
    packet.Free();
    packet.data = entry.data;
    packet.length = entry.length;
    packet.wire_length = entry.wire_length;
    packet.time = entry.time;
    packet.clock = entry.clock;
    packet.index = position;
    packet.storage = nullptr;
    packet.port = 0;
    packet.link = entry.link;
    packet.ip_checksum = ChecksumVerdict::kUnknown;
    packet.l4_checksum = ChecksumVerdict::kUnknown;
  }
  return count;
}

}  // namespace mosaic
