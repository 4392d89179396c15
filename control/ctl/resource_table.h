// Monitors, network functions, cores, ports and flows as tables.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/ctl/table.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "google/protobuf/timestamp.pb.h"
#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"
#include "mosaic/v1/observer_service.pb.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic::ctl {

// How much of a resource a table shows.
enum class Detail : uint8_t {
  kTable,
  kWide,
};

template <typename Message>
using Messages = google::protobuf::RepeatedPtrField<Message>;

// Seconds since 1970, for the age of things.
double UnixNow();

Table MonitorTable(const Messages<v1::Monitor>& monitors, Detail detail,
                   double now);
Table NfTable(const Messages<v1::NfInstance>& instances, Detail detail,
              double now);
Table CoreTable(const Messages<v1::Core>& cores, Detail detail);
Table PortTable(const Messages<v1::Port>& ports, Detail detail);
Table FlowTable(const Messages<v1::Flow>& flows, Detail detail, double now);

// "client 16 MiB, both now": what ends monitoring.
std::string StopText(const Messages<v1::StopPolicy>& policies);
// "firewall" or "flow_log"; "" where none is set.
std::string TypeOf(const v1::NfInstance& instance);
// "ESTABLISHED", "SYN_SENT/LISTEN"; "-" of other protocols.
std::string StateText(const v1::Flow& flow);
std::string StateText(v1::TcpState state);
// The ids of the names, with commas.
std::string Ids(const Messages<std::string>& names);

// The same for any message: what a list shows of its kind.
inline Table TableOf(const Messages<v1::Monitor>& monitors, Detail detail) {
  return MonitorTable(monitors, detail, UnixNow());
}
inline Table TableOf(const Messages<v1::NfInstance>& instances, Detail detail) {
  return NfTable(instances, detail, UnixNow());
}

}  // namespace mosaic::ctl
