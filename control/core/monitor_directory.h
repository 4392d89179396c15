// MonitorDirectory knows the names of the monitors of every configuration that
// a flow may still be attached under. Workers name a monitor by a bit and a
// revision, since a name would cost them a copy.
//
// Threading   Any thread.
// Memory      A name list for each change of the names, and a few bytes for
//             each revision, until ForgetBefore().

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/policy/snapshot.h"

namespace mosaic {

// "monitors/{id}" by number.
using MonitorNames = std::vector<std::string>;

class MonitorDirectory {
 public:
  // To be called before a worker runs `snapshot`.
  void Add(const Snapshot& snapshot);

  // Forgets revisions below `revision`: no flow refers to them any more.
  void ForgetBefore(uint64_t revision);

  // Null if `revision` was not added or is forgotten.
  std::shared_ptr<const MonitorNames> NamesOf(uint64_t revision) const;

  // The names of the monitors whose bits are set in `monitors`, as a
  // FlowSummary or an EventRecord has them; none if the revision is not known.
  std::vector<std::string> NamesOf(uint64_t revision, uint64_t monitors) const;

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<const MonitorNames>> names_;  // mutex_
};

// Those of `names` whose bits are set.
std::vector<std::string> Select(const MonitorNames& names, uint64_t monitors);

}  // namespace mosaic
