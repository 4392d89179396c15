#include "dataplane/mos/filter_check.h"

#include <dlfcn.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace mosaic::mos {
namespace {

constexpr char kHelper[] = "mosaic/filter-check";

// The file that this code was loaded from.
std::filesystem::path ThisLibrary() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<void*>(&CheckByHelper), &info) == 0 ||
      info.dli_fname == nullptr) {
    return {};
  }
  std::error_code error;
  return std::filesystem::canonical(info.dli_fname, error);
}

}  // namespace

FilterChecker CheckByHelper() {
  return CheckInProcessOf((ThisLibrary().parent_path() / kHelper).string());
}

}  // namespace mosaic::mos
