#include "control/core/monitor_directory.h"

#include <utility>

namespace mosaic {

void MonitorDirectory::Add(const Snapshot& snapshot) {
  auto names = std::make_shared<MonitorNames>();
  for (const Monitor& monitor : snapshot.monitors) {
    names->push_back(monitor.name);
  }
  const std::lock_guard lock(mutex_);
  // Most changes leave the names alone.
  if (!names_.empty() && *names_.rbegin()->second == *names) {
    names_[snapshot.revision] = names_.rbegin()->second;
  } else {
    names_[snapshot.revision] = std::move(names);
  }
}

void MonitorDirectory::ForgetBefore(uint64_t revision) {
  const std::lock_guard lock(mutex_);
  names_.erase(names_.begin(), names_.lower_bound(revision));
}

std::shared_ptr<const MonitorNames> MonitorDirectory::NamesOf(
    uint64_t revision) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(revision);
  return found == names_.end() ? nullptr : found->second;
}

std::vector<std::string> MonitorDirectory::NamesOf(uint64_t revision,
                                                   uint64_t monitors) const {
  const std::shared_ptr<const MonitorNames> names = NamesOf(revision);
  return names == nullptr ? std::vector<std::string>()
                          : Select(*names, monitors);
}

std::vector<std::string> Select(const MonitorNames& names, uint64_t monitors) {
  std::vector<std::string> selected;
  for (size_t i = 0; i < names.size(); ++i) {
    if ((monitors >> i & 1) != 0) selected.push_back(names[i]);
  }
  return selected;
}

}  // namespace mosaic
