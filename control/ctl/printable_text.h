// Text that is safe and pleasant on a terminal: what others sent, without its
// control characters, and numbers, times and addresses as people read them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "mosaic/v1/common.pb.h"

namespace mosaic::ctl {

// `text` with everything that a terminal would obey or hide written out:
// control characters as \n, \x1b and the like, bytes that are no UTF-8 as \xNN,
// and characters that turn the writing direction or take no room as \u202e.
std::string Printable(std::string_view text);

// Characters of `text`, each taken as one column. REQUIRES: UTF-8.
size_t ColumnsOf(std::string_view text);

// The first `columns` characters of `text`.
std::string_view FirstColumns(std::string_view text, size_t columns);

// "950", "12.3k", "4.56M": at most three significant digits; of negative
// numbers "0".
std::string HumanCount(double count);

// "950 bit/s", "1.25 Gbit/s".
std::string HumanBits(double bits_per_second);

// "350ms", "5s", "3m12s", "2h05m", "4d03h".
std::string HumanDuration(double seconds);

double Seconds(const google::protobuf::Duration& duration);
double Seconds(const google::protobuf::Timestamp& time);

// "12:00:01.123456" in the local time zone.
std::string ClockTime(const google::protobuf::Timestamp& time);
// "2026-11-21 12:00:01" in the local time zone.
std::string DateTime(const google::protobuf::Timestamp& time);

// "192.0.2.1:443", "[2001:db8::1]:443"; without the port where it is 0.
std::string Endpoint(std::string_view address, uint32_t port);
// "tcp", "udp", "icmp", "icmpv6", or the number.
std::string ProtocolText(v1::IpProtocol protocol);

// The last part of a resource's name: "web" of "monitors/web".
std::string_view IdOf(std::string_view name);

}  // namespace mosaic::ctl
