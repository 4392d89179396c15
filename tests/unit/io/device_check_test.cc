#include "dataplane/io/device_check.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/capture_builder.h"
#include "tests/support/temporary_file.h"

namespace mosaic {
namespace {

using mosaic::testing::FileBytes;
using mosaic::testing::PcapBuilder;
using mosaic::testing::TemporaryFile;
using ::testing::HasSubstr;

TEST(DeviceCheckTest, WhatIsMissingIsNamed) {
  PortConfig port;
  port.name = "outside";
  port.device = "af_packet:nosuch0";
  EXPECT_EQ(CheckDevice(port).message(),
            "port \"outside\", device af_packet:nosuch0: there is no interface "
            "nosuch0 here; `ip link` lists those of this network namespace");
  port.device = "pcap:nosuch.pcap";
  EXPECT_EQ(CheckDevice(port).code(), absl::StatusCode::kNotFound);
  port.device = "memif:/nosuch/folder/m.sock";
  EXPECT_THAT(std::string(CheckDevice(port).message()),
              HasSubstr("the folder /nosuch/folder/: No such file"));
  port.device = "ffff:ff:1f.7";
  EXPECT_THAT(std::string(CheckDevice(port).message()),
              HasSubstr("there is no PCI device ffff:ff:1f.7"));

  const TemporaryFile raw_ip(
      PcapBuilder(mosaic::testing::FileOrder::kLittle,
                  mosaic::testing::FileUnit::kMicroseconds, 101)
          .Packet(0, "E")
          .bytes());
  port.device = "pcap:" + raw_ip.path();
  EXPECT_THAT(std::string(CheckDevice(port).message()),
              HasSubstr("its frames are not Ethernet"));
  const TemporaryFile text(FileBytes(100, 'x'));
  port.device = "pcap:" + text.path();
  EXPECT_FALSE(CheckDevice(port).ok());
  port.device = "null";
  EXPECT_TRUE(CheckDevice(port).ok()) << CheckDevice(port);
}

// Not by the link that is there only where programs are built.
TEST(DeviceCheckTest, ADriverIsLookedForWhereItsOwnPackageHasIt) {
  for (const char* driver : {"mempool_ring", "net_null", "net_af_packet"}) {
    const std::string file = DriverFile(driver);
    EXPECT_EQ(std::filesystem::symlink_status(file).type(),
              std::filesystem::file_type::regular)
        << file;
  }
}

}  // namespace
}  // namespace mosaic
