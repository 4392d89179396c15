#include "dataplane/edit/sack_option.h"

#include <cstring>

#include "dataplane/base/byte_order.h"

namespace mosaic {
namespace {

constexpr uint8_t kEnd = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kSack = 5;
constexpr size_t kBlockBytes = 8;

// `option` from its kind on.
void TranslateOne(const SeqRemap& remap, std::span<uint8_t> option) {
  size_t kept = 2;
  for (size_t at = 2; at + kBlockBytes <= option.size(); at += kBlockBytes) {
    const SeqNum begin =
        remap.SackBeginToSender(SeqNum(ReadBig32(&option[at])));
    const SeqNum end =
        remap.SackEndToSender(SeqNum(ReadBig32(&option[at + 4])));
    if (end <= begin) continue;
    WriteBig32(&option[kept], begin.raw());
    WriteBig32(&option[kept + 4], end.raw());
    kept += kBlockBytes;
  }
  if (kept == option.size()) return;
  const size_t first_free = kept > 2 ? kept : 0;
  std::memset(&option[first_free], kNoOperation, option.size() - first_free);
  if (kept > 2) option[1] = static_cast<uint8_t>(kept);
}

}  // namespace

void TranslateSack(const SeqRemap& remap, std::span<uint8_t> options) {
  size_t at = 0;
  while (at < options.size() && options[at] != kEnd) {
    if (options[at] == kNoOperation) {
      ++at;
      continue;
    }
    if (at + 1 >= options.size()) return;
    const size_t length = options[at + 1];
    if (length < 2 || length > options.size() - at) return;
    if (options[at] == kSack && length % kBlockBytes == 2) {
      TranslateOne(remap, options.subspan(at, length));
    }
    at += length;
  }
}

}  // namespace mosaic
