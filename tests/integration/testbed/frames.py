"""Single frames between two hosts, byte for byte, VLAN tags included."""

import socket
import struct
import sys
import threading

from testbed.hosts import Host, join_namespace
from testbed.processes import PATIENCE

# From the kernel's headers; Python 3.11 names none of them.
SOL_PACKET = 263
ETH_P_ALL = 3
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6

MACS = bytes.fromhex("020000000002" "020000000001")
EXPERIMENTAL = b"\x88\xb5"


def frame(length: int, tags: bytes = b"", ether_type: bytes = EXPERIMENTAL,
          seed: int = 0) -> bytes:
    """A frame of `length` bytes with these VLAN `tags`."""
    head = MACS + tags + ether_type
    return head + bytes((seed + 7 * i) % 256 for i in range(length - len(head)))


def tag(vlan: int, tpid: int = 0x8100) -> bytes:
    return struct.pack("!HH", tpid, vlan)


class FrameSocket:
    """Sends and receives whole frames on a host's interface."""

    def __init__(self, host: Host, interface: str = "eth0"):
        self._socket: socket.socket | None = None
        thread = threading.Thread(target=self._open, args=(host.namespace, interface))
        thread.start()
        thread.join()
        if self._socket is None:
            raise AssertionError(f"no packet socket on {interface} of {host.name}")

    def _open(self, namespace: str, interface: str):
        """In a thread of its own, because a namespace is a thread's own."""
        join_namespace(namespace)
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        opened.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        opened.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        opened.bind((interface, ETH_P_ALL))
        opened.settimeout(PATIENCE)
        self._socket = opened

    def send(self, data: bytes):
        self._socket.send(data)

    def receive(self, ether_type: bytes = EXPERIMENTAL) -> bytes:
        """The next frame with this EtherType behind its tags, with the tag that the
        kernel takes out put back; others are passed over."""
        while True:
            data = self._receive_any()
            if ether_type_of(data) == ether_type:
                return data

    def _receive_any(self) -> bytes:
        data, control, _, _ = self._socket.recvmsg(65536, 1024)
        for level, kind, body in control:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status = int.from_bytes(body[0:4], sys.byteorder)
                if status & TP_STATUS_VLAN_VALID:
                    vlan = int.from_bytes(body[16:18], sys.byteorder)
                    tpid = int.from_bytes(body[18:20], sys.byteorder)
                    if not status & TP_STATUS_VLAN_TPID_VALID:
                        tpid = 0x8100
                    data = data[:12] + tag(vlan, tpid) + data[12:]
        return data

    def close(self):
        self._socket.close()


def ether_type_of(data: bytes) -> bytes:
    """The first EtherType that is no VLAN tag's."""
    at = 12
    while data[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return data[at:at + 2]
