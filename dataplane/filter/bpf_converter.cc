#include "dataplane/filter/bpf_converter.h"

#include <bpf_def.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

static_assert(offsetof(FilterInput, bytes) == 0);

// The registers, see the header.
constexpr uint8_t kA = EBPF_REG_0;
constexpr uint8_t kInput = EBPF_REG_1;
constexpr uint8_t kX = EBPF_REG_2;
constexpr uint8_t kBytes = EBPF_REG_3;
constexpr uint8_t kLength = EBPF_REG_4;
constexpr uint8_t kScratch = EBPF_REG_5;
constexpr uint8_t kStack = EBPF_REG_10;

constexpr uint32_t kMemoryWords = 16;

uint32_t LoadBytes(uint16_t code) {
  switch (BPF_SIZE(code)) {
    case BPF_W:
      return 4;
    case BPF_H:
      return 2;
    default:
      return 1;
  }
}

bool IsPacketLoad(const CbpfInsn& insn) {
  const uint16_t mode = BPF_MODE(insn.code);
  switch (BPF_CLASS(insn.code)) {
    case BPF_LD:
      return mode == BPF_ABS || mode == BPF_IND;
    case BPF_LDX:
      return mode == BPF_MSH;
    default:
      return false;
  }
}

// Where scratch word `word` lies below the stack register. Eight bytes each,
// because the loader's verifier follows the stack in units of eight.
int16_t MemoryOffset(uint32_t word) {
  return static_cast<int16_t>(-8 * (static_cast<int32_t>(word) + 1));
}

// Jumps only lead forward. So one pass from the first instruction to the last
// has seen every way into an instruction before it gets there, and knows
// whether there is one and how many bytes have been proved to exist on all of
// them.
class Converter {
 public:
  explicit Converter(std::span<const CbpfInsn> in)
      : in_(in), start_(in.size()), proved_(in.size(), kUnreached) {}

  absl::StatusOr<std::vector<EbpfInsn>> Convert() {
    proved_[0] = 0;
    EmitPrologue();
    for (pc_ = 0; pc_ < in_.size(); ++pc_) {
      start_[pc_] = out_.size();
      // The verifier refuses code that cannot be reached.
      if (proved_[pc_] == kUnreached) continue;
      const absl::Status status = EmitInstruction(in_[pc_]);
      if (!status.ok()) return status;
    }
    const absl::Status status = EmitExitAndResolveJumps();
    if (!status.ok()) return status;
    return std::move(out_);
  }

 private:
  // proved_ of an instruction that no way leads to. Larger than any length, so
  // that joining two ways is taking the smaller.
  static constexpr uint64_t kUnreached = std::numeric_limits<uint64_t>::max();
  // Targets of the jumps that return 0, and that return A.
  static constexpr size_t kReject = std::numeric_limits<size_t>::max();
  static constexpr size_t kExit = kReject - 1;

  struct Jump {
    size_t from;    // Index in out_.
    size_t target;  // Index in in_, kReject or kExit.
  };

  absl::Status NoTwin(const char* what) const {
    return absl::UnimplementedError(
        absl::StrCat("instruction ", pc_, ": ", what, " is not converted"));
  }

  void Emit(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm) {
    out_.push_back({code, dst, src, off, imm});
  }
  void EmitK(uint8_t code, uint8_t dst, uint32_t k) {
    Emit(code, dst, 0, 0, static_cast<int32_t>(k));
  }
  void EmitX(uint8_t code, uint8_t dst, uint8_t src) {
    Emit(code, dst, src, 0, 0);
  }
  // 32-bit moves also clear the upper half: A and X are always zero-extended,
  // which makes the 64-bit comparisons of eBPF mean what cBPF's 32-bit ones do.
  void EmitMove(uint8_t dst, uint32_t k) {
    EmitK(BPF_ALU | EBPF_MOV | BPF_K, dst, k);
  }

  void ReachedFrom(size_t target) {
    proved_[target] = std::min(proved_[target], length_);
  }
  void FallThrough() { ReachedFrom(pc_ + 1); }

  void EmitJump(uint8_t code, uint8_t dst, uint8_t src, uint32_t k,
                size_t target) {
    jumps_.push_back({out_.size(), target});
    Emit(code, dst, src, 0, static_cast<int32_t>(k));
    if (target < in_.size()) ReachedFrom(target);
  }

