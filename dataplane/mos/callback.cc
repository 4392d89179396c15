#include "dataplane/mos/callback.h"

#include "dataplane/mos/context.h"

namespace mosaic::mos {
namespace {

thread_local Callback* current = nullptr;

// The call at hand is the innermost while a filter or handler runs.
class CallScope {
 public:
  CallScope(Callback& callback, const EventCall& call)
      : callback_(callback), before_(callback.call) {
    callback_.call = &call;
  }
  ~CallScope() { callback_.call = before_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  Callback& callback_;
  const EventCall* const before_;
};

filter_arg_t ArgOf(const EventCall& call) {
  return {const_cast<uint8_t*>(call.arg.data()), call.arg.size()};
}

bool RunFilter(void* opaque, const EventCall& call) {
  auto& callback = *static_cast<Callback*>(call.caller);
  const CallScope scope(callback, call);
  filter_arg_t arg = ArgOf(call);
  const auto filter = reinterpret_cast<filter_t>(opaque);
  return filter(callback.context->handle(), callback.sock, callback.side,
                call.id, call.arg.empty() ? nullptr : &arg);
}

Verdict RunCallback(void* opaque, const EventCall& call) {
  auto& callback = *static_cast<Callback*>(call.caller);
  const CallScope scope(callback, call);
  filter_arg_t arg = ArgOf(call);
  const auto function = reinterpret_cast<callback_t>(opaque);
  function(callback.context->handle(), callback.sock, callback.side, call.id,
           call.arg.empty() ? nullptr : &arg);
  return callback.verdict;
}

}  // namespace

Callback* Callback::Current() { return current; }

CallbackScope::CallbackScope(Callback& callback) : before_(current) {
  current = &callback;
}
CallbackScope::~CallbackScope() { current = before_; }

UserEventFilter FilterOf(filter_t filter) {
  return {&RunFilter, reinterpret_cast<void*>(filter)};
}

EventHandler HandlerOf(callback_t callback) {
  if (callback == nullptr) return {};
  return {&RunCallback, reinterpret_cast<void*>(callback)};
}

}  // namespace mosaic::mos
