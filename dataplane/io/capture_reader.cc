#include "dataplane/io/capture_reader.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dataplane/io/capture_format.h"
#include "dataplane/io/capture_input.h"
#include "dataplane/io/pcap_format.h"
#include "dataplane/io/pcapng_format.h"

namespace mosaic {
namespace {

// What a file that is no capture may be instead.
const char* Guess(std::span<const uint8_t> first) {
  if (first[0] == 0x1f && first[1] == 0x8b) return " (gzip: unpack it first)";
  if (first[0] == 0x28 && first[1] == 0xb5) return " (zstd: unpack it first)";
  if (first[0] == 0xfd && first[1] == '7') return " (xz: unpack it first)";
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<CaptureReader>> CaptureReader::Open(
    const std::string& path) {
  absl::StatusOr<std::unique_ptr<CaptureInput>> input =
      CaptureInput::Open(path);
  if (!input.ok()) return input.status();
  return Start(*std::move(input), path);
}

absl::StatusOr<std::unique_ptr<CaptureReader>> CaptureReader::OpenMemory(
    std::span<const uint8_t> bytes, const std::string& name) {
  return Start(std::make_unique<CaptureInput>(bytes), name);
}

absl::StatusOr<std::unique_ptr<CaptureReader>> CaptureReader::Start(
    std::unique_ptr<CaptureInput> input, const std::string& name) {
  auto reader = absl::WrapUnique(new CaptureReader(std::move(input), name));
  const absl::Status status = reader->ReadHeader();
  if (!status.ok()) return status;
  return reader;
}

CaptureReader::CaptureReader(std::unique_ptr<CaptureInput> input,
                             std::string name)
    : name_(std::move(name)), input_(std::move(input)) {}

CaptureReader::~CaptureReader() = default;

absl::Status CaptureReader::ReadHeader() {
  const std::span<const uint8_t> first = input_->Peek(4);
  if (!input_->status().ok()) return input_->status();
  if (first.size() < 4) {
    return absl::InvalidArgumentError(absl::StrCat(
        name_, ": not a capture file: it has ", first.size(), " bytes"));
  }
  if (PcapFormat::Recognises(first.data())) {
    format_ = std::make_unique<PcapFormat>(*input_);
  } else if (PcapngFormat::Recognises(first.data())) {
    format_ = std::make_unique<PcapngFormat>(*input_);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ": not a capture file: its first bytes are ",
                     absl::Hex(first[0], absl::kZeroPad2), " ",
                     absl::Hex(first[1], absl::kZeroPad2), " ",
                     absl::Hex(first[2], absl::kZeroPad2), " ",
                     absl::Hex(first[3], absl::kZeroPad2), Guess(first),
                     "; pcap and pcapng are read"));
  }
  switch (format_->ReadHeader()) {
    case CaptureFormat::Read::kCut:
      if (!input_->status().ok()) return input_->status();
      return Problem(absl::StatusCode::kDataLoss, "");
    case CaptureFormat::Read::kBroken:
      return Problem(absl::StatusCode::kInvalidArgument, "");
    case CaptureFormat::Read::kRecord:
    case CaptureFormat::Read::kEnd:
    case CaptureFormat::Read::kRest:
      break;
  }
  return absl::OkStatus();
}

CaptureReader::Outcome CaptureReader::Next(CaptureRecord& record) {
  if (ended_ != Outcome::kRecord) return ended_;
  const CaptureFormat::Read result = format_->Next(record);
  if (result == CaptureFormat::Read::kRecord) {
    ++packets_;
    return Outcome::kRecord;
  }
  const std::string where = absl::StrCat("packet ", packets_ + 1, ", ");
  switch (result) {
    case CaptureFormat::Read::kRecord:
    case CaptureFormat::Read::kEnd:
      status_ = input_->status();
      break;
    case CaptureFormat::Read::kRest:
      status_ = input_->status();
      if (status_.ok()) {
        warning_ =
            std::string(Problem(absl::StatusCode::kDataLoss, where).message());
      }
      break;
    case CaptureFormat::Read::kCut:
      status_ = input_->status().ok()
                    ? Problem(absl::StatusCode::kDataLoss, where)
                    : input_->status();
      break;
    case CaptureFormat::Read::kBroken:
      status_ = Problem(absl::StatusCode::kInvalidArgument, where);
      break;
  }
  ended_ = status_.ok() ? Outcome::kEnd : Outcome::kError;
  return ended_;
}

uint64_t CaptureReader::bytes_read() const { return input_->offset(); }

absl::Status CaptureReader::Problem(absl::StatusCode code,
                                    const std::string& where) const {
  return absl::Status(
      code, absl::StrCat(name_, ": ", where, "byte ", format_->problem_offset(),
                         ": ", format_->problem()));
}

}  // namespace mosaic
