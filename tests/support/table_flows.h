// A flow table alone as the flows of a worker, for tests of tasks.

#pragma once

#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/command/worker_link.h"
#include "dataplane/flow/flow_table.h"

namespace mosaic::testing {

class TableFlows final : public WorkerFlows {
 public:
  explicit TableFlows(FlowTable& table) : table_(table) {}

  FlowTable& table() override { return table_; }
  void End(Flow&, EndReason, Timestamp) override {
    MOSAIC_CHECK(!"a task that only reads ends no flow");
  }
  uint64_t current_revision() const override { return 0; }
  void AddAttachedRevisions(std::vector<uint64_t>&) const override {}

 private:
  FlowTable& table_;
};

}  // namespace mosaic::testing
