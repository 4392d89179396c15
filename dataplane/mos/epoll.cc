#include "dataplane/mos/epoll.h"

#include <cerrno>
#include <utility>

namespace mosaic::mos {
namespace {

constexpr uint32_t kAlwaysTold = MOS_EPOLLERR | MOS_EPOLLHUP;

bool Has(uint32_t events, int event) {
  return (events & static_cast<uint32_t>(event)) != 0;
}

}  // namespace

int Epoll::Add(int sock, std::shared_ptr<PipeEnd> end,
               const mtcp_epoll_event& event) {
  Watched watched;
  watched.end = std::move(end);
  watched.wanted = static_cast<uint32_t>(event.events) | kAlwaysTold;
  watched.data = event.data;
  return watched_.emplace(sock, std::move(watched)).second ? 0 : EEXIST;
}

int Epoll::Modify(int sock, const mtcp_epoll_event& event) {
  const auto found = watched_.find(sock);
  if (found == watched_.end()) return ENOENT;
  Watched& watched = found->second;
  watched.wanted = static_cast<uint32_t>(event.events) | kAlwaysTold;
  watched.data = event.data;
  watched.disarmed = false;
  watched.told_readable = 0;
  watched.told_writable = 0;
  return 0;
}

int Epoll::Remove(int sock) { return watched_.erase(sock) > 0 ? 0 : ENOENT; }

uint32_t Epoll::ReadyOf(Watched& watched) {
  if (watched.end == nullptr || watched.disarmed) return 0;
  const Pipe& pipe = *watched.end->pipe;
  const bool edges = Has(watched.wanted, MOS_EPOLLET);
  uint32_t ready = 0;
  if (watched.end->direction == PipeEnd::Direction::kRead) {
    if (edges && pipe.readable_edges == watched.told_readable) return 0;
    if (!pipe.bytes.empty() || !pipe.writer_open) ready |= MOS_EPOLLIN;
    if (!pipe.writer_open) ready |= MOS_EPOLLHUP;
  } else {
    if (edges && pipe.writable_edges == watched.told_writable) return 0;
    if (!pipe.reader_open) {
      ready |= MOS_EPOLLERR;
    } else if (pipe.bytes.size() < Pipe::kCapacity) {
      ready |= MOS_EPOLLOUT;
    }
  }
  ready &= watched.wanted;
  if (ready == 0) return 0;
  watched.told_readable = pipe.readable_edges;
  watched.told_writable = pipe.writable_edges;
  watched.disarmed = Has(watched.wanted, MOS_EPOLLONESHOT);
  return ready;
}

size_t Epoll::Collect(std::span<mtcp_epoll_event> events) {
  size_t count = 0;
  auto at = watched_.upper_bound(last_told_);
  for (size_t looked = 0; looked < watched_.size() && count < events.size();
       ++looked) {
    if (at == watched_.end()) at = watched_.begin();
    if (const uint32_t ready = ReadyOf(at->second); ready != 0) {
      events[count].events = ready;
      events[count].data = at->second.data;
      last_told_ = at->first;
      ++count;
    }
    ++at;
  }
  return count;
}

}  // namespace mosaic::mos
