#include "control/daemon/parsing_settings.h"

#include "control/core/overlap_codec.h"

namespace mosaic {
namespace {

Encapsulation FromApi(v1::Encapsulation encapsulation) {
  switch (encapsulation) {
    case v1::ENCAPSULATION_MPLS:
      return Encapsulation::kMpls;
    case v1::ENCAPSULATION_PPPOE:
      return Encapsulation::kPppoe;
    case v1::ENCAPSULATION_IP_IN_IP:
      return Encapsulation::kIpInIp;
    case v1::ENCAPSULATION_GRE:
      return Encapsulation::kGre;
    case v1::ENCAPSULATION_ERSPAN:
      return Encapsulation::kErspan;
    case v1::ENCAPSULATION_VXLAN:
      return Encapsulation::kVxlan;
    case v1::ENCAPSULATION_GENEVE:
      return Encapsulation::kGeneve;
    case v1::ENCAPSULATION_GTP_U:
      return Encapsulation::kGtpU;
    case v1::ENCAPSULATION_L2TP:
      return Encapsulation::kL2tp;
    case v1::ENCAPSULATION_TEREDO:
      return Encapsulation::kTeredo;
    default:
      return Encapsulation::kNone;
  }
}

}  // namespace

void SetParsing(const v1::SystemConfig& system, PipelineConfig& pipeline) {
  ParserConfig& parser = pipeline.parser;
  parser.vlan_in_key = system.flow_key().vlan();
  parser.port_in_key = system.flow_key().port();
  parser.tunnel_in_key = system.flow_key().tunnel();
  for (const int opaque : system.opaque_encapsulations()) {
    parser.encapsulations = parser.encapsulations.Without(
        FromApi(static_cast<v1::Encapsulation>(opaque)));
  }

  const v1::FragmentConfig& from = system.fragments();
  FragmentLimits& to = pipeline.limits.fragments;
  if (from.has_datagrams_per_worker()) {
    to.datagrams = from.datagrams_per_worker();
  }
  if (from.has_buffer_bytes_per_worker()) {
    to.bytes = from.buffer_bytes_per_worker();
  }
  if (from.has_timeout()) {
    to.timeout = Duration::Nanos(from.timeout().seconds() * 1'000'000'000 +
                                 from.timeout().nanos());
  }
  to.overlap = ToOverlapPolicy(from.overlap());
}

}  // namespace mosaic
