// Fuzzes PacketEditor with scripts of edits on arbitrary frames: what was
// refused leaves the packet alone, what was done is a packet that can be read,
// with checksums that hold.
//
// Input: a byte of flags, two of the frame's length, the frame; then edits of
// six bytes each: operation and region, offset (2), length (2), fill.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/edit/packet_editor.h"
#include "dataplane/edit/packet_regions.h"

namespace mosaic {
namespace {

constexpr size_t kMaxFrame = 2048;
constexpr size_t kMaxEdits = 24;

class OpenGate : public LengthGate {
 public:
  EditResult MayChangeLength(Flow&, const ParsedPacket&, uint32_t, uint32_t,
                             uint32_t& settled) override {
    settled = 0;
    return EditResult::kDone;
  }
};

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

class Script {
 public:
  Script(const uint8_t* data, size_t size) : data_(data), size_(size) {
    frame_.resize(std::min<size_t>({ReadBig16(data + 1), kMaxFrame, size - 3}));
    std::copy_n(data + 3, frame_.size(), frame_.begin());
    packet_.data = frame_.data();
    packet_.length = packet_.wire_length = static_cast<uint32_t>(frame_.size());
    packet_.access =
        (data[0] & 1) != 0 ? PacketBytes::kOwn : PacketBytes::kShared;
    ParserConfig config;
    config.checksum = ChecksumPolicy::kIgnore;
    Parser(config).ParseOne(packet_, parsed_);
    editor_.Begin(packet_, parsed_);
  }
  ~Script() { editor_.End(); }

  void Run() {
    size_t at = 3 + frame_.size();
    for (size_t i = 0; i < kMaxEdits && at + 6 <= size_; ++i, at += 6) {
      Edit(data_ + at);
    }
  }

 private:
  void Edit(const uint8_t* code) {
    const std::vector<uint8_t> before(packet_.data,
                                      packet_.data + packet_.length);
    const auto region = static_cast<PacketRegion>(code[0] >> 2 & 3);
    const size_t offset = ReadBig16(code + 1);
    const size_t length = ReadBig16(code + 3) % kMaxFrame;
    const std::vector<uint8_t> bytes(length, code[5]);
    const EditScope scope = {&editor_, reinterpret_cast<Flow*>(&flow_),
                             EditStage::kSender};
    EditResult result;
    switch (code[0] & 3) {
      case 0:
        result =
            editor_.Insert(scope, region, offset, bytes, ChecksumUpdate::kBoth);
        break;
      case 1:
        result = editor_.Remove(scope, region, offset, length,
                                ChecksumUpdate::kBoth);
        break;
      default:
        result = editor_.Overwrite(scope, region, offset, bytes,
                                   ChecksumUpdate::kBoth);
    }
    if (result != EditResult::kDone) {
      Require(std::equal(before.begin(), before.end(), packet_.data,
                         packet_.data + packet_.length),
              "a refused edit changed the packet");
      return;
    }
    ParsedPacket read;
    // A payload may come to be a tunnel's, which nobody asked the editor for.
    ParserConfig config;
    config.encapsulations = EncapsulationSet::None();
    Parser(config).ParseOne(packet_, read);
    // Whether an ICMP error quotes a packet of its own receiver is for the next
    // parser to say.
    const auto is_icmp = [](const ParsedPacket& parsed) {
      return parsed.packet_class == PacketClass::kIcmp ||
             parsed.packet_class == PacketClass::kIcmpError;
    };
    Require(read.packet_class == parsed_.packet_class ||
                (is_icmp(read) && is_icmp(parsed_)),
            "another class");
    Require(read.payload == parsed_.payload &&
                read.payload_length == parsed_.payload_length,
            "payload elsewhere than told");
    Require(read.l4_checksum != L4Checksum::kBad ||
                read.packet_class == PacketClass::kIcmp ||
                read.packet_class == PacketClass::kIcmpError,
            "a checksum that does not hold");
  }

  const uint8_t* const data_;
  const size_t size_;
  std::vector<uint8_t> frame_;
  PacketBuffers buffers_{8};
  OpenGate gate_;
  std::array<Counter, kEditResults> results_;
  PacketEditor editor_{buffers_, gate_, results_};
  Packet packet_;
  ParsedPacket parsed_;
  uint64_t flow_ = 0;  // Its address stands for a flow.
};

}  // namespace
}  // namespace mosaic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 3) mosaic::Script(data, size).Run();
  return 0;
}
