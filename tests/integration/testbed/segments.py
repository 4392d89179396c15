"""TCP segments made up one by one, and what comes back for them."""

import ipaddress
import struct
from dataclasses import dataclass

from testbed.frames import FrameSocket

FIN, SYN, RST, PSH, ACK = (1 << bit for bit in range(5))
TCP = 6


@dataclass
class Segment:
    """Sequence numbers are taken modulo 2^32."""
    seq: int
    ack: int
    flags: int
    payload: bytes = b""


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Talker:
    """One end of TCP connections, one at a time, without a stack behind it.

    Args:
      frames: where its segments leave and the answers come.
      mac, peer_mac: its own, and the other end's.
      address, peer_address: both of the same version of IP.
    """

    def __init__(self, frames: FrameSocket, mac: str, peer_mac: str, address: str,
                 peer_address: str):
        self._frames = frames
        self._source = ipaddress.ip_address(address)
        self._destination = ipaddress.ip_address(peer_address)
        self._ether_type = b"\x08\x00" if self._source.version == 4 else b"\x86\xdd"
        self._link = bytes.fromhex((peer_mac + mac).replace(":", "")) + self._ether_type
        self._port = self._peer_port = 0

    def open(self, port: int, peer_port: int):
        """The connection that is meant from here on."""
        self._port, self._peer_port = port, peer_port

    def send(self, segment: Segment):
        header = struct.pack("!HHIIBBHHH", self._port, self._peer_port, segment.seq % 2**32,
                             segment.ack % 2**32, 5 << 4, segment.flags, 65535, 0, 0)
        length = len(header) + len(segment.payload)
        pseudo = (self._source.packed + self._destination.packed +
                  struct.pack("!II", length, TCP))
        value = checksum(pseudo + header + segment.payload)
        header = header[:16] + struct.pack("!H", value) + header[18:]
        self._frames.send(self._link + self._ip_header(length) + header + segment.payload)

    def _ip_header(self, length: int) -> bytes:
        addresses = self._source.packed + self._destination.packed
        if self._source.version == 6:
            return struct.pack("!IHBB", 6 << 28, length, TCP, 64) + addresses
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, TCP, 0) + addresses
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:]

    def receive(self, flags: int) -> Segment:
        """The next answer on the connection whose flags, but for PSH, are these."""
        while True:
            segment = self._segment_of(self._frames.receive(self._ether_type))
            if segment is not None and segment.flags & ~PSH == flags:
                return segment

    def _segment_of(self, frame: bytes) -> Segment | None:
        """The segment in a frame without VLAN tags and extension headers; None if it is
        of another connection, or no segment."""
        ip = frame[14:]
        if self._source.version == 4:
            protocol, addresses, tcp = ip[9], ip[12:20], ip[(ip[0] & 15) * 4:]
        else:
            protocol, addresses, tcp = ip[6], ip[8:40], ip[40:]
        if protocol != TCP or addresses != self._destination.packed + self._source.packed:
            return None
        source, destination, seq, ack, offset, flags = struct.unpack("!HHIIBB", tcp[:14])
        if (source, destination) != (self._peer_port, self._port):
            return None
        return Segment(seq, ack, flags & 0x3F, tcp[(offset >> 4) * 4:])
