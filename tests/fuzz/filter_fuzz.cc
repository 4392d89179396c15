// The first line is a filter expression, what follows a packet. Whatever the
// expression compiles to, native code and interpreter agree on the packet, and
// whatever it does not, the error names a column inside it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/filter/bpf_converter.h"
#include "dataplane/filter/cbpf_program.h"
#include "dataplane/filter/filter_text.h"
#include "dataplane/filter/native_program.h"

namespace mosaic {
namespace {

// A word that libpcap would look up keeps the fuzzer waiting for a resolver.
bool MayAskResolver(std::string_view expression) {
  for (const FilterWord& word : SplitFilter(expression)) {
    if (word.text == "host" || word.text == "gateway" || word.text == "net" ||
        word.text == "src" || word.text == "dst") {
      return true;
    }
  }
  return false;
}

void Compare(const CbpfProgram& program, std::span<const uint8_t> packet) {
  const auto code = ConvertToEbpf(program);
  if (!code.ok()) return;
  constexpr uint64_t kFewPaths = 10'000;
  const auto native = NativeProgram::Load(*code, kFewPaths);
  if (!native.ok()) return;
  for (size_t length = 0; length <= packet.size(); ++length) {
    const std::vector<uint8_t> cut(packet.begin(), packet.begin() + length);
    const auto wire = static_cast<uint32_t>(packet.size());
    FilterInput input = {cut.data(), static_cast<uint32_t>(length), wire};
    MOSAIC_CHECK(static_cast<uint32_t>(native->run()(&input)) ==
                 program.Run(cut, wire));
  }
}

}  // namespace
}  // namespace mosaic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mosaic;
  const uint8_t* const end = data + size;
  const uint8_t* const line = std::find(data, end, '\n');
  const std::string_view expression(reinterpret_cast<const char*>(data),
                                    static_cast<size_t>(line - data));
  constexpr size_t kMostPacketBytes = 128;
  const std::span<const uint8_t> packet(
      line,
      std::min<size_t>(static_cast<size_t>(end - line), kMostPacketBytes));
  (void)CheckStreamFilter(expression);
  if (expression.size() > 256 || MayAskResolver(expression)) return 0;
  for (FilterBase base : {FilterBase::kInnermostIp, FilterBase::kFrame}) {
    const auto program = CbpfProgram::Compile(expression, base);
    if (program.ok()) Compare(*program, packet);
  }
  return 0;
}
