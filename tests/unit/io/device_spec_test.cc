#include "dataplane/io/device_spec.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ErrorOf(std::string_view device) {
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(device);
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << device;
  return std::string(spec.status().message());
}

DeviceSpec Parsed(std::string_view device) {
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(device);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return spec.ok() ? *spec : DeviceSpec();
}

TEST(DeviceSpecTest, EveryFormIsTakenApart) {
  const struct {
    std::string_view text;
    DeviceKind kind;
    std::string_view target;
  } forms[] = {
      {"pcap:in.pcap", DeviceKind::kPcap, "in.pcap"},
      {"pcap:/a:b/in.pcap,tx=out.pcap", DeviceKind::kPcap, "/a:b/in.pcap"},
      {"null", DeviceKind::kNull, ""},
      {"null:size=0", DeviceKind::kNull, ""},
      {"ring", DeviceKind::kRing, ""},
      {"memif:/run/vpp.sock,role=server,id=3", DeviceKind::kMemif,
       "/run/vpp.sock"},
      {"af_packet:eth0", DeviceKind::kAfPacket, "eth0"},
      {"af_xdp:eth0,start_queue=4", DeviceKind::kAfXdp, "eth0"},
      {"tap:mosaic0", DeviceKind::kTap, "mosaic0"},
      {"0000:01:00.0", DeviceKind::kPci, "0000:01:00.0"},
      {"0000:3b:0A.7,dv_flow_en=0", DeviceKind::kPci, "0000:3b:0A.7"},
  };
  for (const auto& form : forms) {
    const DeviceSpec spec = Parsed(form.text);
    EXPECT_EQ(spec.kind, form.kind) << form.text;
    EXPECT_EQ(spec.target, form.target) << form.text;
  }
}

TEST(DeviceSpecTest, AnOptionThatIsNotSetHasTheValueOneAsksFor) {
  const DeviceSpec spec = Parsed("memif:/run/vpp.sock,id=3");
  EXPECT_EQ(spec.Option("id"), "3");
  EXPECT_EQ(spec.Option("role", "client"), "client");
}

TEST(DeviceSpecTest, AnUnknownKindIsToldAllForms) {
  EXPECT_THAT(
      ErrorOf("pcpa:in.pcap"),
      AllOf(HasSubstr("\"pcpa:in.pcap\""), HasSubstr("pcap:FILE"),
            HasSubstr("null"), HasSubstr("ring"), HasSubstr("memif:SOCKET"),
            HasSubstr("af_packet:INTERFACE"), HasSubstr("af_xdp:INTERFACE"),
            HasSubstr("tap:INTERFACE"), HasSubstr("0000:01:00.0")));
  EXPECT_THAT(ErrorOf(""), HasSubstr("is none of"));
  EXPECT_THAT(ErrorOf("eth0"), HasSubstr("is none of"));
  EXPECT_THAT(ErrorOf("0000:01:00.8"), HasSubstr("is none of"));
  EXPECT_THAT(ErrorOf("01:00.0"), HasSubstr("is none of"));
}

TEST(DeviceSpecTest, AMissingTargetIsToldTheForm) {
  EXPECT_EQ(ErrorOf("af_packet"),
            "device \"af_packet\": must be af_packet:INTERFACE");
  EXPECT_EQ(ErrorOf("pcap:"), "device \"pcap:\": must be pcap:FILE");
  EXPECT_THAT(ErrorOf("pcap:tx=out.pcap"), HasSubstr("must be pcap:FILE"));
  EXPECT_THAT(ErrorOf("null:"), HasSubstr("nothing follows the colon"));
}

TEST(DeviceSpecTest, AnOptionThatIsWrongIsToldWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("pcap:a,loop=2"), HasSubstr("loop=2 is not 0 or 1"));
  EXPECT_THAT(ErrorOf("pcap:a,speed=2"),
              HasSubstr("unknown option \"speed\"; allowed: tx, loop"));
  EXPECT_THAT(ErrorOf("af_packet:eth0,qpairs=2"),
              HasSubstr("none is allowed here"));
  EXPECT_THAT(ErrorOf("pcap:a,tx"), HasSubstr("\"tx\" is not key=value"));
  EXPECT_THAT(ErrorOf("pcap:a,tx=b,tx=c"), HasSubstr("tx is given twice"));
  EXPECT_THAT(ErrorOf("pcap:a,"), HasSubstr("\"\" is not key=value"));
  EXPECT_THAT(ErrorOf("null:size=1519"), HasSubstr("0 to 1518 bytes"));
  EXPECT_THAT(ErrorOf("null:size=-1"), HasSubstr("0 to 1518 bytes"));
  EXPECT_THAT(ErrorOf("memif:s,role=master"), HasSubstr("server or client"));
  EXPECT_EQ(Parsed("null:size=1518").Option("size"), "1518");
}

TEST(DeviceSpecTest, WhatDpdkWouldTakeApartIsRefused) {
  for (const char* const device :
       {"pcap:a b", "pcap:[a]", "pcap:\"a\"", "pcap:a\n", "tap:a\tb"}) {
    EXPECT_THAT(ErrorOf(device), HasSubstr("are not allowed"));
  }
}

TEST(DeviceSpecTest, AnInterfaceNameHasUpToFifteenBytes) {
  EXPECT_EQ(Parsed("tap:a23456789012345").target, "a23456789012345");
  EXPECT_THAT(ErrorOf("tap:a234567890123456"),
              HasSubstr("16 bytes, of at most 15"));
}

}  // namespace
}  // namespace mosaic
