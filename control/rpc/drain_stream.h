// DrainStream is one call of Drain: it tells once a second how far the drain
// is. Whether the client stays to the end makes no difference to it.
//
// Ownership   Its own: it goes when gRPC is done with the call.
// Threading   Any thread; mutex_ lets one in.

#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "control/core/drain_control.h"
#include "control/rpc/open_streams.h"
#include "grpcpp/alarm.h"
#include "grpcpp/support/server_callback.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic {

class DrainStream final : public grpc::ServerWriteReactor<v1::DrainResponse>,
                          public OpenStream {
 public:
  // `drain`, which has started, and `streams` outlive the call.
  DrainStream(DrainControl& drain, OpenStreams& streams);

  // Writes how far the drain is, if the last was written a second ago.
  void Pump() override;
  void End() override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What the next call back is to come from.
  enum class Waiting : uint8_t { kNothing, kWrite, kAlarm, kDone };

  void OnAlarm();
  void EndWith(const grpc::Status& status);
  void Proceed();  // REQUIRES: mutex_ is held, waiting_ is kNothing.

  DrainControl& drain_;
  OpenStreams& streams_;

  std::mutex mutex_;  // Guards what follows.
  Waiting waiting_ = Waiting::kNothing;
  bool written_ = false;  // The last response; the alarm comes next.
  std::optional<grpc::Status> ending_;
  // A new one for each second: one that has rung may still be returning.
  std::unique_ptr<grpc::Alarm> alarm_;
  v1::DrainResponse response_;
};

}  // namespace mosaic
