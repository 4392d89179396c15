// FragmentStage puts fragmented datagrams together, each in the place of the
// packet that completes it, and says what becomes of the fragments themselves.
//
// On a wire fragments go on as they came and when they came; none is held back
// for the others. Only the one that completes its datagram waits for the
// datagram's verdict and shares it. So a function that drops a datagram drops
// the last part of it: the earlier ones are gone, and make no datagram at the
// receiver.
//
// Threading   Owner worker only.
// Bounds      FragmentLimits, DatagramPool::kDatagrams, kMaxReassemblies.

#pragma once

#include <cstdint>

#include "dataplane/base/packet.h"
#include "dataplane/engine/datagram_pool.h"
#include "dataplane/flow/flow_hash.h"
#include "dataplane/parse/ip_reassembly.h"
#include "dataplane/parse/parser.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

class FragmentStage {
 public:
  // Fragments in a tunnel that came in fragments are put together too; not
  // those in a tunnel in these.
  static constexpr uint8_t kMaxReassemblies = 2;

  // All references outlive the stage.
  FragmentStage(const FragmentLimits& limits, IpReassembly::Delivered delivered,
                const Parser& parser, const FlowHash& hash,
                CoreCounters& counters);

  // The keyed hash of the fragment's datagram, which names its owner.
  // REQUIRES: `parsed` says kFragment.
  uint64_t HashOf(const Packet& packet, const ParsedPacket& parsed) const;

  // True if a datagram can be held. REQUIRES for Take().
  bool HasRoom();

  // Takes the fragment: decides its fate, or makes both arguments the datagram
  // that it completes, parsed and hashed. That may be a fragment again, whose
  // turn is next.
  // REQUIRES: `parsed` says kFragment, undecided, and its hash is HashOf().
  void Take(Packet& packet, ParsedPacket& parsed);

  // The fragment is refused for want of room.
  void RefuseForRoom(ParsedPacket& parsed);

  // Makes `packet` what a port received, if it is a datagram. REQUIRES:
  // `parsed` is its.
  static void Unwrap(const ParsedPacket& parsed, IpReassembly::Fate fate,
                     Packet& packet);

  // Forgets what never came, up to `budget` datagrams.
  void Expire(Timestamp now, size_t budget) {
    if (reassembly_.held() == 0) return;
    reassembly_.Expire(now, budget);
    Publish();
  }

  // Datagrams that are waited for or remembered.
  size_t held() const { return reassembly_.held(); }
  const IpReassembly& reassembly() const { return reassembly_; }
  size_t lent_datagrams() const { return pool_.lent(); }

 private:
  void Publish();

  const Parser& parser_;
  const FlowHash& hash_;
  CoreCounters& counters_;
  DatagramPool pool_;
  IpReassembly reassembly_;
};

}  // namespace mosaic
