#include "dataplane/filter/bpf_converter.h"

#include <pcap/bpf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/filter/cbpf_program.h"
#include "dataplane/filter/native_program.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using Code = std::vector<CbpfInsn>;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kWireLength = 1500;

CbpfInsn Do(int code, uint32_t k = 0) {
  return {static_cast<uint16_t>(code), 0, 0, k};
}
CbpfInsn Jump(int code, uint32_t k, uint8_t if_true, uint8_t if_false) {
  return {static_cast<uint16_t>(BPF_JMP | code), if_true, if_false, k};
}
CbpfInsn SetA(uint32_t k) { return Do(BPF_LD | BPF_IMM, k); }
CbpfInsn SetX(uint32_t k) { return Do(BPF_LDX | BPF_IMM, k); }
CbpfInsn ReturnA() { return Do(BPF_RET | BPF_A); }
CbpfInsn Return(uint32_t k) { return Do(BPF_RET | BPF_K, k); }

uint32_t RunNative(const NativeProgram& native,
                   std::span<const uint8_t> bytes) {
  FilterInput input = {bytes.data(), static_cast<uint32_t>(bytes.size()),
                       kWireLength};
  return static_cast<uint32_t>(native.run()(&input));
}

// What `code` returns for `bytes` as native code, and checks that libpcap's
// interpreter says the same.
uint32_t Evaluate(const Code& code, const Bytes& bytes = {}) {
  const auto program = CbpfProgram::FromInstructions(code);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return 0;
  const auto ebpf = ConvertToEbpf(*program);
  EXPECT_TRUE(ebpf.ok()) << ebpf.status();
  if (!ebpf.ok()) return 0;
  const auto native = NativeProgram::Load(*ebpf);
  EXPECT_TRUE(native.ok()) << native.status();
  if (!native.ok()) return 0;
  const uint32_t result = RunNative(*native, bytes);
  EXPECT_EQ(result, program->Run(bytes, kWireLength));
  return result;
}

TEST(BpfConverterTest, LoadsAreInNetworkOrder) {
  const Bytes bytes = {0x81, 0x82, 0x83, 0x84};
  EXPECT_EQ(Evaluate({Do(BPF_LD | BPF_W | BPF_ABS, 0), ReturnA()}, bytes),
            0x81828384u);
  EXPECT_EQ(Evaluate({Do(BPF_LD | BPF_H | BPF_ABS, 1), ReturnA()}, bytes),
            0x8283u);
  EXPECT_EQ(Evaluate({Do(BPF_LD | BPF_B | BPF_ABS, 3), ReturnA()}, bytes),
            0x84u);
}

TEST(BpfConverterTest, IndexedLoadsOfEverySizeUseX) {
  const Bytes bytes = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(
      Evaluate({SetX(2), Do(BPF_LD | BPF_B | BPF_IND, 1), ReturnA()}, bytes),
      3u);
  EXPECT_EQ(
      Evaluate({SetX(2), Do(BPF_LD | BPF_H | BPF_IND, 1), ReturnA()}, bytes),
      0x0304u);
  EXPECT_EQ(
      Evaluate({SetX(2), Do(BPF_LD | BPF_W | BPF_IND, 1), ReturnA()}, bytes),
      0x03040506u);
}

TEST(BpfConverterTest, ALoadThatEndsAtTheEndIsGoodAndOneByteMoreReturnsZero) {
  for (uint32_t size : {1u, 2u, 4u}) {
    const int width = size == 4 ? BPF_W : size == 2 ? BPF_H : BPF_B;
    const Bytes bytes(8, 1);
    const uint32_t last = 8 - size;
    for (int mode : {BPF_ABS, BPF_IND}) {
      EXPECT_EQ(Evaluate({Do(BPF_LD | width | mode, last), Return(7)}, bytes),
                7u);
      EXPECT_EQ(
          Evaluate({Do(BPF_LD | width | mode, last + 1), Return(7)}, bytes),
          0u);
    }
  }
}

TEST(BpfConverterTest, AShortPacketIsFoundShortOnEveryPath) {
  // The first load proves four bytes on one path only; the second needs them.
  const Code code = {Do(BPF_LD | BPF_B | BPF_ABS, 0),
                     Jump(BPF_JEQ | BPF_K, 1, 0, 1),
                     Do(BPF_LD | BPF_W | BPF_ABS, 0),
                     Do(BPF_LD | BPF_H | BPF_ABS, 2), Return(9)};
  EXPECT_EQ(Evaluate(code, {1, 0, 0, 0}), 9u);
  EXPECT_EQ(Evaluate(code, {2, 0, 0, 0}), 9u);
  EXPECT_EQ(Evaluate(code, {1, 0, 0}), 0u);
  EXPECT_EQ(Evaluate(code, {2, 0, 0}), 0u);
}

