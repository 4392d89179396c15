// Verdict: what a network function wants done with the packet that caused an
// event.

#pragma once

#include <cstdint>

namespace mosaic {

// Mildest first: of several answers the severest counts, so the order matters.
enum class Verdict : uint8_t {
  kForward,
  kHold,       // Keep this packet back until FlowView::Release(), a second at
               // most. All else goes on as if it had left: later functions, the
               // receiver's end as the engine has it, readers. A packet without
               // a flow, or put together of fragments, cannot be held: it has
               // the fate of the function's failure policy, as one has that is
               // held too long or finds no room.
  kDrop,       // Drop this packet. At the sender's hook the receiver never sees
               // it. At NEW_DATA readers were offered the bytes already; who
               // drops them is asked again when they are sent again: see
               // Event::resent.
  kBlockFlow,  // Drop this packet and every later one of its flow.
};

}  // namespace mosaic
