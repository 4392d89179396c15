// CaptureFormat is what CaptureReader asks of the reader of one file format.
//
// Ownership   Borrows the input, which outlives it.
// Threading   One thread at a time.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/io/capture_input.h"
#include "dataplane/io/capture_record.h"

namespace mosaic {

class CaptureFormat {
 public:
  enum class Read {
    kRecord,  // The record is filled in.
    kEnd,     // The file ends here, as it should.
    kRest,    // The file ends with fewer bytes than a record's header has: no
              // packet is known to be lost. See problem().
    kCut,     // The file ends in the middle of something; see problem().
    kBroken,  // What follows cannot be made sense of; see problem().
  };

  explicit CaptureFormat(CaptureInput& input) : input_(input) {}
  virtual ~CaptureFormat() = default;

  // Reads the file's header. kRecord stands for success and fills in nothing.
  [[nodiscard]] virtual Read ReadHeader() = 0;

  // Reads the next record. Its bytes are valid until the next call.
  // REQUIRES: every earlier call of either kind answered kRecord.
  [[nodiscard]] virtual Read Next(CaptureRecord& record) = 0;

  // What is wrong, and where the record or block begins that has it.
  const std::string& problem() const { return problem_; }
  uint64_t problem_offset() const { return problem_offset_; }

 protected:
  CaptureInput& input() { return input_; }

  Read Broken(uint64_t offset, std::string problem) {
    problem_offset_ = offset;
    problem_ = std::move(problem);
    return Read::kBroken;
  }

  // As Cut(), of a record's header.
  Read Rest(uint64_t offset, uint64_t need, uint64_t left) {
    static_cast<void>(Cut(offset, "a record's header", need, left));
    return Read::kRest;
  }

  // `what`, which begins at `offset`, needs `need` bytes and only `left` are.
  Read Cut(uint64_t offset, const char* what, uint64_t need, uint64_t left) {
    problem_offset_ = offset;
    problem_ = absl::StrCat("the file is cut: ", what, " needs ", need,
                            " bytes, ", left, " are left");
    return Read::kCut;
  }

 private:
  CaptureInput& input_;
  std::string problem_;
  uint64_t problem_offset_ = 0;
};

}  // namespace mosaic
