#include "dataplane/io/replay_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"

namespace mosaic {
namespace {

using Repeat = ReplayOptions::Repeat;

// Where a packet begins in its block, so that headers of small packets do not
// share a cache line more often than they must.
constexpr size_t kAlignment = 16;

size_t AlignUp(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Sums stop at the largest time instead of wrapping, which only stamps without
// sense can bring about.
Timestamp AddSaturating(Timestamp time, Duration shift) {
  int64_t nanos;
  if (__builtin_add_overflow(time.nanos(), shift.nanos(), &nanos)) {
    nanos = CaptureRecord::kLatest.nanos();
  }
  return std::min(Timestamp::FromNanos(nanos), CaptureRecord::kLatest);
}

absl::Status CheckOptions(const ReplayOptions& options) {
  if (options.blocks == 0) {
    return absl::InvalidArgumentError("blocks: 0 is not in [1, ...)");
  }
  if (options.block_bytes < CaptureRecord::kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("block_bytes: ", options.block_bytes, " is not in [",
                     CaptureRecord::kMaxBytes, ", ...)"));
  }
  if (!std::isfinite(options.speed) || options.speed < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("speed: ", options.speed, " is not in [0, ...)"));
  }
  if (options.speed > 0 && options.now == nullptr) {
    return absl::InvalidArgumentError("now: a speed above 0 needs a clock");
  }
  if (options.file_gap < Duration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "file_gap: ", options.file_gap.nanos(), "ns is not in [0, ...)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReplaySource>> ReplaySource::Create(
    std::vector<std::string> files, ReplayOptions options) {
  MOSAIC_CHECK(!files.empty());
  if (const absl::Status status = CheckOptions(options); !status.ok()) {
    return status;
  }
  uint64_t total_file_bytes = 0;
  for (const std::string& file : files) {
    struct stat info;
    if (stat(file.c_str(), &info) != 0) {
      return absl::ErrnoToStatus(errno, file);
    }
    if (S_ISREG(info.st_mode)) {
      const auto reader = CaptureReader::Open(file);
      if (!reader.ok()) return reader.status();
      total_file_bytes += static_cast<uint64_t>(info.st_size);
    } else if (options.repeat == Repeat::kForever) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ": only a regular file can be replayed in a loop"));
    }
  }
  return absl::WrapUnique(
      new ReplaySource(std::move(files), std::move(options), total_file_bytes));
}

ReplaySource::ReplaySource(std::vector<std::string> files,
                           ReplayOptions options, uint64_t total_file_bytes)
    : files_(std::move(files)),
      options_(std::move(options)),
      total_file_bytes_(total_file_bytes) {
  for (size_t i = 0; i < options_.blocks; ++i) {
    blocks_.push_back(std::make_unique<Block>(options_.block_bytes));
  }
}

ReplaySource::~ReplaySource() {
  for (const auto& block : blocks_) MOSAIC_CHECK(block->lent() == 0);
}

size_t ReplaySource::Receive(std::span<Packet> burst) {
  if (state_ == State::kEnded) return 0;
  const bool paced = options_.speed > 0;
  const Timestamp now = paced ? options_.now() : Timestamp();
  // With all earlier packets freed, the same memory is written again while it
  // is still in cache.
  if (blocks_[current_block_]->lent() == 0) block_used_ = 0;
  size_t received = 0;
  while (received < burst.size() && ReadPending(now)) {
    if (paced && due_ > now) break;
    if (!FindRoom()) {
      progress_.blocks_exhausted.Add(1);
      break;
    }
    DeliverPending(burst[received]);
    ++received;
  }
  progress_.file_bytes.Set(bytes_of_finished_files_ +
                           (reader_ != nullptr ? reader_->bytes_read() : 0));
  return received;
}

// Sees to it that `pending_` holds the next packet. False if there is none: the
// source has ended.
bool ReplaySource::ReadPending(Timestamp now) {
  while (!has_pending_) {
    if (reader_ == nullptr && !OpenNextFile()) return false;
    switch (reader_->Next(pending_)) {
      case CaptureReader::Outcome::kRecord:
        has_pending_ = true;
        PlacePendingInTime(now);
        break;
      case CaptureReader::Outcome::kEnd:
        CloseFile();
        break;
      case CaptureReader::Outcome::kError: {
        const absl::Status status = reader_->status();
        CloseFile();
        End(status);
        return false;
      }
    }
  }
  return true;
}

