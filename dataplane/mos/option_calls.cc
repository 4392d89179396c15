// mtcp_getsockopt() and mtcp_setsockopt(): one row of a table for each option.

#include <mos_api.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>

#include "dataplane/mos/call.h"
#include "dataplane/mos/mos_conf.h"

namespace mosaic::mos {
namespace {

enum class Access : uint8_t { kGet, kSet, kBoth };

// What the calls do with an option. `length` is in and out, as optlen; the
// answer is 0 or an errno.
struct Option {
  int name;
  Access access;
  bool on_listeners;
  Side side;  // Of those that have one.
  int (*get)(FlowView&, ActiveSocket&, Side, void* value, socklen_t& length);
  int (*set)(FlowView&, Side, const void* value);
  size_t set_length;
};

template <typename T>
int Put(const T& value, void* to, socklen_t& length) {
  if (length != sizeof value) return EINVAL;
  std::memcpy(to, &value, sizeof value);
  return 0;
}

int GetFragments(FlowView& flow, ActiveSocket&, Side side, void* value,
                 socklen_t& length) {
  if (length == 0 || length % sizeof(tcp_ring_fragment) != 0) return EINVAL;
  const size_t room = length / sizeof(tcp_ring_fragment);
  auto* const to = static_cast<uint8_t*>(value);
  size_t count = 0;
  HeldRange range = flow.NextHeld(side, 0);
  while (range.length > 0 && count < room) {
    tcp_ring_fragment fragment = {};
    fragment.offset = range.offset;
    fragment.len =
        static_cast<uint32_t>(std::min<uint64_t>(range.length, UINT32_MAX));
    std::memcpy(to + count * sizeof fragment, &fragment, sizeof fragment);
    ++count;
    range = flow.NextHeld(side, range.offset + range.length);
  }
  if (count == 0) return ENODATA;
  length = static_cast<socklen_t>(count * sizeof(tcp_ring_fragment));
  return 0;
}

int GetInfo(FlowView& flow, ActiveSocket&, Side side, void* value,
            socklen_t& length) {
  const BufferInfo info = flow.buffer_info(side);
  return Put(tcp_buf_info{info.init_seq.raw(), info.last_byte_read.raw(),
                          info.next_byte_expected.raw(),
                          info.last_byte_received.raw()},
             value, length);
}

int GetState(FlowView& flow, ActiveSocket&, Side side, void* value,
             socklen_t& length) {
  return Put(static_cast<int>(flow.state(side)), value, length);
}

int GetTimestamp(FlowView& flow, ActiveSocket&, Side, void* value,
                 socklen_t& length) {
  return Put(static_cast<uint32_t>(flow.last_packet_time().micros()), value,
             length);
}

int GetLastError(FlowView&, ActiveSocket& active, Side, void* value,
                 socklen_t& length) {
  if (!active.has_error) return ENODATA;
  const StreamError& error = active.error;
  return Put(mos_error_info{static_cast<int>(error.cause),
                            ToSide(active.error_side), error.offset,
                            error.length, error.hash_held, error.hash_new},
             value, length);
}

int GetEndReason(FlowView&, ActiveSocket& active, Side, void* value,
                 socklen_t& length) {
  if (!active.has_ended) return ENODATA;
  return Put(static_cast<int>(active.end_reason), value, length);
}

int GetBuffer(FlowView& flow, ActiveSocket&, Side side, void* value,
              socklen_t& length) {
  return Put(static_cast<int>(flow.buffer_bytes(side)), value, length);
}

int ToInt(const void* value) {
  int number = 0;
  std::memcpy(&number, value, sizeof number);
  return number;
}

bool IsBufferSize(int bytes) {
  return bytes >= 0 &&
         static_cast<uint32_t>(bytes) <= MosConf::kMaxReceiveBufferBytes;
}

int SetBuffer(FlowView& flow, Side side, const void* value) {
  const int bytes = ToInt(value);
  if (!IsBufferSize(bytes)) return EINVAL;
  return flow.SetBufferBytes(side, static_cast<uint32_t>(bytes)) ? 0 : EINVAL;
}

int FromPolicy(OverlapPolicy policy) {
  return policy == OverlapPolicy::kLast ? MOS_OVERLAP_POLICY_LAST
                                        : MOS_OVERLAP_POLICY_FIRST;
}

std::optional<OverlapPolicy> ToPolicy(int value) {
  if (value == MOS_OVERLAP_POLICY_FIRST) return OverlapPolicy::kFirst;
  if (value == MOS_OVERLAP_POLICY_LAST) return OverlapPolicy::kLast;
  return std::nullopt;
}

int GetOverlap(FlowView& flow, ActiveSocket&, Side side, void* value,
               socklen_t& length) {
  return Put(FromPolicy(flow.overlap_policy(side)), value, length);
}

int SetOverlap(FlowView& flow, Side side, const void* value) {
  const std::optional<OverlapPolicy> policy = ToPolicy(ToInt(value));
  if (!policy.has_value()) return EINVAL;
  flow.SetOverlapPolicy(side, *policy);
  return 0;
}

int SetStop(FlowView& flow, Side, const void* value) {
  const int side = ToInt(value);
  if (side < MOS_SIDE_CLI || side > MOS_SIDE_BOTH) return EINVAL;
  if (side != MOS_SIDE_SVR) flow.StopMonitoring(Side::kClient);
  if (side != MOS_SIDE_CLI) flow.StopMonitoring(Side::kServer);
  return 0;
}

int SetRemap(FlowView& flow, Side, const void* value) {
  seq_remap_info info;
  std::memcpy(&info, value, sizeof info);
  if (info.side != MOS_SIDE_CLI && info.side != MOS_SIDE_SVR) return EINVAL;
  const Side side = info.side == MOS_SIDE_CLI ? Side::kClient : Side::kServer;
  switch (flow.RemapSequence(side, info.seq_off, SeqNum(info.base_seq))) {
    case RemapResult::kSet:
      return 0;
    case RemapResult::kNoRoom:
      return ENOBUFS;
    case RemapResult::kBadOffset:
    case RemapResult::kAlreadySent:
      break;
  }
  return EINVAL;
}

constexpr Side kCli = Side::kClient;
constexpr Side kSvr = Side::kServer;

constexpr Option kOptions[] = {
    {MOS_FRAGINFO_CLIBUF, Access::kGet, false, kCli, GetFragments, nullptr, 0},
    {MOS_FRAGINFO_SVRBUF, Access::kGet, false, kSvr, GetFragments, nullptr, 0},
    {MOS_INFO_CLIBUF, Access::kGet, false, kCli, GetInfo, nullptr, 0},
    {MOS_INFO_SVRBUF, Access::kGet, false, kSvr, GetInfo, nullptr, 0},
    {MOS_TCP_STATE_CLI, Access::kGet, false, kCli, GetState, nullptr, 0},
    {MOS_TCP_STATE_SVR, Access::kGet, false, kSvr, GetState, nullptr, 0},
    {MOS_TIMESTAMP, Access::kGet, false, kCli, GetTimestamp, nullptr, 0},
    {MOS_CLIBUF, Access::kBoth, true, kCli, GetBuffer, SetBuffer, sizeof(int)},
    {MOS_SVRBUF, Access::kBoth, true, kSvr, GetBuffer, SetBuffer, sizeof(int)},
    {MOS_SEQ_REMAP, Access::kSet, false, kCli, nullptr, SetRemap,
     sizeof(seq_remap_info)},
    {MOS_STOP_MON, Access::kSet, false, kCli, nullptr, SetStop, sizeof(int)},
    {MOS_CLIOVERLAP, Access::kBoth, true, kCli, GetOverlap, SetOverlap,
     sizeof(int)},
    {MOS_SVROVERLAP, Access::kBoth, true, kSvr, GetOverlap, SetOverlap,
     sizeof(int)},
    {MOS_LAST_ERROR, Access::kGet, false, kCli, GetLastError, nullptr, 0},
    {MOS_END_REASON, Access::kGet, false, kCli, GetEndReason, nullptr, 0},
};

const Option* Find(int level, int name, Access access) {
  if (level != SOL_MONSOCKET) return nullptr;
  for (const Option& option : kOptions) {
    if (option.name != name) continue;
    const bool has = option.access == access || option.access == Access::kBoth;
    return has ? &option : nullptr;
  }
  return nullptr;
}

bool IsBuffer(const Option& option) { return option.get == GetBuffer; }

int GetOfListener(const Listener& listener, const Option& option, void* value,
                  socklen_t& length) {
  const std::lock_guard lock(listener.mutex);
  if (IsBuffer(option)) {
    return Put(static_cast<int>(listener.buffer_bytes[Index(option.side)]),
               value, length);
  }
  return Put(FromPolicy(listener.overlap[Index(option.side)]), value, length);
}

int SetOfListener(Listener& listener, const Option& option, const void* value) {
  const int number = ToInt(value);
  {
    const std::lock_guard lock(listener.mutex);
    if (IsBuffer(option)) {
      if (!IsBufferSize(number)) return EINVAL;
      listener.buffer_bytes[Index(option.side)] = static_cast<uint32_t>(number);
    } else {
      const std::optional<OverlapPolicy> policy = ToPolicy(number);
      if (!policy.has_value()) return EINVAL;
      listener.overlap[Index(option.side)] = *policy;
    }
  }
  return Runtime::Instance().Publish();
}

// The listener `sock` if it has `option`; else why not, as an errno.
int ListenerWith(Context& context, int sock, const Option& option,
                 std::shared_ptr<Listener>& listener) {
  const Socket socket = context.sockets().Find(sock);
  const auto* const found = std::get_if<std::shared_ptr<Listener>>(&socket);
  if (found == nullptr) return EBADF;
  if (option.name == MOS_STOP_MON) return EPERM;
  // A RAW monitor has no streams.
  if (!option.on_listeners || (*found)->kind == Listener::Kind::kRaw) {
    return ENOTSOCK;
  }
  listener = *found;
  return 0;
}

int Get(Context& context, int sock, int level, int name, void* value,
        socklen_t* length) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  const Option* const option = Find(level, name, Access::kGet);
  if (option == nullptr) return ENOSYS;
  if (kind == SocketKind::kEpoll || kind == SocketKind::kPipe) return ENOTSOCK;
  if (kind == SocketKind::kListener) {
    std::shared_ptr<Listener> listener;
    if (const int error = ListenerWith(context, sock, *option, listener);
        error != 0) {
      return error;
    }
    if (value == nullptr || length == nullptr) return EFAULT;
    return GetOfListener(*listener, *option, value, *length);
  }
  return WithFlow(
      context, sock, ENOTSOCK, [&](FlowView& flow, ActiveSocket& active) {
        if (value == nullptr || length == nullptr) return EFAULT;
        return option->get(flow, active, option->side, value, *length);
      });
}

int Set(Context& context, int sock, int level, int name, const void* value,
        socklen_t length) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  const Option* const option = Find(level, name, Access::kSet);
  if (option == nullptr) return ENOSYS;
  if (kind == SocketKind::kEpoll || kind == SocketKind::kPipe) return ENOTSOCK;
  if (kind == SocketKind::kListener) {
    std::shared_ptr<Listener> listener;
    if (const int error = ListenerWith(context, sock, *option, listener);
        error != 0) {
      return error;
    }
    if (value == nullptr) return EFAULT;
    if (length != option->set_length) return EINVAL;
    return SetOfListener(*listener, *option, value);
  }
  return WithFlow(context, sock, ENOTSOCK, [&](FlowView& flow, ActiveSocket&) {
    if (value == nullptr) return EFAULT;
    if (length != option->set_length) return EINVAL;
    return option->set(flow, option->side, value);
  });
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::mos::Answer;
using mosaic::mos::Context;
using mosaic::mos::In;

int mtcp_getsockopt(mctx_t mctx, int sock, int level, int optname, void* optval,
                    socklen_t* optlen) {
  return In(mctx, [&](Context& context) {
    return Answer(
        mosaic::mos::Get(context, sock, level, optname, optval, optlen));
  });
}

int mtcp_setsockopt(mctx_t mctx, int sock, int level, int optname,
                    const void* optval, socklen_t optlen) {
  return In(mctx, [&](Context& context) {
    return Answer(
        mosaic::mos::Set(context, sock, level, optname, optval, optlen));
  });
}
