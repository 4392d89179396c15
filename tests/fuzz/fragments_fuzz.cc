// Plays fragments of a few datagrams, any parts in any order, into a reassembly
// and into a map of bytes: what is completed must be the same. The first byte
// chooses the overlap policy; then four bytes are one fragment each:
//
//   datagram and version, offset, length and flags, what it is filled with

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/ip_reassembly.h"
#include "dataplane/parse/parser.h"

namespace mosaic {
namespace {

constexpr size_t kKeys = 8;
constexpr uint32_t kUnit = 8;
constexpr uint32_t kModelBytes = 64 * kUnit;
constexpr int kNoByte = -1;

// One datagram as the fragments that were taken say.
struct Model {
  bool refused = false;
  std::array<int, kModelBytes> byte;
  Model() { byte.fill(kNoByte); }
};

class Player {
 public:
  explicit Player(uint8_t choice) : last_wins_(choice % 3 == 2) {
    FragmentLimits limits;
    limits.datagrams = kKeys;
    limits.bytes = size_t{1} << 20;
    if (choice % 3 == 1) limits.overlap = OverlapPolicy::kFirst;
    if (choice % 3 == 2) limits.overlap = OverlapPolicy::kLast;
    reassembly_ = std::make_unique<IpReassembly>(
        limits, IpReassembly::Delivered::kForget);
  }

  void Play(const uint8_t* step) {
    if (step[0] == 0xff) {
      now_ = now_ + Duration::Seconds(31);
      reassembly_->Expire(now_, kKeys);
      MOSAIC_CHECK(reassembly_->held() == 0);
      models_ = {};
      return;
    }
    const size_t key = step[0] % kKeys;
    IpFragment fragment = FragmentOf(key, step);
    const FragmentResult result =
        reassembly_->Add(fragment, key * 0x9e3779b97f4a7c15, 100, now_);
    Judge(models_[key], fragment, result);
    MOSAIC_CHECK(reassembly_->held() <= kKeys);
  }

 private:
  IpFragment FragmentOf(size_t key, const uint8_t* step) {
    IpFragment fragment;
    const bool ipv6 = key % 2 == 1;
    fragment.datagram.ip_version = ipv6 ? 6 : 4;
    fragment.datagram.port[1] = static_cast<uint16_t>(key);
    fragment.datagram.protocol = 99;
    header_[0] = ipv6 ? 0x60 : 0x45;
    fragment.header = {header_.data(), ipv6 ? size_t{40} : size_t{20}};
    fragment.protocol_at = ipv6 ? 6 : 9;
    fragment.protocol = (step[2] & 0x20) != 0 ? ip_protocol::kTcp : 99;
    // Most lie in the model's reach; some do not.
    fragment.offset = step[1] < 0xf0 ? step[1] % 56 * kUnit
                                     : uint32_t{65528} - (step[1] & 0xf);
    fragment.more_follow = (step[2] & 0x80) != 0;
    const uint32_t odd = (step[2] & 0x40) != 0 ? 3 : 0;
    part_.assign((step[2] & 0x7) * kUnit + odd, step[3]);
    fragment.part = part_;
    return fragment;
  }

  void Judge(Model& model, const IpFragment& fragment, FragmentResult result) {
    switch (result) {
      case FragmentResult::kHeld:
      case FragmentResult::kCompleted:
        MOSAIC_CHECK(!model.refused);
        Write(model, fragment);
        if (result == FragmentResult::kCompleted) Complete(model, fragment);
        return;
      case FragmentResult::kDuplicate:
        for (size_t i = 0; i < fragment.part.size(); ++i) {
          const size_t at = fragment.offset + i;
          MOSAIC_CHECK(at >= kModelBytes || model.byte[at] == fragment.part[i]);
        }
        return;
      case FragmentResult::kBadLength:
        MOSAIC_CHECK(fragment.part.empty() ||
                     fragment.part.size() % kUnit != 0);
        return;
      case FragmentResult::kRefusedDatagram:
        MOSAIC_CHECK(model.refused);
        return;
      default:
        MOSAIC_CHECK(!model.refused);
        model.refused = true;
    }
  }

  void Write(Model& model, const IpFragment& fragment) const {
    for (size_t i = 0; i < fragment.part.size(); ++i) {
      const size_t at = fragment.offset + i;
      if (at >= kModelBytes) return;
      if (last_wins_ || model.byte[at] == kNoByte) {
        model.byte[at] = fragment.part[i];
      }
    }
  }

  void Complete(Model& model, const IpFragment& fragment) {
    std::vector<uint8_t> out(IpReassembly::kMaxDatagram);
    const IpReassembly::Taken taken = reassembly_->Take(out);
    const size_t header = fragment.header.size();
    for (size_t i = header; i < taken.length && i - header < kModelBytes; ++i) {
      MOSAIC_CHECK(out[i] == model.byte[i - header]);
    }
    model = Model();
    Packet packet;
    packet.data = out.data();
    packet.length = taken.length;
    packet.wire_length = taken.length;
    packet.link = LinkType::kRawIp;
    ParsedPacket parsed;
    Parser({}).ParseDatagram(packet, ParsedPacket(), parsed);
    MOSAIC_CHECK(parsed.packet_class != PacketClass::kFragment);
  }

  const bool last_wins_;
  std::unique_ptr<IpReassembly> reassembly_;
  std::array<Model, kKeys> models_;
  std::array<uint8_t, 40> header_ = {};
  std::vector<uint8_t> part_;
  Timestamp now_ = Timestamp::FromNanos(1);
};

}  // namespace
}  // namespace mosaic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  mosaic::Player player(data[0]);
  for (size_t at = 1; at + 4 <= size; at += 4) player.Play(data + at);
  return 0;
}
