// Builds capture files in memory, in every format that is read, so that tests
// show what is in a file and can damage it where they like.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mosaic::testing {

enum class FileOrder { kLittle, kBig };
enum class FileUnit { kMicroseconds, kNanoseconds };

using FileBytes = std::vector<uint8_t>;

// Appends numbers in one byte order.
class NumberWriter {
 public:
  explicit NumberWriter(FileOrder order) : order_(order) {}

  void Put(uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) {
      const size_t shift = order_ == FileOrder::kLittle ? i : bytes - 1 - i;
      bytes_.push_back(static_cast<uint8_t>(value >> (8 * shift)));
    }
  }
  void Put16(uint16_t value) { Put(value, 2); }
  void Put32(uint32_t value) { Put(value, 4); }
  void PutText(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  void PadToFour() {
    while (bytes_.size() % 4 != 0) bytes_.push_back(0);
  }
  void PutBytes(const FileBytes& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  const FileBytes& bytes() const { return bytes_; }

 private:
  const FileOrder order_;
  FileBytes bytes_;
};

class PcapBuilder {
 public:
  explicit PcapBuilder(FileOrder order = FileOrder::kLittle,
                       FileUnit unit = FileUnit::kMicroseconds,
                       uint32_t link_number = 1)
      : out_(order), unit_(unit) {
    out_.Put32(unit == FileUnit::kMicroseconds ? 0xa1b2c3d4 : 0xa1b23c4d);
    out_.Put16(2);
    out_.Put16(4);
    out_.Put32(0);  // Time zone and accuracy, unused since ever.
    out_.Put32(0);
    out_.Put32(65535);
    out_.Put32(link_number);
  }

  // A packet that was `wire_length` bytes long; 0: that was not cut.
  PcapBuilder& Packet(int64_t nanos, std::string_view bytes,
                      uint32_t wire_length = 0) {
    const auto length = static_cast<uint32_t>(bytes.size());
    RecordHeader(nanos, length, wire_length == 0 ? length : wire_length);
    out_.PutText(bytes);
    return *this;
  }

  PcapBuilder& RecordHeader(int64_t nanos, uint32_t captured,
                            uint32_t wire_length) {
    const int64_t fraction = nanos % 1'000'000'000;
    out_.Put32(static_cast<uint32_t>(nanos / 1'000'000'000));
    out_.Put32(static_cast<uint32_t>(
        unit_ == FileUnit::kMicroseconds ? fraction / 1000 : fraction));
    out_.Put32(captured);
    out_.Put32(wire_length);
    return *this;
  }

  const FileBytes& bytes() const { return out_.bytes(); }

 private:
  NumberWriter out_;
  const FileUnit unit_;
};

class PcapngBuilder {
 public:
  explicit PcapngBuilder(FileOrder order = FileOrder::kLittle)
      : order_(order), out_(order) {
    Section();
  }

  PcapngBuilder& Section() {
    NumberWriter body(order_);
    body.Put32(0x1a2b3c4d);
    body.Put16(1);
    body.Put16(0);
    body.Put(~uint64_t{0}, 8);  // Length unknown.
    return Block(0x0a0d0d0a, body.bytes());
  }

  // An interface whose stamps count 10^-6 seconds.
  PcapngBuilder& Interface(uint16_t link_number, uint32_t snap_bytes = 0) {
    NumberWriter body(order_);
    PutInterface(body, link_number, snap_bytes);
    return Block(1, body.bytes());
  }

  // One whose stamps count units of `resolution`, as if_tsresol has it, from
  // `offset_seconds` after 1970.
  PcapngBuilder& InterfaceWithTime(uint16_t link_number, uint8_t resolution,
                                   int64_t offset_seconds = 0) {
    NumberWriter body(order_);
    PutInterface(body, link_number, 0);
    body.Put16(2);  // if_name, which nobody reads.
    body.Put16(3);
    body.PutText("eth");
    body.PadToFour();
    body.Put16(9);
    body.Put16(1);
    body.Put(resolution, 1);
    body.PadToFour();
    body.Put16(14);
    body.Put16(8);
    body.Put(static_cast<uint64_t>(offset_seconds), 8);
    body.Put32(0);
    return Block(1, body.bytes());
  }

  PcapngBuilder& Packet(uint32_t interface, uint64_t stamp,
                        std::string_view bytes, uint32_t wire_length = 0) {
    NumberWriter body(order_);
    body.Put32(interface);
    PutPacket(body, stamp, bytes, wire_length);
    return Block(6, body.bytes());
  }

  // The packet block of the format's first drafts.
  PcapngBuilder& OldPacket(uint16_t interface, uint64_t stamp,
                           std::string_view bytes) {
    NumberWriter body(order_);
    body.Put16(interface);
    body.Put16(7);  // Drops.
    PutPacket(body, stamp, bytes, 0);
    return Block(2, body.bytes());
  }

  PcapngBuilder& SimplePacket(std::string_view bytes, uint32_t wire_length) {
    NumberWriter body(order_);
    body.Put32(wire_length);
    body.PutText(bytes);
    body.PadToFour();
    return Block(3, body.bytes());
  }

  PcapngBuilder& Block(uint32_t kind, const FileBytes& body) {
    const auto total = static_cast<uint32_t>(body.size() + 12);
    out_.Put32(kind);
    out_.Put32(total);
    out_.PutBytes(body);
    out_.Put32(total);
    return *this;
  }

  const FileBytes& bytes() const { return out_.bytes(); }

 private:
  static void PutInterface(NumberWriter& body, uint16_t link_number,
                           uint32_t snap_bytes) {
    body.Put16(link_number);
    body.Put16(0);
    body.Put32(snap_bytes);
  }
  static void PutPacket(NumberWriter& body, uint64_t stamp,
                        std::string_view bytes, uint32_t wire_length) {
    const auto length = static_cast<uint32_t>(bytes.size());
    body.Put32(static_cast<uint32_t>(stamp >> 32));
    body.Put32(static_cast<uint32_t>(stamp));
    body.Put32(length);
    body.Put32(wire_length == 0 ? length : wire_length);
    body.PutText(bytes);
    body.PadToFour();
  }

  const FileOrder order_;
  NumberWriter out_;
};

}  // namespace mosaic::testing
