// Error is why a call of the control side failed, with everything that the API
// tells of it; Result is what such a call returns.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "control/config/diagnostic.h"

namespace mosaic {

struct Error {
  // The resource that the failure is about.
  struct Resource {
    std::string type;  // "mosaic.v1.Monitor"
    std::string name;  // "monitors/web"
  };
  // Something that has to be otherwise before the call can succeed.
  struct Precondition {
    std::string type;         // The same words as `reason`.
    std::string subject;      // What it is about, as a resource name.
    std::string description;  // What is the case, and what would help.
  };
  // A bound that is reached.
  struct Quota {
    std::string subject;  // The bound's name: "monitors".
    std::string description;
  };

  absl::StatusCode code = absl::StatusCode::kInternal;
  std::string reason;   // UPPER_SNAKE, from the closed set in error_reason.
  std::string message;  // What, the value, what is allowed.

  // Paths as the caller wrote them: relative to the request.
  std::vector<config::Violation> fields = {};
  std::optional<Resource> resource = {};
  std::vector<Precondition> preconditions = {};
  std::vector<Quota> quotas = {};
  // Set where the same call may succeed later, unchanged.
  std::optional<absl::Duration> retry_after = {};
};

namespace error_reason {
// INVALID_ARGUMENT, with `fields`.
inline constexpr char kInvalidField[] = "INVALID_FIELD";
inline constexpr char kInvalidPageToken[] = "INVALID_PAGE_TOKEN";
// INVALID_ARGUMENT: a request_id was used for another request before.
inline constexpr char kRequestIdReused[] = "REQUEST_ID_REUSED";
// NOT_FOUND and ALREADY_EXISTS, with `resource`.
inline constexpr char kNotFound[] = "NOT_FOUND";
inline constexpr char kAlreadyExists[] = "ALREADY_EXISTS";
// ABORTED, with `resource`: read it again.
inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";
// FAILED_PRECONDITION, with `preconditions`.
inline constexpr char kStillReferenced[] = "STILL_REFERENCED";
inline constexpr char kMissingReference[] = "MISSING_REFERENCE";
inline constexpr char kNfNotMade[] = "NETWORK_FUNCTION_NOT_MADE";
inline constexpr char kAlreadyDraining[] = "ALREADY_DRAINING";
// RESOURCE_EXHAUSTED, with `quotas`.
inline constexpr char kTooMany[] = "TOO_MANY";
inline constexpr char kRevisionsRetained[] = "REVISIONS_RETAINED";
// DEADLINE_EXCEEDED: the message names the workers.
inline constexpr char kWorkerSilent[] = "WORKER_SILENT";
}  // namespace error_reason

// A value, or the error instead of it. value() REQUIRES ok(), error() the
// opposite.
template <typename T>
class [[nodiscard]] Result {
 public:
  // As of StatusOr: to return either reads like returning it.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : content_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : content_(std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  const T& value() const& { return std::get<0>(content_); }
  T& value() & { return std::get<0>(content_); }
  T&& value() && { return std::get<0>(std::move(content_)); }
  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

// What goes wrong without a value to return; nothing if all went well.
using MaybeError = std::optional<Error>;

// INVALID_ARGUMENT with these violations; the message is the first one's and
// says how many more there are. REQUIRES: there is one.
Error InvalidFields(std::vector<config::Violation> violations);
Error InvalidField(std::string path, std::string message);

}  // namespace mosaic
