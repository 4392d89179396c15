#include "control/rpc/event_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "control/rpc/rich_error.h"
#include "control/rpc/stream_end.h"

namespace mosaic {
namespace {

// The hub's refusals; options have been checked by then.
Error SubscribeError(const absl::Status& status) {
  Error error;
  error.code = status.code();
  error.reason = error_reason::kTooMany;
  error.message = std::string(status.message());
  error.quotas.push_back({"streams", error.message});
  error.retry_after = absl::Seconds(1);
  return error;
}

}  // namespace

grpc::ServerWriteReactor<v1::ObserveResponse>* EventStream::Open(
    EventHub& events, Clock& clock, OpenStreams& streams, StreamOrigin origin,
    SubscribeOptions options) {
  auto stream = std::unique_ptr<EventStream>(
      new EventStream(clock, streams, std::move(origin)));
  absl::StatusOr<std::unique_ptr<EventSubscription>> subscription =
      events.Subscribe(std::move(options),
                       [raw = stream.get()] { raw->Pump(); });
  if (!subscription.ok()) {
    return new RefusedStream<v1::ObserveResponse>(
        ToGrpc(SubscribeError(subscription.status())));
  }
  {
    const std::lock_guard lock(stream->mutex_);
    stream->subscription_ = *std::move(subscription);
  }
  streams.Add(*stream);
  stream->Pump();
  return stream.release();
}

void EventStream::End() {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ == Ending::kNot) ending_ = Ending::kWhenEmpty;
  }
  Pump();
}

void EventStream::Pump() {
  const std::lock_guard lock(mutex_);
  if (writing_ || ending_ == Ending::kFinished || subscription_ == nullptr) {
    return;
  }
  if (ending_ == Ending::kAtOnce) {
    FinishLocked(grpc::Status::CANCELLED);
  } else if (subscription_->Next(observation_)) {
    Encode(observation_, origin_, clock_.Now(), response_);
    writing_ = true;
    StartWrite(&response_);
  } else if (ending_ == Ending::kWhenEmpty) {
    FinishLocked(DaemonEnds());
  }
}

void EventStream::FinishLocked(const grpc::Status& status) {
  ending_ = Ending::kFinished;
  Finish(status);
}

void EventStream::OnWriteDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) ending_ = Ending::kAtOnce;
  }
  Pump();
}

// A write in flight fails then; the call ends behind it.
void EventStream::OnCancel() {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ != Ending::kFinished) ending_ = Ending::kAtOnce;
  }
  Pump();
}

void EventStream::OnDone() {
  streams_.Remove(*this);
  // Waits for a wake that is on its way, which may want the mutex.
  subscription_.reset();
  // Who called Finish() may still hold it.
  { const std::lock_guard lock(mutex_); }
  delete this;
}

}  // namespace mosaic
