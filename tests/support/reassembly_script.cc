#include "tests/support/reassembly_script.h"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/reassembly_buffer.h"
#include "tests/support/naive_stream.h"

namespace mosaic::testing {

namespace {

using Insertion = ReassemblyBuffer::Insertion;
using Range = ReassemblyBuffer::Range;

// Reads a script; zeros after its end.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> script) : rest_(script) {}

  bool done() const { return rest_.empty(); }

  uint32_t U8() {
    if (rest_.empty()) return 0;
    const uint32_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  uint32_t U16() {
    const uint32_t high = U8();
    return high << 8 | U8();
  }
  uint32_t U32() {
    const uint32_t high = U16();
    return high << 16 | U16();
  }

 private:
  std::span<const uint8_t> rest_;
};

class ConflictList : public ConflictSink {
 public:
  void OnConflict(const Conflict& conflict) override {
    list.push_back(conflict);
  }
  std::vector<Conflict> list;
};

// The byte that an honest sender has at `offset`.
uint8_t TrueByte(uint64_t offset) {
  return static_cast<uint8_t>(offset * 0x9e3779b97f4a7c15u >> 56);
}

constexpr size_t kPools[] = {2, 3, 5, 16, 64, 64, 64, 64};
constexpr uint64_t kStarts[] = {0,
                                1,
                                Chunk::kBytes - 7,
                                1 << 20,
                                (uint64_t{1} << 32) - 100,
                                (uint64_t{5} << 40) + 77,
                                (uint64_t{1} << 20) * 511 - 9,
                                4095};
constexpr uint32_t kCapacities[] = {1,      63,      2048,    5000,
                                    40'000, 300'000, 9 << 20, 1u << 30};
constexpr OverlapPolicy kPolicies[] = {
    OverlapPolicy::kFirst, OverlapPolicy::kLast,    OverlapPolicy::kLinux,
    OverlapPolicy::kBsd,   OverlapPolicy::kWindows, OverlapPolicy::kSolaris};

class Play {
 public:
  Play(std::span<const uint8_t> script, ScriptCoverage& coverage)
      : in_(script),
        coverage_(coverage),
        pool_(kPools[in_.U8() % std::size(kPools)]),
        start_(kStarts[in_.U8() % std::size(kStarts)]),
        capacity_(kCapacities[in_.U8() % std::size(kCapacities)]),
        deliver_at_once_(in_.U8() % 2 == 0),
        buffer_(pool_, start_, capacity_),
        naive_(start_, capacity_) {}

  std::string Run() {
    while (!in_.done() && wrong_.str().empty()) {
      Operation();
      ++coverage_.operations;
      if (wrong_.str().empty()) CompareState();
    }
    if (!wrong_.str().empty()) {
      wrong_ << " after operation " << coverage_.operations;
    }
    return wrong_.str();
  }