  void EmitPrologue() {
    bool loads = false;
    bool memory[kMemoryWords] = {};
    for (const CbpfInsn& insn : in_) {
      loads |= IsPacketLoad(insn);
      const uint16_t kind = BPF_CLASS(insn.code);
      if ((kind == BPF_LD || kind == BPF_LDX) &&
          BPF_MODE(insn.code) == BPF_MEM) {
        memory[insn.k] = true;
      }
    }
    EmitMove(kA, 0);
    EmitMove(kX, 0);
    // The verifier wants each word written before it is read, on every path.
    for (uint32_t word = 0; word < kMemoryWords; ++word) {
      if (memory[word]) {
        Emit(BPF_ST | BPF_MEM | BPF_W, kStack, 0, MemoryOffset(word), 0);
      }
    }
    if (loads) {
      Emit(BPF_LDX | BPF_MEM | EBPF_DW, kBytes, kInput,
           offsetof(FilterInput, bytes), 0);
      Emit(BPF_LDX | BPF_MEM | BPF_W, kLength, kInput,
           offsetof(FilterInput, length), 0);
    }
  }

  absl::Status EmitInstruction(const CbpfInsn& insn) {
    length_ = proved_[pc_];
    switch (BPF_CLASS(insn.code)) {
      case BPF_LD:
        return EmitLoad(insn, kA);
      case BPF_LDX:
        return EmitLoad(insn, kX);
      case BPF_ST:
        Emit(BPF_STX | BPF_MEM | BPF_W, kStack, kA, MemoryOffset(insn.k), 0);
        FallThrough();
        return absl::OkStatus();
      case BPF_STX:
        Emit(BPF_STX | BPF_MEM | BPF_W, kStack, kX, MemoryOffset(insn.k), 0);
        FallThrough();
        return absl::OkStatus();
      case BPF_ALU:
        return EmitAlu(insn);
      case BPF_JMP:
        return EmitBranch(insn);
      case BPF_RET:
        // Either K or, marked by 0x10, A.
        if ((insn.code & 0x18) != 0x10) EmitMove(kA, insn.k);
        EmitJump(BPF_JMP | BPF_JA, 0, 0, 0, kExit);
        return absl::OkStatus();
      default:  // BPF_MISC: TXA has the high bit set, TAX has not.
        if ((insn.code & 0x80) != 0) {
          EmitX(BPF_ALU | EBPF_MOV | BPF_X, kA, kX);
        } else {
          EmitX(BPF_ALU | EBPF_MOV | BPF_X, kX, kA);
        }
        FallThrough();
        return absl::OkStatus();
    }
  }

  absl::Status EmitLoad(const CbpfInsn& insn, uint8_t dst) {
    switch (BPF_MODE(insn.code)) {
      case BPF_IMM:
        EmitMove(dst, insn.k);
        break;
      case BPF_MEM:
        Emit(BPF_LDX | BPF_MEM | BPF_W, dst, kStack, MemoryOffset(insn.k), 0);
        break;
      case BPF_LEN:
        Emit(BPF_LDX | BPF_MEM | BPF_W, dst, kInput,
             offsetof(FilterInput, wire_length), 0);
        break;
      case BPF_ABS:
        if (!EmitAbsoluteLoad(insn, dst)) return absl::OkStatus();
        break;
      case BPF_IND:
        if (!EmitIndexedLoad(insn)) return absl::OkStatus();
        break;
      case BPF_MSH:
        // X = 4 * (bytes[k] & 15), the length of an IPv4 header.
        if (!EmitAbsoluteLoad(insn, dst)) return absl::OkStatus();
        EmitK(BPF_ALU | BPF_AND | BPF_K, dst, 15);
        EmitK(BPF_ALU | BPF_LSH | BPF_K, dst, 2);
        break;
      default:
        return NoTwin("this addressing mode");
    }
    FallThrough();
    return absl::OkStatus();
  }

