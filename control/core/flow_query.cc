#include "control/core/flow_query.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/core/flow_codec.h"
#include "control/core/page_token.h"
#include "control/core/worker_names.h"

namespace mosaic {
namespace {

constexpr char kKind[] = "flows";
constexpr char kFlowType[] = "mosaic.v1.Flow";

// Where a page begins: behind this flow.
struct Place {
  uint64_t flow_id = 0;
  size_t worker = 0;
};

std::optional<Place> ReadPlace(const std::string& token) {
  const std::optional<std::string> text = ReadPageToken(kKind, token);
  if (!text.has_value()) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(*text, ' ');
  Place place;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &place.flow_id) ||
      !absl::SimpleAtoi(parts[1], &place.worker)) {
    return std::nullopt;
  }
  return place;
}

// The lowest id of `worker` that is behind `place`; nothing if there is none.
std::optional<uint64_t> FirstBehind(const Place& place, size_t worker) {
  if (worker > place.worker) return place.flow_id;
  if (place.flow_id == UINT64_MAX) return std::nullopt;
  return place.flow_id + 1;
}

bool IsFlow(const FlowSummary& flow, const FlowEnds& ends) {
  if (flow.protocol != ends.protocol) return false;
  return (flow.client == ends.client && flow.server == ends.server) ||
         (flow.client == ends.server && flow.server == ends.client);
}

// True if both ends are of one IP version, as a flow's are.
MaybeError CheckVersions(const FlowEnds& ends) {
  if (ends.client.ip_version == ends.server.ip_version) return std::nullopt;
  return InvalidField("key.server_address",
                      "is of another IP version than client_address");
}

}  // namespace

FlowQuery::FlowQuery(WorkerTasks& tasks, const MonitorDirectory& monitors,
                     Clock& clock, WallTime wall_time)
    : tasks_(tasks),
      monitors_(monitors),
      clock_(clock),
      wall_time_(wall_time) {}

Result<std::vector<FlowQuery::Found>> FlowQuery::Ask(
    absl::FunctionRef<FlowPage::Query(size_t worker)> query_of,
    size_t max_flows, absl::Duration timeout) {
  const absl::Duration deadline = clock_.Monotonic() + timeout;
  std::vector<std::shared_ptr<WorkerTask>> tasks;
  std::vector<size_t> silent;
  for (size_t worker = 0; worker < tasks_.workers(); ++worker) {
    tasks.push_back(std::make_shared<FlowPage>(query_of(worker), max_flows));
    if (tasks_.Post(worker, tasks.back())) continue;
    tasks.back() = nullptr;
    silent.push_back(worker);
  }
  if (silent.empty()) silent = tasks_.Wait(tasks, deadline);
  if (!silent.empty()) {
    for (const auto& task : tasks) {
      if (task != nullptr) static_cast<FlowPage&>(*task).Cancel();
    }
    Error error{absl::StatusCode::kDeadlineExceeded,
                error_reason::kWorkerSilent,
                absl::StrCat(WorkerNames(silent), " did not answer within ",
                             absl::FormatDuration(timeout))};
    error.retry_after = absl::Seconds(1);
    return error;
  }
  std::vector<Found> found;
  for (size_t worker = 0; worker < tasks.size(); ++worker) {
    for (const FlowSummary& flow :
         static_cast<const FlowPage&>(*tasks[worker]).result()) {
      found.push_back({worker, flow});
    }
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return std::pair(a.flow.id, a.worker) < std::pair(b.flow.id, b.worker);
  });
  if (found.size() > max_flows) {
    found.erase(found.begin() + static_cast<std::ptrdiff_t>(max_flows),
                found.end());
  }
  return found;
}

Result<v1::ListFlowsResponse> FlowQuery::ListFlows(
    const v1::ListFlowsRequest& request, absl::Duration timeout) {
  const Result<size_t> size =
      PageSize(request.page_size(), kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.error();
  std::optional<Place> behind;
  if (!request.page_token().empty()) {
    behind = ReadPlace(request.page_token());
    if (!behind.has_value()) return InvalidPageToken();
  }
  Result<FlowFilter> filter = DecodeFlowFilter(request.filter(), "filter");
  if (!filter.ok()) return filter.error();
  // The task compares the names itself, whatever revision a flow is of.
  const std::vector<std::string> monitors =
      std::exchange(filter.value().monitors, {});
  const auto query_of = [&](size_t worker) {
    FlowPage::Query query;
    const std::optional<uint64_t> first =
        behind.has_value() ? FirstBehind(*behind, worker) : 0;
    query.min_id = first.value_or(UINT64_MAX);
    query.monitors = monitors;
    const bool none = !first.has_value();
    query.matches = [none, matcher = FlowMatcher(filter.value())](
                        const FlowSummary& flow) mutable {
      const FlowTraits traits{flow.client, flow.server, flow.protocol, 0};
      return !none && matcher.Matches(traits, nullptr);
    };
    return query;
  };
  // One more than asked for tells whether there are more.
  Result<std::vector<Found>> found = Ask(query_of, size.value() + 1, timeout);
  if (!found.ok()) return found.error();
  std::vector<Found>& flows = found.value();
  v1::ListFlowsResponse response;
  if (flows.size() > size.value()) {
    flows.pop_back();
    response.set_next_page_token(MakePageToken(
        kKind, absl::StrCat(flows.back().flow.id, " ", flows.back().worker)));
  }
  for (const Found& f : flows) {
    *response.add_flows() = EncodeFlow(f.flow, f.worker, monitors_, wall_time_);
  }
  return response;
}

Result<v1::GetFlowResponse> FlowQuery::GetFlow(
    const v1::GetFlowRequest& request, absl::Duration timeout) {
  FlowPage::Query query;
  std::string name;
  switch (request.flow_case()) {
    case v1::GetFlowRequest::kFlowId:
      name = absl::StrCat("flow ", request.flow_id());
      query.min_id = request.flow_id();
      query.matches = [id = request.flow_id()](const FlowSummary& flow) {
        return flow.id == id;
      };
      break;
    case v1::GetFlowRequest::kKey: {
      const Result<FlowEnds> ends = DecodeFlowKey(request.key(), "key");
      if (!ends.ok()) return ends.error();
      if (auto error = CheckVersions(ends.value())) return *error;
      name = absl::StrCat("flow ", Text(ends.value().client), " > ",
                          Text(ends.value().server));
      query.matches = [ends = ends.value()](const FlowSummary& flow) {
        return IsFlow(flow, ends);
      };
      break;
    }
    case v1::GetFlowRequest::FLOW_NOT_SET:
      return InvalidField("flow", "required; allowed: one of flow_id, key");
  }
  const Result<std::vector<Found>> found =
      Ask([&](size_t) { return query; }, 1, timeout);
  if (!found.ok()) return found.error();
  if (found.value().empty()) {
    Error error{absl::StatusCode::kNotFound, error_reason::kNotFound,
                absl::StrCat("there is no ", name)};
    error.resource = {kFlowType, name};
    return error;
  }
  const Found& flow = found.value().front();
  v1::GetFlowResponse response;
  *response.mutable_flow() =
      EncodeFlow(flow.flow, flow.worker, monitors_, wall_time_);
  return response;
}

}  // namespace mosaic
