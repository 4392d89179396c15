#include "control/rpc/open_streams.h"

namespace mosaic {

void OpenStreams::Add(OpenStream& stream) {
  const std::lock_guard lock(mutex_);
  streams_.insert(&stream);
  if (ended_) stream.End();
}

void OpenStreams::Remove(OpenStream& stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(&stream);
}

void OpenStreams::PumpAll() {
  const std::lock_guard lock(mutex_);
  for (OpenStream* stream : streams_) stream->Pump();
}

void OpenStreams::EndAll() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (OpenStream* stream : streams_) stream->End();
}

}  // namespace mosaic