// False, and the source has ended, if there is no next file or it cannot be
// opened.
bool ReplaySource::OpenNextFile() {
  if (next_file_ == files_.size()) {
    // A loop without a single packet would never return.
    const bool idle = progress_.packets.Read() == packets_at_loop_start_;
    if (options_.repeat == Repeat::kOnce || idle) {
      End(absl::OkStatus());
      return false;
    }
    next_file_ = 0;
    packets_at_loop_start_ = progress_.packets.Read();
    progress_.loops.Add(1);
  }
  auto reader = CaptureReader::Open(files_[next_file_]);
  if (!reader.ok()) {
    End(reader.status());
    return false;
  }
  reader_ = *std::move(reader);
  ++next_file_;
  file_has_begun_ = false;
  return true;
}

void ReplaySource::CloseFile() {
  bytes_of_finished_files_ += reader_->bytes_read();
  if (!reader_->warning().empty() && warnings_.size() < kMaxWarnings) {
    warnings_.push_back(reader_->warning());
  }
  reader_.reset();
}

// Turns the stamp of `pending_` into its time in the replay, and finds when it
// is due.
void ReplaySource::PlacePendingInTime(Timestamp now) {
  if (!file_has_begun_) {
    file_has_begun_ = true;
    const bool first_of_all = !replay_has_begun_;
    replay_has_begun_ = true;
    if (options_.repeat == Repeat::kForever && !first_of_all) {
      shift_ = AddSaturating(clock_, options_.file_gap) - pending_.time;
    }
    file_begin_ = AddSaturating(pending_.time, shift_);
    file_clock_ = file_begin_;
    file_due_ = first_of_all ? now : due_;
  }
  pending_.time = AddSaturating(pending_.time, shift_);
  file_clock_ = std::max(file_clock_, pending_.time);
  if (options_.speed > 0) {
    const double wait_nanos =
        static_cast<double>((file_clock_ - file_begin_).nanos()) /
        options_.speed;
    constexpr double kLongestNanos = 4e18;
    due_ = AddSaturating(file_due_, Duration::Nanos(static_cast<int64_t>(
                                        std::min(wait_nanos, kLongestNanos))));
  }
}

// Sees to it that the current block has room for `pending_`. False if every
// block is lent out.
bool ReplaySource::FindRoom() {
  if (block_used_ + pending_.bytes.size() <= options_.block_bytes) return true;
  // The first free one, not the next: it was in use more recently.
  for (size_t block = 0; block < blocks_.size(); ++block) {
    if (blocks_[block]->lent() == 0) {
      current_block_ = block;
      block_used_ = 0;
      return true;
    }
  }
  return false;
}

void ReplaySource::DeliverPending(Packet& packet) {
  packet.Free();
  Block& block = *blocks_[current_block_];
  const size_t length = pending_.bytes.size();
  packet.data = block.storage() + block_used_;
  if (length > 0) std::memcpy(packet.data, pending_.bytes.data(), length);
  block_used_ += AlignUp(length);
  block.Lend();

  clock_ = std::max(clock_, pending_.time);
  packet.length = static_cast<uint32_t>(length);
  packet.wire_length = pending_.wire_length;
  packet.time = pending_.time;
  packet.clock = clock_;
  packet.index = next_index_++;
  packet.owner = &block;
  packet.storage = nullptr;
  packet.port = options_.port;
  packet.link = pending_.link;
  packet.ip_checksum = ChecksumVerdict::kUnknown;
  packet.l4_checksum = ChecksumVerdict::kUnknown;

  has_pending_ = false;
  progress_.packets.Add(1);
  progress_.bytes.Add(length);
}

void ReplaySource::End(absl::Status status) {
  state_ = State::kEnded;
  status_ = std::move(status);
}

}  // namespace mosaic
