// What the methods of every service share: how a result becomes an answer, and
// how long a call may take.

#pragma once

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "control/core/error.h"
#include "control/rpc/rich_error.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

namespace mosaic {

// The longest that a call which answers once may wait for workers, whatever
// deadline its client has set.
inline constexpr absl::Duration kLongestCall = absl::Seconds(30);

// What an answer may take on its way. Without it the client has given up when
// it comes, and never learns which worker was silent.
inline constexpr absl::Duration kAnswerTime = absl::Milliseconds(100);

// What is left of the client's deadline, at most kLongestCall.
inline absl::Duration TimeLeft(const grpc::ServerContext& context) {
  const absl::Time deadline =
      absl::FromChrono(context.deadline()) - kAnswerTime;
  return std::clamp(deadline - absl::Now(), absl::ZeroDuration(), kLongestCall);
}

template <typename Response>
grpc::Status Answer(Result<Response> result, Response& response) {
  if (!result.ok()) return ToGrpc(result.error());
  response = std::move(result).value();
  return grpc::Status::OK;
}

}  // namespace mosaic
