#include "dataplane/event/event_observer.h"

namespace mosaic {
namespace {

class NobodyObserver : public EventObserver {
 public:
  void OnEvent(const Event&, const Flow&) override {}
  void OnPacket(const Event&, const ParsedPacket&, uint64_t,
                uint64_t) override {}
};

}  // namespace

EventObserver& EventObserver::Nobody() {
  static NobodyObserver nobody;
  return nobody;
}

}  // namespace mosaic
