// PcapFormat reads the classic capture format: a 24-byte header, then records
// of 16 bytes plus packet.
//
//   | magic | version | ... | snap length | link type | record | record | ...
//
// The magic number tells byte order and unit of time. The snap length is what
// the capturer promised to cut packets to; files in circulation break it, so a
// record's own length counts.

#pragma once

#include "dataplane/io/capture_format.h"
#include "dataplane/io/file_byte_order.h"

namespace mosaic {

class PcapFormat : public CaptureFormat {
 public:
  // True if a file that begins with these four bytes is in this format.
  static bool Recognises(const uint8_t* first_four);

  using CaptureFormat::CaptureFormat;

  Read ReadHeader() override;
  Read Next(CaptureRecord& record) override;

 private:
  FileByteOrder order_;
  int64_t nanos_per_fraction_ = 1000;
  LinkType link_ = LinkType::kEthernet;
};

}  // namespace mosaic