 private:
  void Operation() {
    switch (in_.U8() % 16) {
      case 8:
        DeliverAll();
        break;
      case 9:
        DeliverSome(in_.U16());
        break;
      case 10:
        DeliverDirect(in_.U8());
        break;
      case 11:
        DeliverDirect(in_.U32() % 100'000);
        break;
      case 12:
        ReleaseTo(buffer_.floor() + in_.U16());
        break;
      case 13:
        DeliverAll();
        ReleaseTo(buffer_.delivered());
        break;
      case 14:
        SkipHole();
        break;
      case 15:
        Resize(in_.U8() % 2 == 0 ? kCapacities[in_.U8() % 8]
                                 : 1 + in_.U16() % 8192);
        break;
      default:
        Insert();
        if (deliver_at_once_) DeliverAll();
    }
  }

  uint64_t ChooseOffset() {
    const uint64_t delivered = buffer_.delivered();
    const uint32_t kind = in_.U8();
    uint64_t forward = 0;
    switch (kind % 8) {
      case 0:
        break;
      case 1:
      case 2:
      case 3:
        forward = in_.U8() % 48;
        break;
      case 4:
        forward = in_.U16();
        break;
      case 5:
        forward = in_.U32() % (capacity_ + uint64_t{100});
        break;
      case 6: {
        const uint64_t back = in_.U16() % 4096;
        return delivered < back ? 0 : delivered - back;
      }
      case 7:
        forward = in_.U8() % 4 * Chunk::kBytes;
        break;
    }
    return delivered + forward;
  }

  void Insert() {
    const uint64_t offset = ChooseOffset();
    const uint32_t shape = in_.U8();
    const uint32_t length = shape % 16 == 0 ? in_.U16() % 6000 : in_.U8() % 24;
    const uint32_t lie = in_.U8();  // Every how many bytes one is wrong.
    std::vector<uint8_t> payload(length);
    for (uint32_t i = 0; i < length; ++i) {
      payload[i] = TrueByte(offset + i);
      if (lie >= 128 && (i / 3) % (lie - 127) == 0) {
        payload[i] = static_cast<uint8_t>(lie + i);
      }
    }
    const OverlapPolicy policy = kPolicies[in_.U8() % std::size(kPolicies)];

    ConflictList told;
    const Insertion got = buffer_.Insert(offset, payload, policy, &told);
    std::optional<uint32_t> room;
    if (got.refusal == ReassemblyBuffer::Refusal::kNoMemory) room = got.stored;
    std::vector<Conflict> expected;
    const Insertion want =
        naive_.Insert(offset, payload, policy, room, expected);

    Same("stored", got.stored, want.stored);
    Same("duplicate", got.duplicate, want.duplicate);
    Same("replaced", got.replaced, want.replaced);
    Same("unverified", got.unverified, want.unverified);
    Same("refused", got.refused, want.refused);
    Same("conflicting", got.conflicting, want.conflicting);
    Same("refusal", static_cast<int>(got.refusal),
         static_cast<int>(want.refusal));
    CompareConflicts(told.list, expected);
    CountAccount(got, length);
  }

  void CompareConflicts(const std::vector<Conflict>& got,
                        const std::vector<Conflict>& want) {
    Same("number of conflicts", got.size(), want.size());
    if (got.size() != want.size()) return;
    for (size_t i = 0; i < got.size(); ++i) {
      Same("conflict's offset", got[i].offset, want[i].offset);
      Same("conflict's length", got[i].length, want[i].length);
      Same("hash of the held version", got[i].hash_held, want[i].hash_held);
      Same("hash of the new version", got[i].hash_new, want[i].hash_new);
      Same("conflict's delivered", got[i].delivered, want[i].delivered);
    }
    coverage_.conflicts += got.size();
  }

  void CountAccount(const Insertion& in, uint32_t length) {
    bytes_in_ += length;
    settled_ += in.duplicate + in.replaced + in.unverified + in.refused;
    coverage_.stored += in.stored;
    coverage_.duplicate += in.duplicate;
    coverage_.replaced += in.replaced;
    coverage_.unverified += in.unverified;
    (in.refusal == ReassemblyBuffer::Refusal::kNoMemory
         ? coverage_.refused_memory
         : coverage_.refused_beyond) += in.refused;
  }

  void DeliverSome(uint32_t at_most) {
    const auto bytes = buffer_.Deliverable();
    const auto n = std::min(at_most, static_cast<uint32_t>(bytes.size()));
    for (uint32_t i = 0; i < n; ++i) {
      Same("delivered byte", bytes[i], naive_.At(naive_.delivered() + i));
    }
    buffer_.Deliver(n);
    naive_.Deliver(n);
    settled_ += n;
  }

  void DeliverAll() {
    while (!buffer_.Deliverable().empty()) DeliverSome(~0u);
    Same("held at delivered()", naive_.Holds(naive_.delivered()), false);
  }

  void DeliverDirect(uint32_t at_most) {
    uint32_t n = 0;
    while (n < at_most && !naive_.Holds(naive_.delivered() + n)) ++n;
    buffer_.DeliverDirect(n);
    naive_.Deliver(n);
  }

  void ReleaseTo(uint64_t offset) {
    offset = std::min(offset, buffer_.delivered());
    buffer_.Release(offset);
    naive_.Release(offset);
  }

  void SkipHole() {
    const uint64_t got = buffer_.SkipHole();
    Same("skipped", got, naive_.SkipHole());
    coverage_.skipped += got;
  }

  void Resize(uint32_t capacity) {
    const uint64_t pending = buffer_.pending_bytes();
    capacity_ = capacity;
    const Range got = buffer_.Resize(capacity);
    const Range want = naive_.Resize(capacity);
    Same("offset lost", got.offset, want.offset);
    Same("bytes lost", got.length, want.length);
    settled_ += pending - buffer_.pending_bytes();
    coverage_.lost_by_resize += got.length;
  }

  void CompareState() {
    Same("floor", buffer_.floor(), naive_.floor());
    Same("delivered", buffer_.delivered(), naive_.delivered());
    Same("limit", buffer_.limit(), naive_.limit());
    Same("pending", buffer_.pending_bytes(), naive_.Pending());
    Same("retained", buffer_.retained_bytes(), naive_.Retained());
    Same("islands", buffer_.islands(), naive_.Islands());
    Same("byte account", settled_ + buffer_.pending_bytes(), bytes_in_);

    std::set<uint64_t> chunks;
    uint64_t at = buffer_.floor();
    for (const Range& want : naive_.Ranges()) {
      const Range got = buffer_.NextHeld(at);
      Same("range's offset", got.offset, want.offset);
      Same("range's length", got.length, want.length);
      at = want.offset + want.length;
      std::vector<uint8_t> copy(want.length + 1);
      Same("bytes copied", buffer_.Copy(want.offset, copy), want.length);
      for (uint64_t i = 0; i < want.length; ++i) {
        Same("held byte", copy[i], naive_.At(want.offset + i));
        chunks.insert((want.offset + i) / Chunk::kBytes);
      }
      if (want.offset > naive_.delivered() && !hole_seen_) {
        hole_seen_ = true;
        const bool waits = !naive_.Holds(naive_.delivered());
        Same("hole", buffer_.Hole().length,
             waits ? want.offset - naive_.delivered() : 0);
      }
    }
    Same("ranges after the last", buffer_.NextHeld(at).length, 0);
    if (!hole_seen_) Same("hole", buffer_.Hole().length, 0);
    hole_seen_ = false;
    CompareMemory(chunks.size());
  }

  // A chunk is lent for each that holds a byte, and at most two directories on
  // the way to each.
  void CompareMemory(size_t chunks) {
    const size_t lent = pool_.total_chunks() - pool_.free_chunks();
    Same("too few chunks lent", lent < chunks, false);
    Same("too many chunks lent", lent > 3 * chunks, false);
  }

  template <typename A, typename B>
  void Same(const char* what, const A& got, const B& want) {
    if (static_cast<uint64_t>(got) == static_cast<uint64_t>(want)) return;
    if (!wrong_.str().empty()) return;
    wrong_ << what << ": " << static_cast<uint64_t>(got) << ", the model has "
           << static_cast<uint64_t>(want);
  }

  Reader in_;
  ScriptCoverage& coverage_;
  ChunkPool pool_;
  uint64_t start_;
  uint32_t capacity_;
  bool deliver_at_once_;
  ReassemblyBuffer buffer_;
  NaiveStream naive_;
  uint64_t bytes_in_ = 0;
  uint64_t settled_ = 0;  // Left the account of what is waiting.
  bool hole_seen_ = false;
  std::ostringstream wrong_;
};

}  // namespace

std::string PlayReassemblyScript(std::span<const uint8_t> script,
                                 ScriptCoverage& coverage) {
  return Play(script, coverage).Run();
}

}  // namespace mosaic::testing
