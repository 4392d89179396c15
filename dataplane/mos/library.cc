// The shared library's own source file: all its code is in mosaic_mos, whose
// objects are linked in whole. It holds the check that the API's view of the
// engine's values is the engine's.

#include <mos_api.h>

#include "dataplane/api/event.h"
#include "dataplane/api/user_event.h"
#include "dataplane/base/end_reason.h"
#include "dataplane/base/tcp_state.h"

namespace mosaic::mos {

static_assert(EventIdOf(EventKind::kPacketIn) == MOS_ON_PKT_IN);
static_assert(EventIdOf(EventKind::kConnectionStart) == MOS_ON_CONN_START);
static_assert(EventIdOf(EventKind::kNewData) == MOS_ON_CONN_NEW_DATA);
static_assert(EventIdOf(EventKind::kError) == MOS_ON_ERROR);
static_assert(EventIdOf(EventKind::kStateChange) == MOS_ON_TCP_STATE_CHANGE);
static_assert(EventIdOf(EventKind::kOrphan) == MOS_ON_ORPHAN);
static_assert(EventIdOf(EventKind::kRetransmission) == MOS_ON_REXMIT);
static_assert(EventIdOf(EventKind::kConnectionEnd) == MOS_ON_CONN_END);
static_assert(static_cast<int>(TcpState::kTimeWait) == TCP_TIME_WAIT);
static_assert(static_cast<int>(TcpState::kFinWait1) == TCP_FIN_WAIT_1);
static_assert(static_cast<int>(EndReason::kTimeout) == MOS_END_TIMEOUT);
static_assert(static_cast<int>(EndReason::kShutdown) == MOS_END_SHUTDOWN);
static_assert(static_cast<int>(ErrorCause::kGap) == MOS_ERROR_GAP);
static_assert(static_cast<int>(ErrorCause::kPaws) == MOS_ERROR_PAWS);

}  // namespace mosaic::mos
