#include "tests/bench/workload.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

namespace mosaic::bench {
namespace {

// Sums with SAD and xors 16 bytes at a time, with intrinsics, so that compiler
// flags do not decide a comparison with another program.
void Touch(std::span<const uint8_t> bytes, Results& results) {
  const __m128i zero = _mm_setzero_si128();
  __m128i sum = zero;
  __m128i mixed = zero;
  size_t i = 0;
  for (; i + 16 <= bytes.size(); i += 16) {
    const __m128i word =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + i));
    sum = _mm_add_epi64(sum, _mm_sad_epu8(word, zero));
    mixed = _mm_xor_si128(mixed, word);
  }
  uint64_t total = static_cast<uint64_t>(_mm_cvtsi128_si64(sum)) +
                   static_cast<uint64_t>(_mm_extract_epi64(sum, 1));
  uint64_t folded = static_cast<uint64_t>(_mm_cvtsi128_si64(mixed)) ^
                    static_cast<uint64_t>(_mm_extract_epi64(mixed, 1));
  folded ^= folded >> 32;
  folded ^= folded >> 16;
  folded ^= folded >> 8;
  uint8_t xor8 = static_cast<uint8_t>(folded);
  for (; i < bytes.size(); ++i) {
    total += bytes[i];
    xor8 ^= bytes[i];
  }
  results.bytesum += total;
  results.xor8 ^= xor8;
}

uint32_t Crc32c(uint32_t crc, std::span<const uint8_t> bytes) {
  uint64_t wide = crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  uint32_t narrow = static_cast<uint32_t>(wide);
  for (; i < bytes.size(); ++i) narrow = _mm_crc32_u8(narrow, bytes[i]);
  return narrow;
}

// Counts connections and their stream bytes; what each workload does.
class Counting : public NetworkFunction {
 public:
  explicit Counting(Results& results) : results_(results) {}

  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kConnectionStart, Hook::kSender) |
           EventMask::Of(EventKind::kConnectionEnd, Hook::kReceiver,
                         Side::kServer);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}

 protected:
  void Count(const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kConnectionStart) {
      ++results_.connections_started;
    } else if (event.kind == EventKind::kConnectionEnd) {
      ++results_.connections_ended;
      results_.bytes_client_to_server +=
          flow.counters(Side::kClient).stream_bytes;
      results_.bytes_server_to_client +=
          flow.counters(Side::kServer).stream_bytes;
    }
  }
  Results& results_;
};

class EventsWorkload : public Counting {
 public:
  using Counting::Counting;
  EventMask subscriptions() const override {
    return Counting::subscriptions() |
           EventMask::Of(EventKind::kStateChange, Hook::kSender) |
           EventMask::Of(EventKind::kStateChange, Hook::kReceiver);
  }
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override {
    if (event.kind == EventKind::kStateChange) {
      ++results_.state_changes;
    } else {
      Count(event, flow);
    }
    return Verdict::kForward;
  }
};

class ReadWorkload : public Counting {
 public:
  using Counting::Counting;
  EventMask subscriptions() const override {
    return Counting::subscriptions() |
           EventMask::Of(EventKind::kNewData, Hook::kNone);
  }
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override {
    if (event.kind == EventKind::kNewData) {
      Touch(event.data, results_);
    } else {
      Count(event, flow);
    }
    return Verdict::kForward;
  }
};

class CrcWorkload : public Counting {
 public:
  using Counting::Counting;
  EventMask subscriptions() const override {
    return Counting::subscriptions() |
           EventMask::Of(EventKind::kNewData, Hook::kNone);
  }
  ContextLayout context_layout() const override { return {sizeof(Context)}; }
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override {
    if (event.kind == EventKind::kNewData) {
      uint32_t& crc = flow.Context<Context>()[Index(event.side)];
      crc = ~Crc32c(~crc, event.data);
      return Verdict::kForward;
    }
    if (event.kind == EventKind::kConnectionEnd) {
      for (uint32_t crc : flow.Context<Context>())
        results_.crc32c_sum += ~crc & 0xffffffff;
    }
    Count(event, flow);
    return Verdict::kForward;
  }

 private:
  // Kept inverted, so that a cleared context is the initial value.
  using Context = std::array<uint32_t, kSides>;
};

}  // namespace

std::optional<Workload> WorkloadOf(std::string_view name) {
  if (name == "floor") return Workload::kFloor;
  if (name == "events") return Workload::kEvents;
  if (name == "read") return Workload::kRead;
  if (name == "crc") return Workload::kCrc;
  return std::nullopt;
}

void Results::Add(const Results& other) {
  connections_started += other.connections_started;
  connections_ended += other.connections_ended;
  bytes_client_to_server += other.bytes_client_to_server;
  bytes_server_to_client += other.bytes_server_to_client;
  bytesum += other.bytesum;
  crc32c_sum += other.crc32c_sum;
  state_changes += other.state_changes;
  xor8 ^= other.xor8;
}

std::unique_ptr<NetworkFunction> MakeWorkload(Workload workload,
                                              Results& results) {
  switch (workload) {
    case Workload::kRead:
      return std::make_unique<ReadWorkload>(results);
    case Workload::kCrc:
      return std::make_unique<CrcWorkload>(results);
    case Workload::kEvents:
    case Workload::kFloor:
      break;
  }
  return std::make_unique<EventsWorkload>(results);
}

}  // namespace mosaic::bench
