#include "dataplane/filter/cbpf_program.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"
#include "dataplane/filter/filter_text.h"

namespace mosaic {
namespace {

static_assert(sizeof(CbpfInsn) == sizeof(bpf_insn));
static_assert(offsetof(CbpfInsn, jt) == offsetof(bpf_insn, jt));
static_assert(offsetof(CbpfInsn, jf) == offsetof(bpf_insn, jf));
static_assert(offsetof(CbpfInsn, k) == offsetof(bpf_insn, k));

// What a matching program returns: bytes to capture, which nobody reads here.
constexpr int kSnapLength = 262144;

// Guards libpcap's compiler and printer: they use look-ups and buffers that are
// shared by the whole process.
std::mutex& LibpcapMutex() {
  static std::mutex mutex;
  return mutex;
}

const bpf_insn* AsLibpcap(std::span<const CbpfInsn> instructions) {
  return reinterpret_cast<const bpf_insn*>(instructions.data());
}

struct Close {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};

// Compiles `expression`: optimized into `out`, or, where that is null, to see
// whether it is correct. Returns libpcap's error text, or nothing.
std::string CompileLocked(pcap_t* handle, const std::string& expression,
                          std::vector<CbpfInsn>* out) {
  bpf_program compiled = {};
  const int optimize = out != nullptr ? 1 : 0;
  if (pcap_compile(handle, &compiled, expression.c_str(), optimize,
                   PCAP_NETMASK_UNKNOWN) != 0) {
    const std::string error = pcap_geterr(handle);
    return error.empty() ? "cannot be compiled" : error;
  }
  if (out != nullptr) {
    out->clear();
    for (u_int i = 0; i < compiled.bf_len; ++i) {
      const bpf_insn& insn = compiled.bf_insns[i];
      out->push_back({insn.code, insn.jt, insn.jf, insn.k});
    }
  }
  pcap_freecode(&compiled);
  return {};
}

}  // namespace

absl::StatusOr<CbpfProgram> CbpfProgram::Compile(std::string_view expression,
                                                 FilterBase base) {
  if (expression.size() > kMaxExpressionBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("filter: ", expression.size(), " bytes long, at most ",
                     kMaxExpressionBytes, " are allowed"));
  }
  const size_t zero = expression.find('\0');
  if (zero != std::string_view::npos) {
    return FilterError(expression.substr(0, zero), "holds a zero byte", zero);
  }
  if (absl::Status status = CheckRunnable(expression); !status.ok()) {
    return status;
  }

  const std::lock_guard<std::mutex> lock(LibpcapMutex());
  const int link = base == FilterBase::kInnermostIp ? DLT_RAW : DLT_EN10MB;
  const std::unique_ptr<pcap_t, Close> handle(
      pcap_open_dead(link, kSnapLength));
  if (handle == nullptr) {
    return absl::ResourceExhaustedError("filter: no memory to compile it");
  }
  std::vector<CbpfInsn> instructions;
  const std::string error =
      CompileLocked(handle.get(), std::string(expression), &instructions);
  if (!error.empty()) {
    // Finding the place compiles parts of it, without the optimizer, which
    // takes most of the time. What only the optimizer finds fault with
    // ("expression rejects all packets") is wrong as a whole.
    const auto check = [&handle](const std::string& text) {
      return CompileLocked(handle.get(), text, nullptr);
    };
    const size_t offset = check(std::string(expression)).empty()
                              ? 0
                              : LocateFilterError(expression, error, check);
    return FilterError(expression, error, offset);
  }
  return FromInstructions(std::move(instructions));
}

absl::StatusOr<CbpfProgram> CbpfProgram::FromInstructions(
    std::vector<CbpfInsn> instructions) {
  if (instructions.size() > kMaxInstructions) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "filter: compiles to ", instructions.size(), " instructions, at most ",
        kMaxInstructions, " are allowed"));
  }
  const int size = static_cast<int>(instructions.size());
  if (bpf_validate(AsLibpcap(instructions), size) == 0) {
    return absl::InvalidArgumentError("filter: not a valid BPF program");
  }
  // bpf_validate() lets an unconditional jump lead backwards, and so for ever.
  for (size_t i = 0; i < instructions.size(); ++i) {
    const CbpfInsn& insn = instructions[i];
    if (insn.code == (BPF_JMP | BPF_JA) &&
        insn.k >= instructions.size() - i - 1) {
      return absl::InvalidArgumentError("filter: its code jumps backwards");
    }
  }
  return CbpfProgram(std::move(instructions));
}

uint32_t CbpfProgram::Run(std::span<const uint8_t> bytes,
                          uint32_t wire_length) const {
  return bpf_filter(AsLibpcap(instructions_), bytes.data(), wire_length,
                    static_cast<u_int>(bytes.size()));
}

std::string CbpfProgram::Disassembly() const {
  const std::lock_guard<std::mutex> lock(LibpcapMutex());
  std::string text;
  for (size_t i = 0; i < instructions_.size(); ++i) {
    const bpf_insn* const insn = AsLibpcap(instructions_) + i;
    absl::StrAppend(&text, bpf_image(insn, static_cast<int>(i)), "\n");
  }
  return text;
}

}  // namespace mosaic
