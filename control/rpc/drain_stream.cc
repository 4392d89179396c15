#include "control/rpc/drain_stream.h"

#include <chrono>

#include "control/rpc/stream_end.h"

namespace mosaic {
namespace {

constexpr std::chrono::seconds kPeriod{1};

// Somebody took the drain back.
grpc::Status Undrained() {
  Error error;
  error.code = absl::StatusCode::kAborted;
  error.reason = "UNDRAINED";
  error.message = "the drain was taken back before it had ended";
  return ToGrpc(error);
}

}  // namespace

DrainStream::DrainStream(DrainControl& drain, OpenStreams& streams)
    : drain_(drain), streams_(streams) {
  {
    const std::lock_guard lock(mutex_);
    Proceed();
  }
  streams_.Add(*this);
}

// The alarm wakes this stream; others' news are none of it.
void DrainStream::Pump() {}

void DrainStream::Proceed() {
  if (!ending_.has_value() && written_ && response_.done()) {
    ending_ = grpc::Status::OK;
  }
  if (!ending_.has_value() && !drain_.draining()) ending_ = Undrained();
  if (ending_.has_value()) {
    waiting_ = Waiting::kDone;
    Finish(*ending_);
  } else if (written_) {
    written_ = false;
    waiting_ = Waiting::kAlarm;
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + kPeriod,
                [this](bool) { OnAlarm(); });
  } else {
    const DrainControl::Progress progress = drain_.Advance();
    response_.set_flows_remaining(progress.flows_remaining);
    response_.set_done(progress.done);
    response_.set_timed_out(progress.timed_out);
    waiting_ = Waiting::kWrite;
    StartWrite(&response_);
  }
}

void DrainStream::OnAlarm() {
  const std::lock_guard lock(mutex_);
  waiting_ = Waiting::kNothing;
  Proceed();
}

void DrainStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  waiting_ = Waiting::kNothing;
  written_ = true;
  if (!ok && !ending_.has_value()) ending_ = grpc::Status::CANCELLED;
  Proceed();
}

void DrainStream::EndWith(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (!ending_.has_value()) ending_ = status;
  if (waiting_ == Waiting::kAlarm) alarm_->Cancel();
}

void DrainStream::End() { EndWith(DaemonEnds()); }

void DrainStream::OnCancel() { EndWith(grpc::Status::CANCELLED); }

void DrainStream::OnDone() {
  streams_.Remove(*this);
  // Who called Finish() may still hold it.
  { const std::lock_guard lock(mutex_); }
  delete this;
}

}  // namespace mosaic
