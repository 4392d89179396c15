// PacketContext is one packet on its way through the flow stages.

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/api/packet_view.h"
#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_editor.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

struct PacketContext {
  // Changed by nobody but `editor` and SeqTranslator.
  Packet& packet;
  ParsedPacket& parsed;
  Timestamp now;  // The clock, see Packet::clock.
  PacketEditor& editor;
};

// The packet as functions see it at one stage of its life: whole, also where
// `context` has only the part of a segment that its receiver takes. `flow` is
// null for a packet without one.
inline PacketView ViewOf(const PacketContext& context, Side sender, Flow* flow,
                         EditStage stage) {
  const ParsedPacket* const whole = context.editor.parsed();
  return {context.packet,
          whole == nullptr ? context.parsed : *whole,
          sender,
          {&context.editor, flow, stage}};
}

inline EditStage StageOf(Hook hook) {
  switch (hook) {
    case Hook::kSender:
      return EditStage::kSender;
    case Hook::kReceiver:
      return EditStage::kReceiver;
    case Hook::kNone:
      break;
  }
  return EditStage::kStream;
}

}  // namespace mosaic
