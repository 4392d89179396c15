#include "dataplane/filter/self_check.h"

#include <pcap/bpf.h>

#include <string>
#include <vector>

#include "dataplane/filter/bpf_converter.h"
#include "dataplane/filter/packet_filter.h"
#include "dataplane/filter/synthetic_packets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::HasSubstr;

constexpr FilterBase kIp = FilterBase::kInnermostIp;

CbpfProgram Program(std::string_view expression) {
  return *CbpfProgram::Compile(expression, kIp);
}

FilterChecker ChildChecker() { return CheckInProcessOf(MOSAIC_FILTER_CHECK); }

// An expression of `n` clauses, each of which doubles the paths or more, and
// whose arithmetic keeps the verifier from knowing one path by another.
std::string ManyPaths(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    const std::string at = std::to_string(i);
    text += (i == 0 ? "" : " and ") + std::string("(tcp[") + at + "] > " + at +
            " or udp[" + at + ":2] & 0x1" + at + " != 0 or ip[" + at +
            "] % 3 = ip[" + std::to_string(i + 1) + "])";
  }
  return text;
}

TEST(SelfCheckTest, PacketsForAProgramReachBothAnswers) {
  for (std::string_view expression :
       {"tcp port 8080", "host 1.2.3.4", "tcp[tcpflags] = tcp-rst",
        "udp src port 53 and net 192.168.0.0/16", "host 2001:db8::77",
        "not (tcp or udp)"}) {
    const CbpfProgram program = Program(expression);
    int matches = 0;
    int others = 0;
    for (const std::vector<uint8_t>& packet : PacketsFor(program)) {
      const auto length = static_cast<uint32_t>(packet.size());
      ++(program.Run(packet, length) != 0 ? matches : others);
    }
    EXPECT_GE(matches, 3) << expression;
    EXPECT_GE(others, 3) << expression;
  }
}

TEST(SelfCheckTest, FindsEveryConstantThatIsOffByOne) {
  const CbpfProgram program =
      Program("ip and tcp dst port 8080 and host 10.0.0.1");
  const std::vector<EbpfInsn> right = *ConvertToEbpf(program);
  int mutants = 0;
  for (size_t i = 0; i < right.size(); ++i) {
    // Comparisons with a constant, but for tests of the length, r4: one byte
    // more changes nothing where the next load needs it anyway.
    const uint8_t kind = right[i].code & 0x0f;
    if (kind != BPF_JMP || right[i].imm == 0 || right[i].dst_reg == 4) continue;
    std::vector<EbpfInsn> wrong = right;
    ++wrong[i].imm;
    const auto native = NativeProgram::Load(wrong);
    if (!native.ok()) continue;
    ++mutants;
    EXPECT_THAT(
        std::string(CompareWithInterpreter(program, native->run()).message()),
        HasSubstr("the native code and the interpreter differ on"))
        << "instruction " << i;
  }
  EXPECT_GE(mutants, 5);
}

TEST(SelfCheckTest, AcceptsWhatTheConverterMakes) {
  const CbpfProgram program = Program("tcp dst port 8080 and host 10.0.0.1");
  EXPECT_TRUE(CheckInThisProcess(program).ok());
}

TEST(SelfCheckTest, RefusesHereAProgramWithTooManyPathsToVerify) {
  EXPECT_EQ(CheckInThisProcess(Program(ManyPaths(20))).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(SelfCheckTest, AProcessAcceptsARightProgram) {
  EXPECT_TRUE(ChildChecker()(Program("tcp port 80")).ok());
}

TEST(SelfCheckTest, AProcessVerifiesProgramsOfManyPathsThatAreQuickAllTheSame) {
  std::string expression = "host fe80::1";
  for (char c = '2'; c <= '9'; ++c)
    expression += std::string(" or host fe80::") + c;
  EXPECT_FALSE(
      (*PacketFilter::Compile(expression, kIp, CheckInThisProcess))->native());
  EXPECT_TRUE(
      (*PacketFilter::Compile(expression, kIp, ChildChecker()))->native());
}

TEST(SelfCheckTest, AProcessThatTakesTooLongIsEndedAndTheFilterInterpreted) {
  const auto filter = PacketFilter::Compile(ManyPaths(10), kIp, ChildChecker());
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_FALSE((*filter)->native());
  EXPECT_THAT((*filter)->fallback_reason(), HasSubstr("ended by signal"));
}

TEST(SelfCheckTest, AProcessThatSaysNoOrCannotRunLeavesTheFilterInterpreted) {
  const CbpfProgram program = Program("tcp");
  EXPECT_EQ(CheckInProcessOf("/bin/false")(program).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(CheckInProcessOf("/nonexistent/mosaicd")(program).code(),
            absl::StatusCode::kUnavailable);
}

TEST(SelfCheckTest, MainRefusesArgumentsItDoesNotUnderstand) {
  const auto main_of = [](std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return SelfCheckMain(static_cast<int>(argv.size()), argv.data());
  };
  EXPECT_EQ(main_of({"mosaicd"}), 2);
  EXPECT_EQ(main_of({"mosaicd", "--self-check-filter"}), 2);
  EXPECT_EQ(main_of({"mosaicd", "--self-check-filter", ""}), 2);
  EXPECT_EQ(main_of({"mosaicd", "--self-check-filter", "zz"}), 2);
  EXPECT_EQ(main_of({"mosaicd", "--self-check-filter", "0011"}), 2);
  // A program whose only instruction is unknown.
  EXPECT_EQ(main_of({"mosaicd", "--self-check-filter", "ffff000000000000"}), 2);
}

}  // namespace
}  // namespace mosaic
