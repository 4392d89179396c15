// PcapngFormat reads the block-structured capture format.
//
//   | section | interface | interface | packet | packet | ... | section | ...
//
// A section sets the byte order; an interface gives link type and unit of time
// to the packets that name it. Interfaces of one file may differ in all of it.
// Blocks of other kinds are skipped.
//
// Memory      One small entry for each interface of the current section, at
//             most kMaxInterfaces.

#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/io/capture_format.h"
#include "dataplane/io/file_byte_order.h"

namespace mosaic {

class PcapngFormat : public CaptureFormat {
 public:
  static constexpr size_t kMaxInterfaces = 65'536;
  // Of the blocks that are read and not skipped.
  static constexpr size_t kMaxBlockBytes = 1024 * 1024;

  // True if a file that begins with these four bytes is in this format.
  static bool Recognises(const uint8_t* first_four);

  using CaptureFormat::CaptureFormat;

  Read ReadHeader() override;
  Read Next(CaptureRecord& record) override;

 private:
  struct Interface {
    uint16_t link_number = 0;
    uint32_t snap_bytes = 0;  // 0: packets are not cut.
    // Unit of time: 10^-exponent seconds or 2^-exponent seconds.
    enum class Base : uint8_t { kTen, kTwo } base = Base::kTen;
    uint8_t exponent = 6;
    int64_t offset_seconds = 0;
  };
  struct Block {
    uint64_t offset;  // In the file.
    uint32_t kind;
    std::span<const uint8_t> body;  // Between the two length fields.
  };

  Read ReadSectionHeader();
  Read ReadBlock(Block& block);
  Read ReadInterface(const Block& block);
  Read ReadPacket(const Block& block, CaptureRecord& record);
  Read ReadSimplePacket(const Block& block, CaptureRecord& record);
  Read SetLink(const Block& block, const Interface& interface,
               CaptureRecord& record);
  Timestamp TimeOf(uint64_t stamp, const Interface& interface) const;

  FileByteOrder order_;
  std::vector<Interface> interfaces_;
  Timestamp last_time_;  // Of the last packet that had one.
};

}  // namespace mosaic
