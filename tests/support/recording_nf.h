// RecordingNf is a network function that notes what it is told and answers as a
// test says; NoFlowServices is an engine that grants nothing but contexts.

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
  std::vector<Side> stopped;
};

}  // namespace mosaic
