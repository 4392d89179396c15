// LivePorts tells the API what the ports are and what they have counted.
//
// Threading   Any thread.

#pragma once

#include <vector>

#include "control/core/system_info.h"
#include "control/daemon/port_plan.h"
#include "dataplane/io/port.h"

namespace mosaic {

class LivePorts : public PortDirectory {
 public:
  // Both outlive the object. REQUIRES: `ports` was opened from `plan`.
  LivePorts(PortSet& ports, const PortPlan& plan)
      : ports_(ports), plan_(plan) {}

  std::vector<v1::Port> Ports() override;

 private:
  PortSet& ports_;
  const PortPlan& plan_;
};

}  // namespace mosaic
