// Any bytes at all: the reader ends, gives no more bytes than the input has,
// and keeps to what its header promises of a record.

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/check.h"
#include "dataplane/io/capture_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto reader =
      mosaic::CaptureReader::OpenMemory(std::span(data, size), "fuzz");
  if (!reader.ok()) return 0;

  mosaic::CaptureRecord record;
  size_t packet_bytes = 0;
  uint8_t sum = 0;
  while ((*reader)->Next(record) == mosaic::CaptureReader::Outcome::kRecord) {
    MOSAIC_CHECK(record.bytes.size() <= mosaic::CaptureRecord::kMaxBytes);
    MOSAIC_CHECK(record.wire_length >= record.bytes.size());
    MOSAIC_CHECK(record.time >= mosaic::Timestamp());
    MOSAIC_CHECK(record.time <= mosaic::CaptureRecord::kLatest);
    for (const uint8_t byte : record.bytes) sum ^= byte;
    packet_bytes += record.bytes.size();
  }
  volatile uint8_t kept = sum;  // So that every byte is read.
  (void)kept;
  MOSAIC_CHECK(packet_bytes <= size);
  MOSAIC_CHECK((*reader)->bytes_read() <= size);
  return 0;
}
