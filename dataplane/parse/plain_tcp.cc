#include "dataplane/parse/plain_tcp.h"

#include "dataplane/parse/checksum.h"

namespace mosaic {

void VerifyPlainTcp(const Packet& packet, ParsedPacket& parsed) {
  const uint8_t* const ip = parsed.ip_header;
  if (packet.ip_checksum != ChecksumVerdict::kGood) {
    if (packet.ip_checksum == ChecksumVerdict::kBad ||
        !ChecksumHolds(ChecksumSumOf<kIpv4MinHeader / 4>(ip))) {
      Fail(ParseError::kIpChecksum, parsed);
      return;
    }
  }
  const uint32_t length = parsed.ip_length - kIpv4MinHeader;
  const uint64_t pseudo_header = ChecksumSumOf<2>(ip + 12) +
                                 ChecksumSum(length) +
                                 ChecksumSum(uint32_t{ip_protocol::kTcp});
  parsed.l4_checksum = JudgeL4Checksum(packet.l4_checksum, pseudo_header,
                                       parsed.l4_header, length);
}

}  // namespace mosaic
