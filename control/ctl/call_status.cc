#include "control/ctl/call_status.h"

#include <fmt/format.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "control/ctl/printable_text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace mosaic::ctl {
namespace {

using google::protobuf::Any;

void AddDetail(const Any& detail, CallStatus& status) {
  if (google::rpc::ErrorInfo info; detail.UnpackTo(&info)) {
    status.reason = info.reason();
  } else if (google::rpc::BadRequest bad; detail.UnpackTo(&bad)) {
    for (const auto& violation : bad.field_violations()) {
      status.violations.push_back({violation.field(), violation.description()});
    }
  } else if (google::rpc::PreconditionFailure failure;
             detail.UnpackTo(&failure)) {
    for (const auto& violation : failure.violations()) {
      status.notes.push_back(
          absl::StrCat(violation.subject(), ": ", violation.description()));
    }
  } else if (google::rpc::QuotaFailure quota; detail.UnpackTo(&quota)) {
    for (const auto& violation : quota.violations()) {
      status.notes.push_back(
          absl::StrCat(violation.subject(), ": ", violation.description()));
    }
  } else if (google::rpc::ResourceInfo resource; detail.UnpackTo(&resource)) {
    status.notes.push_back(resource.description().empty()
                               ? resource.resource_name()
                               : absl::StrCat(resource.resource_name(), ": ",
                                              resource.description()));
  }
}

// What the code says, for whoever does not know gRPC's names.
std::string_view Summary(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "cancelled";
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "invalid";
    case absl::StatusCode::kNotFound:
      return "not found";
    case absl::StatusCode::kAlreadyExists:
      return "exists already";
    case absl::StatusCode::kAborted:
      return "changed meanwhile";
    case absl::StatusCode::kFailedPrecondition:
      return "not possible now";
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return "denied";
    case absl::StatusCode::kDeadlineExceeded:
      return "took too long";
    case absl::StatusCode::kUnavailable:
      return "unreachable";
    case absl::StatusCode::kResourceExhausted:
      return "a limit is reached";
    case absl::StatusCode::kUnimplemented:
      return "the daemon cannot do this";
    default:
      return "failed";
  }
}

std::string_view HintOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return "`mosaicctl get` lists what there is";
    case absl::StatusCode::kAlreadyExists:
      return "change it with `mosaicctl update` or `mosaicctl apply`";
    case absl::StatusCode::kAborted:
      return "read it again, and send the change with its new etag";
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return "run mosaicctl as root or as a member of the socket's group";
    case absl::StatusCode::kDeadlineExceeded:
      return "`mosaicctl get cores` shows whether every worker answers; "
             "--timeout waits longer";
    case absl::StatusCode::kUnimplemented:
      return "`mosaicctl version` compares the versions";
    default:
      return "";
  }
}

std::string Line(const FieldViolation& violation) {
  return fmt::format("{}: {}", violation.field, violation.description);
}

// The message of wrong fields often is the first one's own.
bool MessageRepeatsField(const CallStatus& status) {
  return !status.violations.empty() &&
         status.message.find(status.violations.front().description) !=
             std::string::npos;
}

bool IsToldByHeadline(const CallStatus& status) {
  return status.violations.size() == 1 && MessageRepeatsField(status);
}

std::string Headline(const CallStatus& status) {
  if (IsToldByHeadline(status)) return Line(status.violations.front());
  if (!MessageRepeatsField(status)) return status.message;
  return fmt::format("{} fields are refused", status.violations.size());
}

}  // namespace

CallStatus FailedCall(absl::StatusCode code, std::string message,
                      std::string_view packed) {
  CallStatus status;
  status.code = code;
  status.message = std::move(message);
  google::rpc::Status details;
  if (details.ParseFromArray(packed.data(), static_cast<int>(packed.size()))) {
    for (const Any& detail : details.details()) AddDetail(detail, status);
  }
  return status;
}

ExitCode ExitCodeOf(const CallStatus& status) {
  switch (status.code) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kCancelled:
      return kExitInterrupted;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitInvalid;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      return kExitConflict;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kExitDenied;
    case absl::StatusCode::kDeadlineExceeded:
      return kExitDeadline;
    case absl::StatusCode::kUnavailable:
      return kExitUnreachable;
    default:
      return kExitFailed;
  }
}

std::string ErrorText(const CallStatus& status, const Style& style) {
  std::string text = fmt::format(
      "{} {}",
      style.Paint(Tone::kBad, fmt::format("{}:", Summary(status.code))),
      Printable(Headline(status)));
  if (!status.reason.empty()) {
    text += fmt::format(" [{}]", Printable(status.reason));
  }
  text += '\n';
  if (!IsToldByHeadline(status)) {
    for (const FieldViolation& violation : status.violations) {
      text += fmt::format("  {}\n", Printable(Line(violation)));
    }
  }
  for (const std::string& note : status.notes) {
    // A note often is the message again.
    if (status.message.find(note) != std::string::npos) continue;
    text += fmt::format("  {}\n", Printable(note));
  }
  if (const std::string_view hint = HintOf(status.code); !hint.empty()) {
    text += fmt::format("hint: {}\n", hint);
  }
  return text;
}

std::string ErrorText(std::string_view message, std::string_view hint,
                      const Style& style) {
  std::string text = absl::StrCat(style.Paint(Tone::kBad, "error:"), " ",
                                  Printable(message), "\n");
  if (!hint.empty()) text += fmt::format("hint: {}\n", hint);
  return text;
}

}  // namespace mosaic::ctl
