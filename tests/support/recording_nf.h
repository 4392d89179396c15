// RecordingNf is a network function that notes what it is told and answers as a
// test says; NoFlowServices is an engine that grants nothing but contexts,
// definitions and handler sets.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/flow_services.h"
#include "dataplane/event/nf_slot.h"

namespace mosaic {

class RecordingNf : public NetworkFunction {
 public:
  struct Behaviour {
    EventMask wants = ~EventMask();
    Verdict verdict = Verdict::kForward;
    bool throws = false;
    bool compares_retransmissions = false;
    size_t context_bytes = 0;
  };

  // Notes go to `journal`, each as `name` and the event's kind in one word.
  RecordingNf(std::string name, Behaviour behaviour,
              std::vector<std::string>& journal)
      : name_(std::move(name)), behaviour_(behaviour), journal_(journal) {}

  EventMask subscriptions() const override { return behaviour_.wants; }
  ContextLayout context_layout() const override {
    return {behaviour_.context_bytes};
  }
  bool compares_retransmissions() const override {
    return behaviour_.compares_retransmissions;
  }
  void Configure(std::shared_ptr<const NfConfig> config) override {
    config_ = std::move(config);
  }
  Verdict OnEvent(const Event& event, FlowView& flow) override {
    static_cast<void>(flow);
    return Note(event);
  }
  Verdict OnPacket(const Event& event) override { return Note(event); }

  Behaviour& behaviour() { return behaviour_; }
  std::string data;  // Of all kNewData, one after the other.

 private:
  Verdict Note(const Event& event) {
    journal_.push_back(name_);
    data.append(event.data.begin(), event.data.end());
    if (behaviour_.throws) throw std::runtime_error("as the test says");
    return behaviour_.verdict;
  }

  const std::string name_;
  Behaviour behaviour_;
  std::vector<std::string>& journal_;
  std::shared_ptr<const NfConfig> config_;
};

class NoFlowServices : public FlowServices {
 public:
  void* ContextOf(const Flow& flow, const LinkRef& link) override {
    static_cast<void>(flow);
    return link.slot->ContextOf(0);
  }
  void RequestStop(Flow& flow, const LinkRef& link, Side side) override {
    static_cast<void>(flow);
    static_cast<void>(link);
    stopped.push_back(side);
  }
  void* UserOf(const Flow&, const LinkRef&) const override { return nullptr; }
  void SetUser(Flow&, const LinkRef&, void*) override {}
  FlowHandle HandleOf(const Flow&) const override { return {}; }
  bool VisitFlow(FlowHandle, NfSlot&, void (*)(FlowView&, void*),
                 void*) override {
    return false;
  }
  EventForest& forest() override { return forest_; }
  HandlerSetTable& handler_sets() override { return handler_sets_; }
  const HandlerSet& HandlersOf(const Flow&, const LinkRef&) const override {
    return *handler_sets_.Empty();
  }
  RegisterError Register(Flow&, const LinkRef&, EventId, Hook,
                         EventHandler) override {
    return RegisterError::kNoHandlers;
  }
  RegisterError RegisterDefault(NfSlot&, EventId, Hook, EventHandler) override {
    return RegisterError::kNoHandlers;
  }
  StreamOptions& streams() override { return streams_; }
  Timestamp clock() const override { return Timestamp(); }
  TimerHandle ArmTimer(NfSlot&, const TimerSpec&) override { return kNoTimer; }
  TimerHandle ArmTimer(Flow&, const LinkRef&, const TimerSpec&) override {
    return kNoTimer;
  }
  bool CancelTimer(NfSlot&, TimerHandle) override { return false; }

  std::vector<Side> stopped;

 private:
  // Holds nothing.
  class NoStreams : public StreamOptions {
    PeekResult Peek(Flow&, const LinkRef&, Side, std::span<uint8_t>) override {
      return {};
    }
    uint32_t PeekAt(const Flow&, const LinkRef&, Side, uint64_t,
                    std::span<uint8_t>) const override {
      return 0;
    }
    uint64_t ReadOffset(const Flow&, const LinkRef&, Side) const override {
      return 0;
    }
    HeldRange NextHeld(const Flow&, const LinkRef&, Side,
                       uint64_t) const override {
      return {};
    }
    BufferInfo InfoOf(const Flow&, const LinkRef&, Side) const override {
      return {};
    }
    bool SetBufferBytes(Flow&, const LinkRef&, Side, uint32_t) override {
      return false;
    }
    uint32_t BufferBytesOf(const Flow&, const LinkRef&, Side) const override {
      return 0;
    }
    void SetOverlap(Flow&, const LinkRef&, Side, OverlapPolicy) override {}
    OverlapPolicy OverlapOf(const Flow&, Side) const override {
      return OverlapPolicy::kFirst;
    }
  };

  EventForest forest_;
  HandlerSetTable handler_sets_{forest_};
  NoStreams streams_;
};

}  // namespace mosaic
