// PacketFilter decides whether a packet matches a pcap-filter expression.
//
// Ownership   Immutable and shared: the configuration snapshots and flows that
//             refer to a filter keep it alive.
// Threading   Compile() belongs to control threads: it may ask the resolver and
//             start a process. Matches() may be called by any worker.
// Cost        Matches() of an empty expression is one comparison; of native
// code
//             a few nanoseconds, interpreted about ten times that.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dataplane/filter/cbpf_program.h"
#include "dataplane/filter/native_program.h"
#include "dataplane/filter/self_check.h"

namespace mosaic {

class PacketFilter {
 public:
  // Compiles `expression`; one of white space only matches everything.
  // `checker` decides whether the native code may run here: CheckInProcessOf()
  // in the daemon. Where it says no, or where there is no native code, the
  // filter is interpreted, and fallback_reason() says why.
  //
  // Fails as CbpfProgram::Compile() does.
  static absl::StatusOr<std::shared_ptr<const PacketFilter>> Compile(
      std::string_view expression, FilterBase base,
      const FilterChecker& checker);

  // The same for a monitor's syn and orphan filters: base kInnermostIp, and
  // only the words that a stream filter may use (CheckStreamFilter()).
  static absl::StatusOr<std::shared_ptr<const PacketFilter>> CompileForStreams(
      std::string_view expression, const FilterChecker& checker);

  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;

  // True if a packet of these bytes, from the filter's base on, matches. What
  // was cut off counts as missing: a test of it fails. `wire_length` is what
  // `len`, `less` and `greater` compare.
  bool Matches(std::span<const uint8_t> bytes, uint32_t wire_length) const {
    if (matches_all()) return true;
    if (run_ == nullptr) return program_->Run(bytes, wire_length) != 0;
    FilterInput input = {bytes.data(),
                         static_cast<uint32_t>(std::min<size_t>(
                             bytes.size(), FilterInput::kMaxLength)),
                         wire_length};
    return static_cast<uint32_t>(run_(&input)) != 0;
  }
  bool Matches(std::span<const uint8_t> bytes) const {
    return Matches(bytes, static_cast<uint32_t>(bytes.size()));
  }

  // True for an empty expression: the caller may skip finding the bytes.
  bool matches_all() const { return !program_.has_value(); }

  const std::string& expression() const { return expression_; }
  FilterBase base() const { return base_; }
  bool native() const { return run_ != nullptr; }

  // Why the filter is interpreted; empty if it is not.
  const std::string& fallback_reason() const { return fallback_reason_; }

  // 0 for an empty expression.
  size_t cbpf_instruction_count() const;

  // The classic BPF code, a line an instruction; empty for an empty expression.
  std::string Disassembly() const;

 private:
  PacketFilter(std::string_view expression, FilterBase base)
      : expression_(expression), base_(base) {}

  // Sets native_ and run_, or fallback_reason_.
  void MakeNative(const FilterChecker& checker);

  const std::string expression_;
  const FilterBase base_;

  // All below are set before the filter is shared.
  std::optional<CbpfProgram> program_;
  std::optional<NativeProgram> native_;
  NativeProgram::Function run_ = nullptr;  // Points into native_.
  std::string fallback_reason_;
};

}  // namespace mosaic