  // Loads from a constant offset. False if that is beyond any input: the
  // program then ends here with 0.
  bool EmitAbsoluteLoad(const CbpfInsn& insn, uint8_t dst) {
    const uint64_t end = uint64_t{insn.k} + LoadBytes(insn.code);
    if (end > FilterInput::kMaxLength) {
      EmitReturnZero();
      return false;
    }
    if (end > length_) {
      EmitJump(BPF_JMP | EBPF_JLT | BPF_K, kLength, 0,
               static_cast<uint32_t>(end), kReject);
      length_ = end;
    }
    EmitLoadAt(insn, dst, kBytes);
    return true;
  }

  // Loads from X + k, a sum that does not wrap: libpcap's interpreter takes one
  // beyond 32 bits as beyond the packet. Only A is ever loaded so, and its old
  // value is gone: it serves as a second scratch register. False as above.
  bool EmitIndexedLoad(const CbpfInsn& insn) {
    const uint64_t end = uint64_t{insn.k} + LoadBytes(insn.code);
    if (end > FilterInput::kMaxLength) {
      EmitReturnZero();
      return false;
    }
    EmitX(EBPF_ALU64 | EBPF_MOV | BPF_X, kA, kX);
    EmitK(EBPF_ALU64 | BPF_ADD | BPF_K, kA, static_cast<uint32_t>(end));
    EmitJump(BPF_JMP | BPF_JGT | BPF_X, kA, kLength, 0, kReject);
    // Changes nothing any more, but shows the verifier the range.
    EmitX(EBPF_ALU64 | EBPF_MOV | BPF_X, kScratch, kX);
    EmitK(EBPF_ALU64 | BPF_AND | BPF_K, kScratch, FilterInput::kMaxLength);
    EmitX(EBPF_ALU64 | EBPF_MOV | BPF_X, kA, kBytes);
    EmitX(EBPF_ALU64 | BPF_ADD | BPF_X, kA, kScratch);
    EmitLoadAt(insn, kA, kA);
    return true;
  }

  // Loads from `base` + k, and turns network order into the host's.
  void EmitLoadAt(const CbpfInsn& insn, uint8_t dst, uint8_t base) {
    int16_t off = static_cast<int16_t>(insn.k);
    if (insn.k > std::numeric_limits<int16_t>::max()) {
      if (base != dst) EmitX(EBPF_ALU64 | EBPF_MOV | BPF_X, dst, base);
      EmitK(EBPF_ALU64 | BPF_ADD | BPF_K, dst, insn.k);
      base = dst;
      off = 0;
    }
    Emit(BPF_LDX | BPF_MEM | BPF_SIZE(insn.code), dst, base, off, 0);
    const uint32_t bytes = LoadBytes(insn.code);
    if (bytes > 1) {
      EmitK(BPF_ALU | EBPF_END | EBPF_TO_BE, dst, 8 * bytes);
    }
  }

  void EmitReturnZero() { EmitJump(BPF_JMP | BPF_JA, 0, 0, 0, kReject); }

  absl::Status EmitAlu(const CbpfInsn& insn) {
    const uint8_t op = BPF_OP(insn.code);
    const bool by_x = BPF_SRC(insn.code) == BPF_X;
    switch (op) {
      case BPF_NEG:
        EmitK(BPF_ALU | BPF_NEG, kA, 0);
        break;
      case BPF_LSH:
      case BPF_RSH:
        if (by_x) {
          EmitShiftByX(op);
          break;
        }
        if (insn.k >= 32) return NoTwin("a shift by 32 or more");
        EmitK(BPF_ALU | op | BPF_K, kA, insn.k);
        break;
      case BPF_DIV:
      case BPF_MOD:
        // Division by zero ends a cBPF program with 0. The test is our own, so
        // that nothing rests on what native code makes of such a division.
        if (by_x) {
          EmitJump(BPF_JMP | BPF_JEQ | BPF_K, kX, 0, 0, kReject);
        } else if (insn.k == 0) {
          EmitReturnZero();
          return absl::OkStatus();
        }
        [[fallthrough]];
      case BPF_ADD:
      case BPF_SUB:
      case BPF_MUL:
      case BPF_OR:
      case BPF_AND:
      case BPF_XOR:
        if (by_x) {
          EmitX(BPF_ALU | op | BPF_X, kA, kX);
        } else {
          EmitK(BPF_ALU | op | BPF_K, kA, insn.k);
        }
        break;
      default:
        return NoTwin("this arithmetic");
    }
    FallThrough();
    return absl::OkStatus();
  }

