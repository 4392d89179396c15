// Pages of a list, read to the end.

#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "control/ctl/client.h"

namespace mosaic::ctl {

inline constexpr int32_t kPageSize = 1000;

// Asks for page after page of `request`, hands each to `on_page`, and ends
// after the last, at the first failure, or when on_page() says so. A token that
// comes twice would never end: it is INTERNAL.
template <typename Response, typename Request>
CallStatus ReadPages(Client& client, Request request,
                     absl::FunctionRef<Next(Response&)> on_page) {
  request.set_page_size(kPageSize);
  while (true) {
    Response page;
    if (CallStatus status = client.Call(request, page); !status.ok()) {
      return status;
    }
    const std::string token = page.next_page_token();
    if (on_page(page) == Next::kEnd || token.empty()) return {};
    if (token == request.page_token()) {
      return FailedCall(absl::StatusCode::kInternal,
                        "the daemon gave the same page twice", "");
    }
    request.set_page_token(token);
  }
}

}  // namespace mosaic::ctl
