// Session is what every command works with: the global flags, the daemon, where
// output goes, and in which form.

#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "control/cli/exit_code.h"
#include "control/ctl/client.h"
#include "control/ctl/interrupts.h"
#include "control/ctl/table.h"
#include "google/protobuf/message.h"

namespace mosaic::ctl {

inline constexpr const char* kDefaultAddress =
    "unix:///run/mosaic/mosaicd.sock";

// -o. JSON is protobuf's own mapping with the names of the .proto files, what
// is not set left out, 64-bit numbers as strings.
enum class Format : uint8_t {
  kTable,  // For people.
  kWide,   // The same with more columns.
  kJson,   // One document; streams: one object a line.
  kYaml,   // The same content; streams: one document each.
  kName,   // Names only, one a line.
};

enum class ColorMode : uint8_t { kAuto, kAlways, kNever };

struct GlobalFlags {
  std::string address = kDefaultAddress;
  std::chrono::milliseconds timeout{10'000};
  Format format = Format::kTable;
  ColorMode color = ColorMode::kAuto;
};

class Session {
 public:
  Session(std::FILE* out, std::FILE* err);

  GlobalFlags flags;
  // The command that the command line names; set while it is parsed.
  std::function<int()> command;

  // The daemon. REQUIRES: GrpcTarget(flags.address) is ok.
  Client& client();
  Interrupts& interrupts() { return interrupts_; }

  Format format() const { return flags.format; }
  // kTable or kWide: text for people.
  bool for_people() const {
    return flags.format == Format::kTable || flags.format == Format::kWide;
  }
  bool wide() const { return flags.format == Format::kWide; }
  // Whether standard output is a terminal that can be drawn on.
  bool interactive() const;

  std::FILE* out() const { return out_; }
  Style out_style() const;
  Style err_style() const;

  // Writes to standard output; text for people through Flush() at once.
  void Print(std::string_view text);
  void PrintTable(const Table& table);
  // One document in JSON or YAML. REQUIRES: the format is one of them.
  void PrintMessage(const google::protobuf::Message& message);
  // The same as a record of a stream, and flushed.
  void PrintRecord(const google::protobuf::Message& message);
  void Flush();
  // Text on standard error, as it is.
  void PrintError(std::string_view text);
  // A line on standard error for people; nothing in other formats.
  void Note(std::string_view text);

  // Tells why on standard error and returns the exit code. An interrupted call
  // needs no words.
  int Fail(const CallStatus& status);
  int Fail(ExitCode code, std::string_view message, std::string_view hint = "");

  // Whether the format is one of `formats`; false has been told as a mistake of
  // usage, and the command returns kExitUsage.
  [[nodiscard]] bool Supports(std::initializer_list<Format> formats);

  // `code`, or kExitFailed if output could not be written.
  int Finish(int code);

 private:
  std::FILE* const out_;
  std::FILE* const err_;
  Interrupts interrupts_;
  std::unique_ptr<Client> client_;
};

// protobuf's JSON of `message`, on one line or on many.
enum class JsonLayout : uint8_t { kOneLine, kManyLines };
std::string ToJson(const google::protobuf::Message& message, JsonLayout layout);

std::string_view NameOf(Format format);

}  // namespace mosaic::ctl
