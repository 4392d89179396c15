// Firewall allows or drops flows by ordered rules on their tuple.
//
// When it meets a flow it decides once for each direction, by the first rule
// that matches and speaks of the direction, else by the default action; after
// that a packet costs one look at the decision.
//
// A packet of a RAW monitor has no flow and is decided by itself: its source is
// the client.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/api/network_function.h"

namespace mosaic {

struct FirewallPrefix {
  uint8_t ip_version = 0;  // 0 matches every address.
  uint8_t bits = 0;
  std::array<uint8_t, 16> address = {};

  bool Matches(const Endpoint& endpoint) const;
};

struct FirewallPorts {
  // Inclusive. A flow without ports matches no range but the whole one.
  uint16_t first = 0;
  uint16_t last = 65535;

  bool any() const { return first == 0 && last == 65535; }
};

enum class FirewallAction : uint8_t { kAllow, kDrop };

struct FirewallRule {
  enum class Direction : uint8_t { kBoth, kClientToServer, kServerToClient };

  std::string id = {};
  FirewallPrefix client = {};
  FirewallPrefix server = {};
  FirewallPorts client_ports = {};
  FirewallPorts server_ports = {};
  std::vector<uint8_t> protocols = {};  // Empty: every one.
  FirewallAction action = FirewallAction::kAllow;
  Direction direction = Direction::kBoth;

  bool Matches(const Endpoint& from, const Endpoint& to,
               uint8_t protocol) const;
  bool SpeaksOf(Side sender) const;
};

class FirewallConfig : public NfConfig {
 public:
  static constexpr size_t kMaxRules = 1000;

  std::vector<FirewallRule> rules;  // In the order in which they are asked.
  FirewallAction default_action = FirewallAction::kAllow;
};

class Firewall : public NetworkFunction {
 public:
  struct Hits {
    Counter packets;
    Counter bytes;
  };

  EventMask subscriptions() const override;
  ContextLayout context_layout() const override;
  void Configure(std::shared_ptr<const NfConfig> config) override;
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override;
  [[nodiscard]] Verdict OnPacket(const Event& event) override;
  std::span<const NfCounter> counters() const override { return kinds_; }

  // What rule `number` of the running configuration has decided since it runs,
  // allowed or dropped; the default action's at number rules.size(). Flows that
  // were decided by an earlier one are in counters() only.
  const Hits& hits(size_t number) const { return hits_[number]; }

 private:
  struct Context;

  // The rule that decides what `sender` sends; rules.size() for the default
  // action.
  size_t RuleFor(const Endpoint& from, const Endpoint& to, uint8_t protocol,
                 Side sender) const;
  bool Drops(size_t rule) const;
  void Decide(FlowView& flow, Context& context) const;
  Verdict Count(bool drops);

  std::shared_ptr<const FirewallConfig> config_;
  uint32_t configurations_ = 0;  // Taken up so far; the running one's number.
  std::array<Hits, FirewallConfig::kMaxRules + 1> hits_;
  Counter allowed_;
  Counter dropped_;
  const std::array<NfCounter, 2> kinds_ = {
      NfCounter{"packets_allowed", "Packets of flows that a rule allows.",
                &allowed_},
      NfCounter{"packets_dropped", "Packets of flows that a rule drops.",
                &dropped_}};
};

}  // namespace mosaic
