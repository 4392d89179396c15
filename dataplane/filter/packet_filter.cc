#include "dataplane/filter/packet_filter.h"

#include <utility>
#include <vector>

#include "dataplane/filter/bpf_converter.h"
#include "dataplane/filter/filter_text.h"

namespace mosaic {

absl::StatusOr<std::shared_ptr<const PacketFilter>> PacketFilter::Compile(
    std::string_view expression, FilterBase base,
    const FilterChecker& checker) {
  std::shared_ptr<PacketFilter> filter(new PacketFilter(expression, base));
  if (SplitFilter(expression).empty()) return filter;

  absl::StatusOr<CbpfProgram> program = CbpfProgram::Compile(expression, base);
  if (!program.ok()) return program.status();
  filter->program_ = *std::move(program);
  filter->MakeNative(checker);
  return filter;
}

absl::StatusOr<std::shared_ptr<const PacketFilter>>
PacketFilter::CompileForStreams(std::string_view expression,
                                const FilterChecker& checker) {
  if (absl::Status status = CheckStreamFilter(expression); !status.ok()) {
    return status;
  }
  return Compile(expression, FilterBase::kInnermostIp, checker);
}

void PacketFilter::MakeNative(const FilterChecker& checker) {
  const absl::StatusOr<std::vector<EbpfInsn>> code = ConvertToEbpf(*program_);
  if (!code.ok()) {
    fallback_reason_ = std::string(code.status().message());
    return;
  }
  // Nothing is loaded before the checker agrees: it also bounds the time that
  // loading takes.
  if (const absl::Status status = checker(*program_); !status.ok()) {
    fallback_reason_ = std::string(status.message());
    return;
  }
  absl::StatusOr<NativeProgram> native =
      NativeProgram::Load(*code, NativeProgram::kAnyNumberOfPaths);
  if (!native.ok()) {
    fallback_reason_ = std::string(native.status().message());
    return;
  }
  native_ = *std::move(native);
  run_ = native_->run();
}

size_t PacketFilter::cbpf_instruction_count() const {
  return program_.has_value() ? program_->instructions().size() : 0;
}

std::string PacketFilter::Disassembly() const {
  return program_.has_value() ? program_->Disassembly() : std::string();
}

}  // namespace mosaic
