#include "control/daemon/huge_pages.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

namespace fs = std::filesystem;

constexpr char kNodes[] = "/sys/devices/system/node";
constexpr uint64_t kSmallPageMib = 2;

uint64_t ReadNumber(const fs::path& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  file >> number;
  return number;
}

// The number between `before` and `after` in `name`, or -1.
int64_t NumberIn(const std::string& name, std::string_view before,
                 std::string_view after) {
  if (!name.starts_with(before) || !name.ends_with(after)) return -1;
  int64_t number = -1;
  const std::string digits =
      name.substr(before.size(), name.size() - before.size() - after.size());
  return absl::SimpleAtoi(digits, &number) ? number : -1;
}

}  // namespace

std::vector<HugePages> ReservedHugePages() {
  std::vector<HugePages> all;
  std::error_code error;
  for (const auto& node : fs::directory_iterator(kNodes, error)) {
    const int64_t number = NumberIn(node.path().filename(), "node", "");
    if (number < 0) continue;
    for (const auto& size :
         fs::directory_iterator(node.path() / "hugepages", error)) {
      const int64_t kilobytes =
          NumberIn(size.path().filename(), "hugepages-", "kB");
      if (kilobytes <= 0) continue;
      all.push_back({static_cast<int>(number),
                     static_cast<uint64_t>(kilobytes) * 1024,
                     ReadNumber(size.path() / "nr_hugepages"),
                     ReadNumber(size.path() / "free_hugepages")});
    }
  }
  std::ranges::sort(all, [](const HugePages& a, const HugePages& b) {
    return std::pair(a.numa_node, a.page_bytes) <
           std::pair(b.numa_node, b.page_bytes);
  });
  return all;
}

uint64_t FreeHugePageBytes(const std::vector<HugePages>& pages) {
  uint64_t bytes = 0;
  for (const HugePages& size : pages) bytes += size.free * size.page_bytes;
  return bytes;
}

std::string HugePagesCommand(const std::vector<HugePages>& pages,
                             size_t wanted_mib) {
  const uint64_t free_mib = FreeHugePageBytes(pages) >> 20;
  uint64_t small_reserved = 0;
  for (const HugePages& size : pages) {
    if (size.page_bytes == kSmallPageMib << 20) {
      small_reserved += size.reserved;
    }
  }
  const uint64_t missing =
      wanted_mib > free_mib ? (wanted_mib - free_mib + 1) / kSmallPageMib : 0;
  return absl::StrCat("sysctl -w vm.nr_hugepages=", small_reserved + missing);
}

absl::Status CheckHugePages(const std::vector<HugePages>& pages,
                            size_t wanted_mib) {
  const uint64_t free_mib = FreeHugePageBytes(pages) >> 20;
  if (free_mib >= wanted_mib) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "memory: ", wanted_mib, " MiB of hugepages are wanted, and ", free_mib,
      " MiB are free: `", HugePagesCommand(pages, wanted_mib), "`"));
}

}  // namespace mosaic
