// CaptureReader reads the packets of a pcap or pcapng file, one after the
// other.
//
// Micro- and nanoseconds, both byte orders, and pcapng files whose interfaces
// differ in link type, snap length or unit of time. (That is why it does not
// read through libpcap, which refuses such files at the first such interface.)
// Compressed files are not read; a pipe from a decompressor is.
//
// Ownership   Owns the open file.
// Memory      One read buffer of 256 KiB, at most 1 MiB.
// Threading   One thread at a time.
// Cost        No allocation per packet. A file's bytes are copied once, into
//             the read buffer; those of a capture in memory never.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/io/capture_record.h"

namespace mosaic {

class CaptureFormat;
class CaptureInput;

class CaptureReader {
 public:
  enum class Outcome {
    kRecord,  // The record is filled in. Ask again.
    kEnd,     // All packets were read and the file is whole.
    kError,   // No more can be read; status() says why.
  };

  // Opens a file and reads its header. Errors: the system's reason if it cannot
  // be opened, else as status().
  static absl::StatusOr<std::unique_ptr<CaptureReader>> Open(
      const std::string& path);

  // The same over a file's bytes in memory; `name` stands for the file in
  // errors. Records then point into `bytes`. REQUIRES: `bytes` outlives the
  // reader and all records.
  static absl::StatusOr<std::unique_ptr<CaptureReader>> OpenMemory(
      std::span<const uint8_t> bytes, const std::string& name);

  ~CaptureReader();

  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;

  // Reads the next packet. The record's bytes are valid until the next call.
  // After kEnd and kError every further call answers the same.
  [[nodiscard]] Outcome Next(CaptureRecord& record);

  // OK until Next() answers kError. Then, with file, packet number (from 1, as
  // in other tools) and byte offset:
  //   DATA_LOSS         the file ends in the middle of something, as when its
  //                     writer was stopped. All whole packets were read, and a
  //                     caller may go on with them.
  //   INVALID_ARGUMENT  not a capture, damaged, or of an unsupported link type.
  //   others            the system's reason for a failed read.
  const absl::Status& status() const { return status_; }

  // What is odd about a file that was read to its end: a few bytes behind the
  // last packet, too few for another one's header. Empty else.
  const std::string& warning() const { return warning_; }

  uint64_t packets() const { return packets_; }  // Read so far.
  uint64_t bytes_read() const;                   // Of the file, so far.

 private:
  CaptureReader(std::unique_ptr<CaptureInput> input, std::string name);

  static absl::StatusOr<std::unique_ptr<CaptureReader>> Start(
      std::unique_ptr<CaptureInput> input, const std::string& name);
  absl::Status ReadHeader();
  // `where` names the packet, or is empty for the file's header.
  absl::Status Problem(absl::StatusCode code, const std::string& where) const;

  const std::string name_;
  std::unique_ptr<CaptureInput> input_;
  std::unique_ptr<CaptureFormat> format_;
  uint64_t packets_ = 0;
  Outcome ended_ = Outcome::kRecord;  // Other than kRecord once it has.
  absl::Status status_;
  std::string warning_;
};

}  // namespace mosaic
