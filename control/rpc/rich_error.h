// Turns an error of the control side into what gRPC's clients get: a code, a
// text, and google.rpc's messages with everything else.

#pragma once

#include <cstddef>

#include "control/core/error.h"
#include "grpcpp/support/status.h"

namespace mosaic {

// All details of one error together. Clients take 8 KiB of metadata unless told
// otherwise, and of more they tell nothing at all; some get details in base64.
inline constexpr size_t kMaxErrorDetailBytes = 4096;
// The error's message, and each text among its details. Longer ones are cut.
inline constexpr size_t kMaxErrorTextBytes = 512;

// Always ErrorInfo of domain "mosaic"; BadRequest, PreconditionFailure,
// ResourceInfo, QuotaFailure and RetryInfo where the error has what they tell.
// Of more violations than fit the last are left out, and how many these are
// stands in ErrorInfo.metadata["violations_left_out"].
grpc::Status ToGrpc(const Error& error);

}  // namespace mosaic
