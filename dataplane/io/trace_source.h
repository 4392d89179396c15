// A trace is a whole capture in memory, and a TraceSource feeds packets of it
// in bursts without copying them, as a port would, without the device: what the
// bench measures the engine with.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/io/packet_source.h"

namespace mosaic {

// Trace holds one capture file and an index of its packets.
//
// Ownership   Owns the bytes; must outlive its sources and their packets.
// Memory      The file's size plus 32 bytes a packet. All resident after
//             Load().
// Threading   Immutable after Load(), so any thread may read. Its packets are
//             PacketBytes::kShared: who edits one copies it first.
class Trace {
 public:
  // Half a cache line: every packet costs the read of its entry.
  struct alignas(32) Entry {
    uint8_t* data;
    Timestamp time;
    Timestamp clock;  // Largest time up to this packet.
    uint32_t wire_length;
    uint32_t length : 24;  // At most CaptureRecord::kMaxBytes.
    LinkType link : 8;
  };
  static_assert(sizeof(Entry) == 32);

  // Loads a regular pcap or pcapng file. Errors are those of CaptureReader; a
  // cut file is one too: half a trace would measure something else.
  static absl::StatusOr<std::unique_ptr<Trace>> Load(const std::string& path);

  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace();

  std::span<const Entry> packets() const { return packets_; }
  uint64_t packet_bytes() const { return packet_bytes_; }  // As captured.

 private:
  Trace(uint8_t* memory, size_t bytes) : memory_(memory), size_(bytes) {}

  uint8_t* const memory_;  // A private mapping of `size_` bytes.
  const size_t size_;
  std::vector<Entry> packets_;
  uint64_t packet_bytes_ = 0;
};

// Cost        A few ns a packet: the packet's fields are copied from the index,
//             and the headers of the packet kLookAhead places on are asked for,
//             so that they are in cache when their burst comes. Freeing a
//             packet costs nothing: it has no owner.
class TraceSource : public PacketSource {
 public:
  // A burst of the usual size: while one is worked on, the next is on its way.
  static constexpr size_t kLookAhead = 64;

  // All packets of `trace`, once.
  explicit TraceSource(const Trace& trace);

  // Only those packets of `trace` whose positions `subset` lists, in that
  // order; they keep their index and clock within the whole. For a trace that
  // is split among workers beforehand. REQUIRES: every position is less than
  // trace.packets().size(), and `subset` outlives the source.
  TraceSource(const Trace& trace, std::span<const uint32_t> subset);

  size_t Receive(std::span<Packet> burst) override;
  State state() const override {
    return next_ == end_ ? State::kEnded : State::kActive;
  }

  // Begins again at the first packet.
  void Rewind() { next_ = 0; }

 private:
  template <typename PositionOf>
  size_t ReceiveAt(std::span<Packet> burst, PositionOf position_of);

  const std::span<const Trace::Entry> packets_;
  const std::span<const uint32_t> subset_;
  const bool has_subset_;
  const size_t end_;  // Number of packets to give out.
  size_t next_ = 0;
};

}  // namespace mosaic