  // A shift by 32 or more gives 0; x86 would take the count modulo 32.
  void EmitShiftByX(uint8_t op) {
    Emit(BPF_JMP | BPF_JGT | BPF_K, kX, 0, 2, 31);
    EmitX(BPF_ALU | op | BPF_X, kA, kX);
    Emit(BPF_JMP | BPF_JA, 0, 0, 1, 0);
    EmitMove(kA, 0);
  }

  absl::Status EmitBranch(const CbpfInsn& insn) {
    const uint8_t op = BPF_OP(insn.code);
    if (op == BPF_JA) {
      if (insn.k >= in_.size() - pc_ - 1) return NoTwin("a backward jump");
      EmitGoto(pc_ + 1 + insn.k);
      return absl::OkStatus();
    }
    const size_t if_true = pc_ + 1 + insn.jt;
    const size_t if_false = pc_ + 1 + insn.jf;
    if (if_true == if_false) {
      EmitGoto(if_true);
      return absl::OkStatus();
    }

    // Immediates of eBPF are sign-extended to 64 bits, and DPDK's native code
    // for JSET with an immediate is malformed: both go through a register.
    uint8_t source = BPF_X;
    uint8_t source_reg = kX;
    uint32_t k = 0;
    if (BPF_SRC(insn.code) == BPF_K) {
      if (op == BPF_JSET || insn.k > std::numeric_limits<int32_t>::max()) {
        EmitMove(kScratch, insn.k);
        source_reg = kScratch;
      } else {
        source = BPF_K;
        source_reg = 0;
        k = insn.k;
      }
    }
    if (if_true == pc_ + 1 && op != BPF_JSET) {
      EmitJump(BPF_JMP | Opposite(op) | source, kA, source_reg, k, if_false);
      ReachedFrom(if_true);
      return absl::OkStatus();
    }
    EmitJump(BPF_JMP | op | source, kA, source_reg, k, if_true);
    EmitGoto(if_false);
    return absl::OkStatus();
  }

  static uint8_t Opposite(uint8_t op) {
    switch (op) {
      case BPF_JEQ:
        return EBPF_JNE;
      case BPF_JGT:
        return EBPF_JLE;
      default:
        return EBPF_JLT;
    }
  }

  void EmitGoto(size_t target) {
    if (target == pc_ + 1) {
      ReachedFrom(target);
    } else {
      EmitJump(BPF_JMP | BPF_JA, 0, 0, 0, target);
    }
  }

  // There is one exit, at the end, because DPDK's native code jumps back to the
  // first one from all others, and gets a jump back by 127 or 128 bytes wrong.
  absl::Status EmitExitAndResolveJumps() {
    const size_t reject = out_.size();
    if (std::any_of(jumps_.begin(), jumps_.end(),
                    [](const Jump& j) { return j.target == kReject; })) {
      EmitMove(kA, 0);
    }
    const size_t exit = out_.size();
    Emit(BPF_JMP | EBPF_EXIT, 0, 0, 0, 0);
    for (const Jump& jump : jumps_) {
      const size_t to = jump.target == kReject ? reject
                        : jump.target == kExit ? exit
                                               : start_[jump.target];
      const size_t distance = to - jump.from - 1;
      if (distance > std::numeric_limits<int16_t>::max()) {
        return absl::UnimplementedError(absl::StrCat(
            "a jump over ", distance, " eBPF instructions has no encoding"));
      }
      out_[jump.from].off = static_cast<int16_t>(distance);
    }
    return absl::OkStatus();
  }

  const std::span<const CbpfInsn> in_;
  std::vector<EbpfInsn> out_;
  std::vector<Jump> jumps_;
  std::vector<size_t> start_;  // Of each cBPF instruction, its place in out_.
  std::vector<uint64_t>
      proved_;  // Of each, bytes that exist when it is reached.

  size_t pc_ = 0;        // The cBPF instruction being converted,
  uint64_t length_ = 0;  // and bytes proved to exist behind it.
};

}  // namespace

absl::StatusOr<std::vector<EbpfInsn>> ConvertToEbpf(
    const CbpfProgram& program) {
  return Converter(program.instructions()).Convert();
}

}  // namespace mosaic
