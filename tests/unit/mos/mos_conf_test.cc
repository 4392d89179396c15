#include "dataplane/mos/mos_conf.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic::mos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A file that is right, with `more` in its mos block.
std::string WithMos(std::string_view more) {
  return "mos {\nnetdev { pcap:a.pcap 0x1 }\n" + std::string(more) + "\n}\n";
}

MosConf Parsed(std::string_view text) {
  absl::StatusOr<MosConf> conf = ParseMosConf(text, "mos.conf");
  EXPECT_TRUE(conf.ok()) << conf.status();
  return conf.ok() ? *conf : MosConf();
}

std::string FaultOf(std::string_view text) {
  const absl::StatusOr<MosConf> conf = ParseMosConf(text, "mos.conf");
  EXPECT_FALSE(conf.ok());
  return conf.ok() ? "" : std::string(conf.status().message());
}

TEST(MosConfTest, AWholeFileIsReadAsMosPrograms) {
  const MosConf conf = Parsed(R"(
# A monitor between two ports.
application {
  type = monitor
  run = midstat -c 4       # its arguments
  cpu_mask = 0x000F
  ip_forward = 0
}

mos {
  forward = 1
  nb_mem_channels = 4
  netdev {
    af_packet:eth0 0x0003
    af_packet:eth1 0x0003
  }
  nic_forward_table {
    af_packet:eth0 af_packet:eth1
    af_packet:eth1 af_packet:eth0
  }
  max_concurrency = 100000
  no_ring_buffers = 0
  rmem_size = 8192
  tcp_tw_interval = 0
  tcp_timeout = 30
  mos_log = logs/
}
)");
  ASSERT_EQ(conf.applications.size(), 1u);
  EXPECT_THAT(conf.applications[0].arguments,
              ElementsAre("midstat", "-c", "4"));
  EXPECT_EQ(conf.applications[0].cpu_mask, 0xfu);
  ASSERT_EQ(conf.devices.size(), 2u);
  EXPECT_EQ(conf.devices[1].device, "af_packet:eth1");
  EXPECT_EQ(conf.cpu_mask, 3u);
  EXPECT_THAT(conf.forward_to,
              ElementsAre(std::optional<size_t>(1), std::optional<size_t>(0)));
  EXPECT_EQ(conf.memory_channels, 4u);
  EXPECT_EQ(conf.max_concurrency, 100'000u);
  EXPECT_EQ(conf.receive_buffer_bytes, 8192u);
  EXPECT_EQ(conf.linger_seconds, 0);
  EXPECT_EQ(conf.idle_seconds, 30);
  EXPECT_EQ(conf.log_folder, "logs/");
  EXPECT_THAT(conf.warnings, IsEmpty());
}

TEST(MosConfTest, WhatIsNotSaidHasItsDefault) {
  const MosConf conf = Parsed(WithMos(""));
  EXPECT_THAT(conf.applications, IsEmpty());
  EXPECT_THAT(conf.forward_to, ElementsAre(std::nullopt));
  EXPECT_EQ(conf.receive_buffer_bytes, 256u * 1024);
  EXPECT_EQ(conf.max_concurrency, 65'536u);
  EXPECT_EQ(conf.idle_seconds, std::nullopt);
  EXPECT_EQ(conf.linger_seconds, std::nullopt);
}

TEST(MosConfTest, ANetdevMayHaveANameApartFromItsDevice) {
  const MosConf conf = Parsed(
      "mos {\nnetdev {\ndpdk0 1 pcap:in.pcap,tx=out.pcap\n}\n"
      "nic_forward_table { dpdk0 dpdk0 }\n}");
  ASSERT_EQ(conf.devices.size(), 1u);
  EXPECT_EQ(conf.devices[0].name, "dpdk0");
  EXPECT_EQ(conf.devices[0].device, "pcap:in.pcap,tx=out.pcap");
  EXPECT_THAT(conf.forward_to, ElementsAre(std::optional<size_t>(0)));
}

TEST(MosConfTest, WithoutForwardingTheTableIsNotUsed) {
  const MosConf conf = Parsed(
      WithMos("forward = 0\nnic_forward_table { pcap:a.pcap pcap:a.pcap }"));
  EXPECT_THAT(conf.forward_to, ElementsAre(std::nullopt));
}

TEST(MosConfTest, WithoutRingBuffersNoPayloadIsKept) {
  EXPECT_EQ(Parsed(WithMos("rmem_size = 8192\nno_ring_buffers = 1"))
                .receive_buffer_bytes,
            0u);
}

TEST(MosConfTest, ATimeoutOfMinusOneMeansNever) {
  EXPECT_EQ(Parsed(WithMos("tcp_timeout = -1")).idle_seconds, -1);
}

TEST(MosConfTest, BracesMayShareLinesOrStandAlone) {
  EXPECT_EQ(Parsed("mos\n{\nnetdev\n{\nnull 1\n}\n}").devices.size(), 1u);
  EXPECT_EQ(
      Parsed("mos { netdev { null 1 } rmem_size = 5 }").receive_buffer_bytes,
      5u);
}

TEST(MosConfTest, WhatHasNoEffectIsWarnedAboutWithItsLine) {
  for (const char* key :
       {"wmem_size = 8192", "stat_print = dpdk0", "port = dpdk0",
        "multiprocess = 1", "arp_table { }", "route_table { x }"}) {
    const MosConf conf = Parsed(WithMos(key));
    ASSERT_EQ(conf.warnings.size(), 1u) << key;
    EXPECT_THAT(conf.warnings[0], HasSubstr("mos.conf:3: ")) << key;
    EXPECT_THAT(conf.warnings[0], HasSubstr("no effect")) << key;
  }
  EXPECT_THAT(Parsed(WithMos("multiprocess = 0")).warnings, IsEmpty());
}

TEST(MosConfTest, MasksThatDifferAreTakenTogetherAndWarnedAbout) {
  const MosConf conf = Parsed("mos {\nnetdev {\nnull 0x1\nring 0x6\n}\n}");
  EXPECT_EQ(conf.cpu_mask, 7u);
  EXPECT_EQ(conf.warnings.size(), 1u);
}

struct BadFile {
  const char* text;
  const char* fault;
};

TEST(MosConfTest, EachFaultNamesItsLineAndWhatIsAllowed) {
  const std::vector<BadFile> files = {
      {"", "mos.conf:1: mos: required"},
      {"rmem_size = 3", "outside of a block"},
      {"moss { }", "mos.conf:1: moss: unknown; a file holds application"},
      {"mos {\n}\nmos {\n}", "mos.conf:3: mos: given twice, first in line 1"},
      {"mos {\n}", "mos.conf:1: netdev: required"},
      {"mos {\nnetdev {\n}\n}", "mos.conf:2: netdev: required"},
      {"mos {", "mos: no } closes it"},
      {"mos { netdev { null 1 } } }", "} closes nothing"},
      {"{ }", "{ has no name before it"},
      {"mos { netdev { x { } } }", "blocks go 2 deep"},
      {"mos { netdev { null } }", "is not DEVICE CPU_MASK"},
      {"mos { netdev { null 1 ring x } }", "is not DEVICE CPU_MASK"},
      {"mos { netdev { null 0 } }", "\"0\" is not a mask of CPUs"},
      {"mos { netdev { null 0xg } }", "\"0xg\" is not a mask of CPUs"},
      {"mos { netdev { dpdk0 1 } }", "dpdk0"},
      {"mos {\nnetdev {\nnull 1\nnull 1\n}\n}", "mos.conf:4: netdev: null is"},
      {"application { color = red }",
       "color: unknown; application { } takes type, run, cpu_mask, ip_forward"},
      {"application { type = both }", "\"both\" is neither end nor monitor"},
      {"application { run = }", "run: 0 words are not in [1, 20]"},
      {"application { cpu_mask = 0 }", "cpu_mask: \"0\" is not a mask"},
      {"application { x { } }", "application { } takes no blocks"},
  };
  for (const BadFile& file : files) {
    EXPECT_THAT(FaultOf(file.text), HasSubstr(file.fault)) << file.text;
  }
}

TEST(MosConfTest, EachBadValueIsRefusedWithItsRange) {
  const std::vector<BadFile> lines = {
      {"forward = yes", "mos.conf:3: forward: \"yes\" is neither 0 nor 1"},
      {"no_ring_buffers = 2", "\"2\" is neither 0 nor 1"},
      {"multiprocess = 2", "\"2\" is neither 0 nor 1"},
      {"nb_mem_channels = 0", "\"0\" is not a number in [1, 32]"},
      {"nb_mem_channels = 33", "[1, 32]"},
      {"max_concurrency = 0", "[1, 4194304]"},
      {"max_concurrency = 4194305", "[1, 4194304]"},
      {"rmem_size = -1", "[0, 67108864]"},
      {"rmem_size = 67108865", "[0, 67108864]"},
      {"rmem_size = 8k", "\"8k\" is not a number"},
      {"wmem_size = -1", "[0, 67108864]"},
      {"tcp_tw_interval = -1", "[0, 86400]"},
      {"tcp_timeout = 0", "[1, 86400]"},
      {"tcp_timeout = -2", "[-1, 86400]"},
      {"tcp_timeout = 86401", "[-1, 86400]"},
      {"mos_log =", "names no folder"},
      {"rmem_size 3", "is not of the form KEY = VALUE"},
      {"color = red", "color: unknown; mos { } takes forward, nb_mem_channels"},
      {"forward = 1\nforward = 0", "mos.conf:4: forward: given twice"},
      {"netdev { null 1 }", "netdev: given twice, first in line 2"},
      {"tables { }", "tables: unknown; the blocks of mos { } are netdev"},
      {"nic_forward_table { pcap:a.pcap }", "is not RECEIVING SENDING"},
      {"nic_forward_table { pcap:a.pcap eth0 }",
       "eth0 is no netdev; they are pcap:a.pcap"},
      {"nic_forward_table {\npcap:a.pcap pcap:a.pcap\npcap:a.pcap "
       "pcap:a.pcap\n}",
       "mos.conf:5: nic_forward_table: pcap:a.pcap has a line already"},
  };
  for (const BadFile& line : lines) {
    EXPECT_THAT(FaultOf(WithMos(line.text)), HasSubstr(line.fault))
        << line.text;
  }
}

TEST(MosConfTest, ValuesAtTheirBoundsAreTaken) {
  for (const char* line :
       {"nb_mem_channels = 32", "max_concurrency = 4194304", "rmem_size = 0",
        "rmem_size = 67108864", "rmem_size = 0x2000", "tcp_timeout = 1",
        "tcp_timeout = 86400", "tcp_tw_interval = 86400"}) {
    Parsed(WithMos(line));
  }
}

TEST(MosConfTest, AllFaultsAreToldInTheOrderOfTheirLines) {
  EXPECT_EQ(
      FaultOf(WithMos("forward = 2\nx = 1\nrmem_size = -1")).substr(0, 20),
      "mos.conf:3: forward:");
  const std::string faults =
      FaultOf(WithMos("forward = 2\nx = 1\nrmem_size = -1"));
  EXPECT_THAT(faults, HasSubstr("\nmos.conf:4: x: unknown"));
  EXPECT_THAT(faults, HasSubstr("\nmos.conf:5: rmem_size:"));
}

TEST(MosConfTest, TheNumberOfFaultsToldIsBounded) {
  std::string lines;
  for (size_t i = 0; i < 2 * kMaxFaults; ++i) lines += "x = 1\n";
  const std::string faults = FaultOf(WithMos(lines));
  EXPECT_EQ(std::count(faults.begin(), faults.end(), '\n') + 1,
            static_cast<std::ptrdiff_t>(kMaxFaults));
}

TEST(MosConfTest, DevicesAndApplicationsAreBounded) {
  std::string devices;
  for (size_t i = 0; i <= MosConf::kMaxDevices; ++i) {
    devices += "d" + std::to_string(i) + " 1 null\n";
  }
  EXPECT_THAT(FaultOf("mos {\nnetdev {\n" + devices + "}\n}"),
              HasSubstr("mos.conf:67: netdev: more than 64"));
  std::string applications;
  for (size_t i = 0; i <= MosConf::kMaxApplications; ++i) {
    applications += "application { cpu_mask = 1 }\n";
  }
  EXPECT_THAT(FaultOf(applications + WithMos("")),
              HasSubstr("mos.conf:21: application: more than 20"));
}

}  // namespace
}  // namespace mosaic::mos
