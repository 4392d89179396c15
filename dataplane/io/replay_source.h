// ReplaySource plays capture files, one after the other, as if a port received
// them: as fast as they are asked for or at the pace at which they were
// recorded, once or in an endless loop.
//
// Ownership   Owns the blocks that packets point into; must outlive them.
// Memory      `blocks` blocks of `block_bytes`, allocated at start. A block is
//             used again when all its packets were freed. When every block has
//             a packet that somebody holds, Receive() waits (answers 0) and
//             counts it in blocks_exhausted.
// Threading   Receive() and state() by one worker. Packets may be freed on any
//             thread. `progress` may be read by any thread at any time;
//             status() by the worker, or by others once it has stopped polling.
// Cost        One copy per packet. Receive() reads from files, so it may block
//             on a disk; that is the one exception to the rule of the hot path.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/io/capture_reader.h"
#include "dataplane/io/capture_record.h"
#include "dataplane/io/packet_source.h"

namespace mosaic {

struct ReplayOptions {
  enum class Repeat {
    kOnce,     // Packets carry their recorded times.
    kForever,  // From the second file on, times are shifted so that each file
               // begins `file_gap` after the last packet before it. Needs
               // files that can be opened again, so no pipes.
  };
  Repeat repeat = Repeat::kOnce;

  // Of packet time, between two files when looping. A file's connections that
  // a next loop is to see as new ones must have ended, lingering included,
  // before their own SYN comes again.
  Duration file_gap = Duration::Seconds(10);

  // How many seconds of packet time pass in one of the wall clock: 1 is the
  // recorded pace, 0 as fast as possible. The gap between two files is not
  // waited for. Where a worker falls behind, it catches up without waiting.
  double speed = 0;

  // The wall clock; any epoch, never backwards. Called once a burst, and only
  // with a `speed` above 0, which requires it.
  std::function<Timestamp()> now;

  size_t blocks = 32;
  size_t block_bytes = 1024 * 1024;  // At least CaptureRecord::kMaxBytes.

  uint16_t port = 0;  // Given to every packet.
};

// How far a replay has come, since its start. All loops count.
struct ReplayProgress {
  Counter packets;
  Counter bytes;             // Of packets, as captured.
  Counter file_bytes;        // Of the files, headers included.
  Counter loops;             // Completed.
  Counter blocks_exhausted;  // Calls that found no block to copy into.
};

class ReplaySource : public PacketSource {
 public:
  // Checks the options, and that each file can be opened and begins as a
  // capture; a pipe is opened when its turn comes. Errors name the file, or the
  // option with its value and the allowed range. REQUIRES: `files` not empty.
  static absl::StatusOr<std::unique_ptr<ReplaySource>> Create(
      std::vector<std::string> files, ReplayOptions options);

  // REQUIRES: every packet that this source gave out was freed.
  ~ReplaySource() override;

  size_t Receive(std::span<Packet> burst) override;
  State state() const override { return state_; }

  // Why the source ended: OK at the end of the last file, else the error of
  // CaptureReader, or of opening a file. Packets before the error were
  // delivered; files after it are not read. REQUIRES: state() is kEnded.
  const absl::Status& status() const { return status_; }
  // CaptureReader's warnings, the first kMaxWarnings files' that had one.
  // REQUIRES: state() is kEnded.
  static constexpr size_t kMaxWarnings = 16;
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Bytes of all files together; 0 for pipes. For one pass.
  uint64_t total_file_bytes() const { return total_file_bytes_; }

  const ReplayProgress& progress() const { return progress_; }

 private:
  // A stretch of memory that packets are copied into, one behind the other.
  class Block : public PacketOwner {
   public:
    explicit Block(size_t bytes)
        : storage_(std::make_unique_for_overwrite<uint8_t[]>(bytes)) {}

    void Release(Packet&) override {
      lent_.fetch_sub(1, std::memory_order_release);
    }

    // Packets that point into it. Acquire: what their holders did is over.
    uint32_t lent() const { return lent_.load(std::memory_order_acquire); }
    void Lend() { lent_.fetch_add(1, std::memory_order_relaxed); }
    uint8_t* storage() { return storage_.get(); }

   private:
    std::unique_ptr<uint8_t[]> storage_;
    std::atomic<uint32_t> lent_{0};  // Raised by the worker, lowered by any.
  };

  ReplaySource(std::vector<std::string> files, ReplayOptions options,
               uint64_t total_file_bytes);

  bool ReadPending(Timestamp now);
  bool OpenNextFile();
  void CloseFile();
  void PlacePendingInTime(Timestamp now);
  bool FindRoom();
  void DeliverPending(Packet& packet);
  void End(absl::Status status);

  const std::vector<std::string> files_;
  const ReplayOptions options_;
  const uint64_t total_file_bytes_;

  // The file being read, and where it is.
  std::unique_ptr<CaptureReader> reader_;  // Null between two files.
  size_t next_file_ = 0;
  uint64_t bytes_of_finished_files_ = 0;
  uint64_t packets_at_loop_start_ = 0;

  // The record that was read last, if it was not delivered yet.
  CaptureRecord pending_;
  bool has_pending_ = false;

  // Packet time. Times of the current file are its stamps plus `shift_`.
  uint64_t next_index_ = 0;
  Timestamp clock_;                // Largest time given out.
  bool replay_has_begun_ = false;  // A first record was read,
  bool file_has_begun_ = false;    // also of the current file.
  Duration shift_;
  Timestamp file_begin_;  // Time of the file's first record.
  Timestamp file_clock_;  // Largest time read of the file.

  // Wall time at which the file's first and the pending record are due. Only
  // kept with a pace.
  Timestamp file_due_;
  Timestamp due_;

  std::vector<std::unique_ptr<Block>> blocks_;
  size_t current_block_ = 0;
  size_t block_used_ = 0;  // Bytes of the current block.

  ReplayProgress progress_;
  State state_ = State::kActive;
  absl::Status status_;
  std::vector<std::string> warnings_;
};

}  // namespace mosaic
