// CallStatus is how a call to the daemon ended, with all that it told about an
// error: gRPC's code and message, and google.rpc's details in plain words.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "control/cli/exit_code.h"
#include "control/ctl/table.h"

namespace mosaic::ctl {

// A field that the daemon refused, by its path in the request.
struct FieldViolation {
  std::string field;
  std::string description;
};

struct CallStatus {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string message;
  // google.rpc.ErrorInfo's, such as ETAG_MISMATCH; empty if there is none.
  std::string reason;
  std::vector<FieldViolation> violations;
  // Preconditions, quotas and resources that the daemon named.
  std::vector<std::string> notes;

  [[nodiscard]] bool ok() const { return code == absl::StatusCode::kOk; }
};

// A failed call with the details of `packed`, a serialised google.rpc.Status,
// which may be empty or anything else: it comes from the other end.
CallStatus FailedCall(absl::StatusCode code, std::string message,
                      std::string_view packed);

ExitCode ExitCodeOf(const CallStatus& status);

// The lines to show of `status`, each with a newline: what failed, the fields,
// what to do about it. All printable. REQUIRES: !status.ok().
std::string ErrorText(const CallStatus& status, const Style& style);

// "error: `message`" and, if `hint` is not empty, a second line with it.
std::string ErrorText(std::string_view message, std::string_view hint,
                      const Style& style);

}  // namespace mosaic::ctl
