// OpenStreams knows the streaming calls that are open, so that all can be woken
// or ended together.
//
// Threading   Any thread.

#pragma once

#include <mutex>
#include <set>

namespace mosaic {

// A call that goes on until somebody ends it.
class OpenStream {
 public:
  // Looks whether there is something to write. Returns at once.
  virtual void Pump() = 0;
  // Ends the call with UNAVAILABLE once it has written what there is. Returns
  // at once.
  virtual void End() = 0;

 protected:
  ~OpenStream() = default;
};

class OpenStreams {
 public:
  OpenStreams() = default;
  OpenStreams(const OpenStreams&) = delete;
  OpenStreams& operator=(const OpenStreams&) = delete;

  // A stream that comes after EndAll() is ended at once.
  void Add(OpenStream& stream);
  // The stream is not touched any more when this returns. No-op for one that is
  // not here.
  void Remove(OpenStream& stream);

  void PumpAll();
  void EndAll();

 private:
  std::mutex mutex_;
  bool ended_ = false;             // mutex_
  std::set<OpenStream*> streams_;  // mutex_
};

}  // namespace mosaic