TEST(BpfConverterTest, IndexesDoNotWrapAndNeverReachOutside) {
  const Bytes bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto load_at = [](uint32_t x, uint32_t k) {
    return Code{SetX(x), Do(BPF_LD | BPF_W | BPF_IND, k), ReturnA()};
  };
  EXPECT_EQ(Evaluate(load_at(1, 2), bytes), 0x04050607u);
  EXPECT_EQ(Evaluate(load_at(0xffffffff, 1), bytes), 0u);
  EXPECT_EQ(Evaluate(load_at(4, 0xfffffffe), bytes), 0u);
  EXPECT_EQ(Evaluate(load_at(0x80000000, 0x80000000), bytes), 0u);
  // Offset + size wraps to a small number here.
  for (uint32_t x : {0xfffffffcu, 0xfffffffdu, 0xfffffffeu, 0xffffffffu,
                     0x7fffffffu, 0x80000000u}) {
    EXPECT_EQ(Evaluate(load_at(x, 0), bytes), 0u) << x;
  }
}

TEST(BpfConverterTest, AnIndexTakenFromThePacketMayBeAnything) {
  const Code code = {Do(BPF_LD | BPF_W | BPF_ABS, 0), Do(BPF_MISC | BPF_TAX),
                     Do(BPF_LD | BPF_H | BPF_IND, 0), Return(1)};
  EXPECT_EQ(Evaluate(code, {0, 0, 0, 2}), 1u);
  EXPECT_EQ(Evaluate(code, {0, 0, 0, 3}), 0u);
  EXPECT_EQ(Evaluate(code, {255, 255, 255, 254}), 0u);
  EXPECT_EQ(Evaluate(code, {255, 255, 255, 255}), 0u);
  EXPECT_EQ(Evaluate(code, {127, 255, 255, 255}), 0u);
  EXPECT_EQ(Evaluate(code, {128, 0, 0, 0}), 0u);
}

