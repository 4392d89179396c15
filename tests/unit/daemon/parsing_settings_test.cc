#include "control/daemon/parsing_settings.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

PipelineConfig With(const v1::SystemConfig& system) {
  PipelineConfig pipeline;
  SetParsing(system, pipeline);
  return pipeline;
}

TEST(ParsingSettingsTest, WhatIsNotSaidStaysAsItIs) {
  const PipelineConfig plain;
  const PipelineConfig pipeline = With({});
  EXPECT_FALSE(pipeline.parser.vlan_in_key);
  EXPECT_FALSE(pipeline.parser.port_in_key);
  EXPECT_FALSE(pipeline.parser.tunnel_in_key);
  for (uint8_t kind = 0; kind < kEncapsulations; ++kind) {
    EXPECT_TRUE(
        pipeline.parser.encapsulations.Has(static_cast<Encapsulation>(kind)));
  }
  const FragmentLimits& fragments = pipeline.limits.fragments;
  EXPECT_EQ(fragments.datagrams, plain.limits.fragments.datagrams);
  EXPECT_EQ(fragments.bytes, plain.limits.fragments.bytes);
  EXPECT_EQ(fragments.timeout, plain.limits.fragments.timeout);
  EXPECT_FALSE(fragments.overlap.has_value());
}

TEST(ParsingSettingsTest, EachPartOfTheKeyIsSetAlone) {
  v1::SystemConfig vlan;
  vlan.mutable_flow_key()->set_vlan(true);
  EXPECT_TRUE(With(vlan).parser.vlan_in_key);
  EXPECT_FALSE(With(vlan).parser.tunnel_in_key);
  v1::SystemConfig port;
  port.mutable_flow_key()->set_port(true);
  EXPECT_TRUE(With(port).parser.port_in_key);
  EXPECT_FALSE(With(port).parser.vlan_in_key);
  v1::SystemConfig tunnel;
  tunnel.mutable_flow_key()->set_tunnel(true);
  EXPECT_TRUE(With(tunnel).parser.tunnel_in_key);
  EXPECT_FALSE(With(tunnel).parser.port_in_key);
}

TEST(ParsingSettingsTest, EachEncapsulationIsClosedByItsName) {
  const std::vector<std::pair<v1::Encapsulation, Encapsulation>> kNames = {
      {v1::ENCAPSULATION_MPLS, Encapsulation::kMpls},
      {v1::ENCAPSULATION_PPPOE, Encapsulation::kPppoe},
      {v1::ENCAPSULATION_IP_IN_IP, Encapsulation::kIpInIp},
      {v1::ENCAPSULATION_GRE, Encapsulation::kGre},
      {v1::ENCAPSULATION_ERSPAN, Encapsulation::kErspan},
      {v1::ENCAPSULATION_VXLAN, Encapsulation::kVxlan},
      {v1::ENCAPSULATION_GENEVE, Encapsulation::kGeneve},
      {v1::ENCAPSULATION_GTP_U, Encapsulation::kGtpU},
      {v1::ENCAPSULATION_L2TP, Encapsulation::kL2tp},
      {v1::ENCAPSULATION_TEREDO, Encapsulation::kTeredo},
  };
  EXPECT_EQ(kNames.size(), kEncapsulations - 1u);
  for (const auto& [name, closed] : kNames) {
    v1::SystemConfig system;
    system.add_opaque_encapsulations(name);
    const EncapsulationSet open = With(system).parser.encapsulations;
    for (uint8_t kind = 1; kind < kEncapsulations; ++kind) {
      const auto each = static_cast<Encapsulation>(kind);
      EXPECT_EQ(open.Has(each), each != closed) << int{kind};
    }
  }
}

TEST(ParsingSettingsTest, BoundsOfFragmentsAreTaken) {
  v1::SystemConfig system;
  v1::FragmentConfig& config = *system.mutable_fragments();
  config.set_datagrams_per_worker(17);
  config.set_buffer_bytes_per_worker(uint64_t{3} << 20);
  config.mutable_timeout()->set_seconds(2);
  config.mutable_timeout()->set_nanos(500'000'000);
  const FragmentLimits fragments = With(system).limits.fragments;
  EXPECT_EQ(fragments.datagrams, 17u);
  EXPECT_EQ(fragments.bytes, size_t{3} << 20);
  EXPECT_EQ(fragments.timeout, Duration::Nanos(2'500'000'000));
}

TEST(ParsingSettingsTest, EachOverlapPolicyIsTaken) {
  const std::vector<std::pair<v1::OverlapPolicy, OverlapPolicy>> kPolicies = {
      {v1::OVERLAP_POLICY_FIRST, OverlapPolicy::kFirst},
      {v1::OVERLAP_POLICY_LAST, OverlapPolicy::kLast},
      {v1::OVERLAP_POLICY_LINUX, OverlapPolicy::kLinux},
      {v1::OVERLAP_POLICY_BSD, OverlapPolicy::kBsd},
      {v1::OVERLAP_POLICY_WINDOWS, OverlapPolicy::kWindows},
      {v1::OVERLAP_POLICY_SOLARIS, OverlapPolicy::kSolaris},
  };
  for (const auto& [name, policy] : kPolicies) {
    v1::SystemConfig system;
    system.mutable_fragments()->set_overlap(name);
    EXPECT_EQ(With(system).limits.fragments.overlap, policy);
  }
}

}  // namespace
}  // namespace mosaic
