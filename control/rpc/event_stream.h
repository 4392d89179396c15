// EventStream is one call of Observe: it takes observations out of a
// subscription and writes them, one at a time.
//
//   hub: there is something ─┐
//   write done ──────────────┼─► Pump(): none in flight? Next() ─► StartWrite
//   stream begins ───────────┘
//
// Bounds      One message in flight. Everything else waits in the hub's queue,
//             which is bounded, so a reader that never reads costs just that.
// Ownership   Its own: it goes when gRPC is done with the call.
// Threading   Any thread; mutex_ lets one in. gRPC calls OnDone() on a thread
// of
//             its own, never out of a call that is made here.

#pragma once

#include <memory>
#include <mutex>

#include "control/core/clock.h"
#include "control/core/event_hub.h"
#include "control/rpc/observe_codec.h"
#include "control/rpc/open_streams.h"
#include "grpcpp/support/server_callback.h"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic {

class EventStream final : public grpc::ServerWriteReactor<v1::ObserveResponse>,
                          public OpenStream {
 public:
  // Subscribes and begins to write. The call ends with RESOURCE_EXHAUSTED if
  // there are too many subscribers. `events`, `clock` and `streams` outlive it.
  static grpc::ServerWriteReactor<v1::ObserveResponse>* Open(
      EventHub& events, Clock& clock, OpenStreams& streams, StreamOrigin origin,
      SubscribeOptions options);

  void Pump() override;
  void End() override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  enum class Ending : uint8_t {
    kNot,
    kWhenEmpty,  // With UNAVAILABLE.
    kAtOnce,     // The client has gone.
    kFinished,   // Finish() was called.
  };

  EventStream(Clock& clock, OpenStreams& streams, StreamOrigin origin)
      : clock_(clock), streams_(streams), origin_(std::move(origin)) {}

  void FinishLocked(const grpc::Status& status);  // REQUIRES: mutex_ is held.

  Clock& clock_;
  OpenStreams& streams_;
  const StreamOrigin origin_;

  std::mutex mutex_;  // Guards what follows.
  std::unique_ptr<EventSubscription> subscription_;
  bool writing_ = false;  // `response_` is gRPC's until OnWriteDone().
  Ending ending_ = Ending::kNot;
  Observation observation_;
  v1::ObserveResponse response_;
};

}  // namespace mosaic