TEST(BpfConverterTest, OffsetsBeyondAnEbpfOffsetFieldWork) {
  Bytes bytes(40'000, 0);
  bytes[32'766] = 1;
  bytes[32'767] = 2;
  bytes[32'768] = 3;
  bytes[39'999] = 4;
  for (auto [offset, value] : std::vector<std::pair<uint32_t, uint32_t>>{
           {32'766, 1}, {32'767, 2}, {32'768, 3}, {39'999, 4}, {40'000, 0}}) {
    EXPECT_EQ(
        Evaluate({Do(BPF_LD | BPF_B | BPF_ABS, offset), ReturnA()}, bytes),
        value);
  }
}

TEST(BpfConverterTest, OffsetsThatNoPacketHasReturnZero) {
  for (uint32_t k :
       {0x7ffffffdu, 0x7fffffffu, 0x80000000u, 0xfffff000u, 0xffffffffu}) {
    EXPECT_EQ(Evaluate({Do(BPF_LD | BPF_W | BPF_ABS, k), Return(1)}, {1, 2}),
              0u);
    EXPECT_EQ(Evaluate({Do(BPF_LDX | BPF_B | BPF_MSH, k), Return(1)}, {1, 2}),
              0u);
  }
}

TEST(BpfConverterTest, HeaderLengthIsFourTimesTheLowHalfByte) {
  const Code code = {Do(BPF_LDX | BPF_B | BPF_MSH, 1), Do(BPF_MISC | BPF_TXA),
                     ReturnA()};
  EXPECT_EQ(Evaluate(code, {0, 0x4f}), 60u);
  EXPECT_EQ(Evaluate(code, {0}), 0u);
}

TEST(BpfConverterTest, LengthIsTheOneOnTheWire) {
  EXPECT_EQ(Evaluate({Do(BPF_LD | BPF_W | BPF_LEN), ReturnA()}, {1, 2}),
            kWireLength);
  EXPECT_EQ(Evaluate({Do(BPF_LDX | BPF_W | BPF_LEN), Do(BPF_MISC | BPF_TXA),
                      ReturnA()}),
            kWireLength);
}

TEST(BpfConverterTest, ComparisonsAreUnsigned) {
  for (uint32_t a :
       {0u, 1u, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu}) {
    for (uint32_t k : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
      for (int source : {BPF_K, BPF_X}) {
        const auto holds = [&](int op, uint8_t jt, uint8_t jf) {
          return Evaluate({SetX(k), SetA(a), Jump(op | source, k, jt, jf),
                           Return(1), Return(2), Return(3)});
        };
        EXPECT_EQ(holds(BPF_JEQ, 0, 1), a == k ? 1u : 2u);
        EXPECT_EQ(holds(BPF_JGT, 0, 1), a > k ? 1u : 2u);
        EXPECT_EQ(holds(BPF_JGE, 0, 1), a >= k ? 1u : 2u);
        EXPECT_EQ(holds(BPF_JSET, 0, 1), (a & k) != 0 ? 1u : 2u);
        EXPECT_EQ(holds(BPF_JEQ, 1, 0), a == k ? 2u : 1u);
        EXPECT_EQ(holds(BPF_JGT, 1, 2), a > k ? 2u : 3u);
        EXPECT_EQ(holds(BPF_JSET, 2, 0), (a & k) != 0 ? 3u : 1u);
        EXPECT_EQ(holds(BPF_JGE, 1, 1), 2u);
      }
    }
  }
}

TEST(BpfConverterTest, ArithmeticIsModulo2To32) {
  const auto compute = [](uint32_t a, int op, uint32_t operand) {
    const uint32_t by_k =
        Evaluate({SetA(a), Do(BPF_ALU | op | BPF_K, operand), ReturnA()});
    EXPECT_EQ(
        Evaluate({SetX(operand), SetA(a), Do(BPF_ALU | op | BPF_X), ReturnA()}),
        by_k);
    return by_k;
  };
  EXPECT_EQ(compute(0xffffffff, BPF_ADD, 2), 1u);
  EXPECT_EQ(compute(1, BPF_SUB, 2), 0xffffffffu);
  EXPECT_EQ(compute(0x80000001, BPF_MUL, 0x80000001), 1u);
  EXPECT_EQ(compute(0xfffffffe, BPF_DIV, 0xffffffff), 0u);
  EXPECT_EQ(compute(0xffffffff, BPF_DIV, 0x80000000), 1u);
  EXPECT_EQ(compute(0xffffffff, BPF_MOD, 0x80000000), 0x7fffffffu);
  EXPECT_EQ(compute(0xf0f0f0f0, BPF_AND, 0xffffffff), 0xf0f0f0f0u);
  EXPECT_EQ(compute(0x0f, BPF_OR, 0x80000000), 0x8000000fu);
  EXPECT_EQ(compute(0xffffffff, BPF_XOR, 0x80000001), 0x7ffffffeu);
  EXPECT_EQ(Evaluate({SetA(1), Do(BPF_ALU | BPF_NEG), ReturnA()}), 0xffffffffu);
}

TEST(BpfConverterTest, DivisionByZeroInXReturnsZero) {
  // X comes from the packet: as a constant the verifier would refuse it.
  for (int op : {BPF_DIV, BPF_MOD}) {
    const Code code = {Do(BPF_LD | BPF_B | BPF_ABS, 0), Do(BPF_MISC | BPF_TAX),
                       SetA(77), Do(BPF_ALU | op | BPF_X), Return(5)};
    EXPECT_EQ(Evaluate(code, {0}), 0u);
    EXPECT_EQ(Evaluate(code, {3}), 5u);
  }
}

TEST(BpfConverterTest, ShiftsBy32OrMoreInXGiveZero) {
  for (uint32_t x : {0u, 1u, 31u, 32u, 33u, 64u, 0x80000000u, 0xffffffffu}) {
    const auto shifted = [&](int op) {
      return Evaluate(
          {SetX(x), SetA(0x80000001), Do(BPF_ALU | op | BPF_X), ReturnA()});
    };
    EXPECT_EQ(shifted(BPF_LSH), x < 32 ? 0x80000001u << x : 0u) << x;
    EXPECT_EQ(shifted(BPF_RSH), x < 32 ? 0x80000001u >> x : 0u) << x;
  }
}

TEST(BpfConverterTest, ScratchMemoryKeepsAAndX) {
  Code code;
  for (uint32_t i = 0; i < BPF_MEMWORDS; ++i) {
    code.push_back(SetA(0xf0000000 + i));
    code.push_back(SetX(0xe0000000 + i));
    code.push_back(Do(i % 2 == 0 ? BPF_ST : BPF_STX, i));
  }
  for (uint32_t i = 0; i < BPF_MEMWORDS; ++i) {
    Code reader = code;
    reader.push_back(Do(BPF_LDX | BPF_MEM, i));
    reader.push_back(Do(BPF_LD | BPF_MEM, i));
    reader.push_back(Do(BPF_ALU | BPF_SUB | BPF_X));
    reader.push_back(Do(BPF_ALU | BPF_ADD | BPF_X));
    reader.push_back(ReturnA());
    EXPECT_EQ(Evaluate(reader), (i % 2 == 0 ? 0xf0000000 : 0xe0000000) + i);
  }
}

TEST(BpfConverterTest, CodeThatCannotBeReachedIsLeftOut) {
  EXPECT_EQ(
      Evaluate({Do(BPF_JMP | BPF_JA, 1), Return(1), Return(2), Return(3)}), 2u);
}

TEST(BpfConverterTest, AConstantShiftBy32OrMoreHasNoTwin) {
  for (int op : {BPF_LSH, BPF_RSH}) {
    const auto program = CbpfProgram::FromInstructions(
        {SetA(1), Do(BPF_ALU | op | BPF_K, 32), ReturnA()});
    ASSERT_TRUE(program.ok());
    const auto code = ConvertToEbpf(*program);
    EXPECT_EQ(code.status().code(), absl::StatusCode::kUnimplemented);
  }
}

TEST(BpfConverterTest, TheLongestProgramIsConvertedAndOneLongerIsRefused) {
  Code code(CbpfProgram::kMaxInstructions - 1,
            Do(BPF_ALU | BPF_ADD | BPF_K, 1));
  code.push_back(ReturnA());
  EXPECT_EQ(Evaluate(code), CbpfProgram::kMaxInstructions - 1);

  code.insert(code.begin(), SetA(0));
  EXPECT_EQ(CbpfProgram::FromInstructions(code).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(BpfConverterTest, AJumpOverTheWholeOfALongProgramReachesItsTarget) {
  // A is 0 at the start, so that the jump is taken. What it passes over is
  // several eBPF instructions for each cBPF one.
  Code code(CbpfProgram::kMaxInstructions - 2, Do(BPF_LD | BPF_W | BPF_IND, 0));
  code[0] = Jump(BPF_JEQ | BPF_K, 0, 0, 1);
  code[1] = Do(BPF_JMP | BPF_JA, CbpfProgram::kMaxInstructions - 3);
  code.push_back(Return(4));
  code.push_back(Return(3));
  const auto program = CbpfProgram::FromInstructions(code);
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(program->Run({}, 0), 3u);
  // 4,092 loads of eight instructions each are more than an offset can span.
  EXPECT_EQ(ConvertToEbpf(*program).status().code(),
            absl::StatusCode::kUnimplemented);

  code.erase(code.begin() + 2, code.begin() + 1002);
  code[1].k -= 1000;
  EXPECT_EQ(Evaluate(code), 3u);
}

// DPDK's native code mixes up a jump back by 127 or 128 bytes; whatever lies
// between two returns, none is made.
TEST(BpfConverterTest, ReturnsAnyDistanceApartReturn) {
  for (size_t between = 0; between < 80; ++between) {
    Code code = {Do(BPF_LD | BPF_B | BPF_ABS, 0),
                 Jump(BPF_JEQ | BPF_K, 1, 0, 1), Return(7)};
    code.resize(code.size() + between, Do(BPF_ALU | BPF_ADD | BPF_K, 1));
    code.push_back(ReturnA());
    EXPECT_EQ(Evaluate(code, {1}), 7u) << between;
    EXPECT_EQ(Evaluate(code, {2}), 2 + between);
  }
}

// A valid program of random instructions. Scratch words are written before they
// can be read, because the interpreter does not clear them.
class RandomPrograms {
 public:
  explicit RandomPrograms(uint32_t seed) : random_(seed) {}

  Code Next() {
    Code code = {Do(BPF_LDX | BPF_W | BPF_LEN)};
    for (uint32_t word = 0; word < kWords; ++word) {
      code.push_back(SetA(Constant()));
      code.push_back(Do(BPF_ST, word));
    }
    const size_t size = code.size() + 1 + Below(40);
    while (code.size() < size) code.push_back(Instruction(size - code.size()));
    code.push_back(Below(2) == 0 ? ReturnA() : Return(Constant()));
    return code;
  }

  Bytes Packet() {
    Bytes bytes(Below(64));
    for (uint8_t& byte : bytes) {
      byte = static_cast<uint8_t>(Below(2) == 0 ? Below(8) : Below(256));
    }
    return bytes;
  }

 private:
  static constexpr uint32_t kWords = 3;

  uint32_t Below(size_t n) { return static_cast<uint32_t>(random_() % n); }

  template <size_t kSize>
  int OneOf(const std::array<int, kSize>& choices) {
    return choices[Below(kSize)];
  }

  uint32_t Constant() {
    static constexpr std::array<uint32_t, 10> kEdges = {
        0,          1,          0x7f,       0x80,       0xff,
        0x7fffffff, 0x80000000, 0xffffff80, 0xfffffffe, 0xffffffff};
    switch (Below(3)) {
      case 0:
        return kEdges[Below(kEdges.size())];
      case 1:
        return Below(48);
      default:
        return static_cast<uint32_t>(random_());
    }
  }

  uint32_t Offset() { return Below(20) == 0 ? Constant() : Below(48); }

  // `room` is how many instructions follow.
  CbpfInsn Instruction(size_t room) {
    switch (Below(8)) {
      case 0:
      case 1:
        return Do(BPF_LD | OneOf<3>({BPF_W, BPF_H, BPF_B}) |
                      OneOf<2>({BPF_ABS, BPF_IND}),
                  Offset());
      case 2:
        return Other();
      case 3:
      case 4:
        return Arithmetic();
      default:
        break;
    }
    if (Below(12) == 0) return Do(BPF_JMP | BPF_JA, Below(room));
    const size_t reach = std::min<size_t>(room, 255);
    return Jump(OneOf<4>({BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET}) |
                    OneOf<2>({BPF_K, BPF_X}),
                Constant(), static_cast<uint8_t>(Below(reach)),
                static_cast<uint8_t>(Below(reach)));
  }

  CbpfInsn Other() {
    switch (Below(9)) {
      case 0:
        return SetA(Constant());
      case 1:
        return SetX(Constant());
      case 2:
        return Do(BPF_LD | BPF_MEM, Below(kWords));
      case 3:
        return Do(BPF_LDX | BPF_MEM, Below(kWords));
      case 4:
        return Do(OneOf<2>({BPF_ST, BPF_STX}), Below(kWords));
      case 5:
        return Do(BPF_LDX | BPF_B | BPF_MSH, Offset());
      case 6:
        return Do(OneOf<2>({BPF_LD, BPF_LDX}) | BPF_W | BPF_LEN);
      case 7:
        return Do(BPF_MISC | BPF_TAX);
      default:
        return Do(BPF_MISC | BPF_TXA);
    }
  }

  CbpfInsn Arithmetic() {
    const int op =
        OneOf<11>({BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH,
                   BPF_RSH, BPF_NEG, BPF_MOD, BPF_XOR});
    if (op == BPF_NEG) return Do(BPF_ALU | BPF_NEG);
    if (Below(2) == 0) return Do(BPF_ALU | op | BPF_X);
    if (op == BPF_LSH || op == BPF_RSH) {
      return Do(BPF_ALU | op | BPF_K, Below(32));
    }
    const uint32_t k = Constant();
    return Do(BPF_ALU | op | BPF_K, k == 0 ? 1 : k);
  }

  std::mt19937 random_;
};

TEST(BpfConverterTest, RandomProgramsReturnWhatTheInterpreterReturns) {
  constexpr int kPrograms = 20'000;
  constexpr int kPacketsEach = 12;
  RandomPrograms random(4711);
  int native_programs = 0;
  int matches = 0;
  for (int i = 0; i < kPrograms; ++i) {
    const auto program = CbpfProgram::FromInstructions(random.Next());
    ASSERT_TRUE(program.ok()) << program.status();
    const auto code = ConvertToEbpf(*program);
    ASSERT_TRUE(code.ok()) << code.status();
    // The verifier refuses what it can see to divide by zero.
    const auto native = NativeProgram::Load(*code);
    if (!native.ok()) continue;
    ++native_programs;
    for (int j = 0; j < kPacketsEach; ++j) {
      const Bytes packet = random.Packet();
      const uint32_t expected = program->Run(packet, kWireLength);
      matches += expected != 0;
      ASSERT_EQ(RunNative(*native, packet), expected) << "program " << i << "\n"
                                                      << program->Disassembly();
    }
  }
  EXPECT_GE(native_programs, kPrograms * 95 / 100);
  EXPECT_GE(matches, kPrograms);
}

}  // namespace
}  // namespace mosaic
