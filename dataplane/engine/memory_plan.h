// What memory the workers of a configuration take, known before any of it is
// taken: for an operator who sizes tables, and for a machine that may be too
// small for them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/engine/pipeline.h"

namespace mosaic {

// Something of a worker that a setting sizes.
struct MemoryPart {
  std::string name;       // "flow_table"
  std::string per;        // What there are `count` of: "flow", "chunk".
  uint64_t count = 0;     // As configured.
  uint64_t bytes = 0;     // Address space: what it takes when all is in use.
  uint64_t at_start = 0;  // Of it, resident before the first packet.
  std::string setting;    // What makes it smaller; empty: nothing does.

  uint64_t bytes_each() const { return count == 0 ? 0 : bytes / count; }
};

struct MemoryPlanInput {
  PipelineConfig pipeline;
  size_t workers = 1;
  bool sends = false;  // Some port sends what is received on another.
  // For each function: its name and ContextLayout::bytes.
  struct Function {
    std::string name;
    size_t context_bytes = 0;
  };
  std::vector<Function> functions;
};

// Of one worker, largest first among what flows size, then the rest. What is
// left out, tables of fixed size and the hot objects themselves, is below 8
// MiB.
std::vector<MemoryPart> PlanWorkerMemory(const MemoryPlanInput& input);

// Sums over `parts`.
uint64_t TotalBytes(const std::vector<MemoryPart>& parts);
uint64_t BytesAtStart(const std::vector<MemoryPart>& parts);
// Of parts that each flow has one of.
uint64_t BytesPerFlow(const std::vector<MemoryPart>& parts);

}  // namespace mosaic
