// What network functions ask of the tracker: FlowServices.

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/edit/seq_remap.h"
#include "dataplane/engine/flow_tracker.h"
#include "dataplane/engine/hold_queue.h"
#include "dataplane/engine/segment_sender.h"
#include "dataplane/engine/seq_translator.h"
#include "dataplane/engine/stream_delivery.h"

namespace mosaic {
namespace {

const ChainLink* LinkOfSlot(const Subscription& subscription,
                            const NfSlot* slot) {
  for (const ChainLink& link : subscription.links()) {
    if (link.slot == slot) return &link;
  }
  return nullptr;
}

}  // namespace

// --- Functions and flows

void FlowTracker::StartFunctions() {
  for (NfSlot* slot : on_.slots) {
    if (slot->uses_handlers && slot->default_handlers == nullptr) {
      slot->default_handlers = handler_sets_.Empty();
    }
    if (slot->started) continue;
    slot->started = true;
    try {
      slot->nf->Start(WorkerView(*this, *slot));
    } catch (...) {
      slot->faults.Add(1);
    }
  }
}

void* FlowTracker::ContextOf(const Flow& flow, const LinkRef& link) {
  return link.slot->ContextOf(table_.IndexOf(flow));
}

void* FlowTracker::UserOf(const Flow& flow, const LinkRef& link) const {
  const LinkState* const state = link_states_.Find(flow, link.number);
  return state == nullptr ? nullptr : state->user;
}

void FlowTracker::SetUser(Flow& flow, const LinkRef& link, void* user) {
  link_states_.FindOrTake(flow, link.number).user = user;
}

FlowHandle FlowTracker::HandleOf(const Flow& flow) const {
  return {table_.IndexOf(flow), flow.generation};
}

bool FlowTracker::VisitFlow(FlowHandle handle, NfSlot& slot,
                            void (*visit)(FlowView& view, void* to), void* to) {
  if (handle.index >= table_.high_water() || !table_.InUse(handle.index)) {
    return false;
  }
  Flow& flow = table_.At(handle.index);
  if (flow.generation != handle.generation) return false;
  const ChainLink* const link = LinkOfSlot(*flow.subscription, &slot);
  if (link == nullptr) return false;
  FlowView view(flow, *this, link->ref());
  visit(view, to);
  // The flow may be in the middle of a packet of its own.
  if (flow.Has(flow_flag::kUnsettled | flow_flag::kToBeReset)) {
    ArmBy(flow, clock_);
  }
  return true;
}

void FlowTracker::DropLinkState(Flow& flow, LinkState& state) {
  timers_.CancelAll(state);
  link_states_.Give(flow, state);
}

// A function that stays attached keeps its context and state, at its new place
// in the chain; one that is new starts with clear ones.
void FlowTracker::MoveLinkStates(Flow& flow, const Subscription& old,
                                 const Subscription& next) {
  const uint32_t index = table_.IndexOf(flow);
  if (flow.Has(flow_flag::kHolding)) {
    holds_->MoveHolders(flow, index, old, next);
  }
  // Places in the chain mean others now.
  if (flow.Has(flow_flag::kWithheld)) {
    for (WithheldRanges& ranges : flow.rare_state->withheld) {
      ranges.AskFrom(Dispatcher::kWholeChain);
    }
  }
  LinkState* following = nullptr;
  for (LinkState* state = link_states_.First(flow); state != nullptr;
       state = following) {
    following = link_states_.Next(*state);
    const ChainLink* const place = LinkOfSlot(next, old.link[state->link].slot);
    if (place == nullptr) {
      DropLinkState(flow, *state);
    } else {
      state->link = place->number;
    }
  }
  for (const ChainLink& link : old.links()) {
    if (LinkOfSlot(next, link.slot) == nullptr) link.slot->DropContext(index);
  }
  for (const ChainLink& link : next.links()) {
    if (LinkOfSlot(old, link.slot) != nullptr) continue;
    link.slot->MakeContext(index);
    if (!link.peeks) continue;
    LinkState& state = link_states_.FindOrTake(flow, link.number);
    for (Side side : {Side::kClient, Side::kServer}) {
      state.read_offset[Index(side)] = flow.end[Index(Other(side))].delivered;
    }
  }
}

void FlowTracker::SwapSides(Flow& flow) {
  std::swap(flow.end[0], flow.end[1]);
  std::swap(flow.hot[0], flow.hot[1]);
  std::swap(flow.rare[0], flow.rare[1]);
  std::swap(flow.stream[0], flow.stream[1]);
  std::swap(flow.fin_seq[0], flow.fin_seq[1]);
  std::swap(flow.first_seq[0], flow.first_seq[1]);
  std::swap(flow.icmp_errors[0], flow.icmp_errors[1]);
  std::swap(flow.mss[0], flow.mss[1]);
  if (flow.rare_state != nullptr) flow.rare_state->SwapSides();
  if (flow.remap != nullptr) {
    std::swap(flow.remap->by_sender[0], flow.remap->by_sender[1]);
  }
  for (LinkState* state = link_states_.First(flow); state != nullptr;
       state = link_states_.Next(*state)) {
    std::swap(state->read_offset[0], state->read_offset[1]);
  }
}

void FlowTracker::RequestStop(Flow& flow, const LinkRef& link, Side side) {
  std::array<Attachment, Subscription::kMaxAttachments> attachments;
  const std::span<const Attachment> now = flow.subscription->attachments();
  std::ranges::copy(now, attachments.begin());
  bool changed = false;
  for (size_t i = 0; i < now.size(); ++i) {
    if ((link.attachments >> i & 1) == 0 || now[i].IsStopped(side)) continue;
    attachments[i].Stop(side, StopReason::kFunction);
    changed = true;
  }
  if (!changed) return;
  static_cast<void>(Exchange(flow, std::span(attachments).first(now.size())));
}

// --- Handlers

const HandlerSet& FlowTracker::HandlersOf(const Flow& flow,
                                          const LinkRef& link) const {
  const HandlerSet* const handlers =
      flow.subscription->link[link.number].handlers;
  return handlers == nullptr ? *handler_sets_.Empty() : *handlers;
}

RegisterError FlowTracker::Register(Flow& flow, const LinkRef& link,
                                    EventId event, Hook hook,
                                    EventHandler handler) {
  const HandlerSet* const old = flow.subscription->link[link.number].handlers;
  if (old == nullptr) return RegisterError::kNoHandlers;
  const HandlerSetTable::Result changed =
      handler_sets_.With(*old, event, hook, handler);
  if (changed.error != RegisterError::kNone) return changed.error;
  bool moved = true;
  if (changed.set != old) {
    std::array<Attachment, Subscription::kMaxAttachments> attachments;
    const std::span<const Attachment> now = flow.subscription->attachments();
    std::ranges::copy(now, attachments.begin());
    for (size_t i = 0; i < now.size(); ++i) {
      if ((link.attachments >> i & 1) == 0 ||
          attachments[i].handlers == nullptr) {
        continue;
      }
      attachments[i].handlers = changed.set;
    }
    moved = Exchange(flow, std::span(attachments).first(now.size()));
  }
  handler_sets_.Release(*changed.set);
  return moved ? RegisterError::kNone : RegisterError::kFull;
}

RegisterError FlowTracker::RegisterDefault(NfSlot& slot, EventId event,
                                           Hook hook, EventHandler handler) {
  if (slot.default_handlers == nullptr) return RegisterError::kNoHandlers;
  const HandlerSetTable::Result changed =
      handler_sets_.With(*slot.default_handlers, event, hook, handler);
  if (changed.error != RegisterError::kNone) return changed.error;
  handler_sets_.Release(*slot.default_handlers);
  slot.default_handlers = changed.set;
  LearnOrphanListeners();
  return RegisterError::kNone;
}

// --- Streams

SideSettings FlowTracker::OverriddenSettings(const Flow& flow, Side side,
                                             SideSettings settings) const {
  const size_t i = Index(side);
  bool overlap_set = false;
  settings.buffer_bytes = 0;
  for (const ChainLink& link : flow.subscription->links()) {
    if (!link.reads[i]) continue;
    const LinkState* const state = link_states_.Find(flow, link.number);
    const bool has_buffer = state != nullptr && state->has_buffer[i];
    settings.buffer_bytes =
        std::max(settings.buffer_bytes,
                 has_buffer ? state->buffer_bytes[i] : link.buffer_bytes[i]);
    if (state != nullptr && state->has_overlap[i] && !overlap_set) {
      settings.overlap = state->overlap[i];
      overlap_set = true;
    }
  }
  return settings;
}

uint64_t FlowTracker::FetchedOffset(const Flow& flow, Side side) const {
  uint64_t fetched = flow.end[Index(Other(side))].delivered;
  for (const ChainLink& link : flow.subscription->links()) {
    if (!link.peeks || !link.reads[Index(side)]) continue;
    const LinkState* const state = link_states_.Find(flow, link.number);
    if (state == nullptr) return 0;
    fetched = std::min(fetched, state->read_offset[Index(side)]);
  }
  return fetched;
}

// What functions are told of meanwhile may change settings again.
void FlowTracker::SettleStreams(Flow& flow, Timestamp now) {
  do {
    flow.Clear(flow_flag::kUnsettled);
    for (Side side : {Side::kClient, Side::kServer}) {
      const uint32_t bytes = SettingsOf(flow, side).buffer_bytes;
      if (bytes == 0) {
        delivery_->StopReading(flow, side);
      } else {
        delivery_->Resize(flow, side, bytes, now);
      }
    }
  } while (flow.Has(flow_flag::kUnsettled));
}

// --- Numbers, segments, resets

RemapResult FlowTracker::RemapSequence(Flow& flow, const PacketView* packet,
                                       Side side, int64_t shift, SeqNum base) {
  return translator_->Shift(flow, side, shift, base,
                            packet == nullptr ? EditScope() : packet->scope());
}

SendResult FlowTracker::Send(Flow& flow, const SegmentSpec& segment) {
  return sender_->Send(flow, table_.IndexOf(flow), segment);
}

SendResult FlowTracker::Reset(Flow& flow) {
  constexpr uint8_t kTcp = 6;
  if (flow.key.protocol != kTcp) return SendResult::kNoPath;
  if (!flow.Has(flow_flag::kResetHere)) flow.Set(flow_flag::kToBeReset);
  return sender_->CanSend(table_.IndexOf(flow)) ? SendResult::kQueued
                                                : SendResult::kNoPath;
}

size_t FlowTracker::Release(Flow& flow, const LinkRef& link, HeldFate fate,
                            size_t most) {
  return holds_->Release(flow, table_.IndexOf(flow), link.number, fate, most);
}

size_t FlowTracker::HeldBy(const Flow& flow, const LinkRef& link) const {
  return holds_->HeldBy(table_.IndexOf(flow), link.number);
}

void FlowTracker::Block(Flow& flow) {
  flow.Set(flow_flag::kBlocked);
  if (flow.Has(flow_flag::kHolding)) {
    holds_->DropAll(flow, table_.IndexOf(flow));
  }
}

void FlowTracker::AnswerWithReset(const Flow& flow, Side sender,
                                  const PacketContext& context) {
  sender_->AnswerWithReset(flow, table_.IndexOf(flow), sender, context.parsed);
}

void FlowTracker::ResetNow(Flow& flow, Timestamp now) {
  flow.Clear(flow_flag::kToBeReset);
  flow.Set(flow_flag::kResetHere | flow_flag::kReset);
  Block(flow);
  static_cast<void>(sender_->SendResets(flow, table_.IndexOf(flow)));
  for (const Side side : {Side::kClient, Side::kServer}) {
    TcpEnd& end = flow.end[Index(side)];
    const TcpState before = end.state;
    end.state = TcpState::kClosed;
    if (before == TcpState::kClosed ||
        !dispatcher_.Wants(flow, EventKind::kStateChange, Hook::kReceiver,
                           side)) {
      continue;
    }
    Event event;
    event.kind = EventKind::kStateChange;
    event.hook = Hook::kReceiver;
    event.side = side;
    event.now = now;
    event.old_state = before;
    event.new_state = TcpState::kClosed;
    static_cast<void>(dispatcher_.Raise(flow, event));
  }
  Rearm(flow);
}

// --- Timers

TimerHandle FlowTracker::Counted(TimerHandle timer) {
  if (timer == kNoTimer) counters_.timers_full.Add(1);
  return timer;
}

TimerHandle FlowTracker::ArmTimer(NfSlot& slot, const TimerSpec& spec) {
  return Counted(timers_.Arm({&slot, nullptr, nullptr}, spec, clock_));
}

TimerHandle FlowTracker::ArmTimer(Flow& flow, const LinkRef& link,
                                  const TimerSpec& spec) {
  LinkState& state = link_states_.FindOrTake(flow, link.number);
  return Counted(timers_.Arm({link.slot, &flow, &state}, spec, clock_));
}

bool FlowTracker::CancelTimer(NfSlot& slot, TimerHandle timer) {
  return timers_.Cancel(slot, timer);
}

void FlowTracker::FireTimers(Timestamp now) {
  timers_.AdvanceTo(now, limits_.expiry_budget,
                    [this, now](const FunctionTimers::Fired& fired) {
                      histograms_.timer_lateness.Record(static_cast<uint64_t>(
                          (now - fired.event.now).nanos()));
                      Fire(fired);
                    });
}

void FlowTracker::Fire(const FunctionTimers::Fired& fired) {
  counters_.timers_fired.Add(1);
  NfSlot& slot = *fired.slot;
  if (slot.detached()) return;
  try {
    if (fired.flow == nullptr) {
      slot.nf->OnTimer(fired.event, nullptr);
      return;
    }
    FlowView view(*fired.flow, *this,
                  fired.flow->subscription->link[fired.link].ref());
    slot.nf->OnTimer(fired.event, &view);
  } catch (...) {
    slot.faults.Add(1);
  }
  if (fired.flow != nullptr) Settle(*fired.flow, fired.event.now);
}

}  // namespace mosaic
