"""Captures for the example programs, made packet by packet: Ethernet, IPv4, TCP
with right checksums, at times that the test chooses."""

import socket
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

CLIENT_MAC = bytes.fromhex("020000000001")
SERVER_MAC = bytes.fromhex("020000000002")


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    def header(check: int) -> bytes:
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol,
                           check, socket.inet_aton(source), socket.inet_aton(destination))
    return header(checksum(header(0))) + payload


def ethernet(from_client: bool, packet: bytes, ether_type: int = 0x0800) -> bytes:
    macs = SERVER_MAC + CLIENT_MAC if from_client else CLIENT_MAC + SERVER_MAC
    return macs + struct.pack("!H", ether_type) + packet


def tcp(source, destination, seq, ack, flags, payload=b"", window=65535) -> bytes:
    """An IPv4 packet between two (address, port)."""
    def segment(check: int) -> bytes:
        return struct.pack("!HHIIBBHHH", source[1], destination[1], seq & 0xffffffff,
                           ack & 0xffffffff, 5 << 4, flags, window, check, 0) + payload
    pseudo = (socket.inet_aton(source[0]) + socket.inet_aton(destination[0]) +
              struct.pack("!BBH", 0, 6, 20 + len(payload)))
    return ipv4(source[0], destination[0], 6, segment(checksum(pseudo + segment(0))))


class Capture:
    """Packets in the order in which they are added, one each `step` seconds."""

    def __init__(self, begin: float = 1000.0, step: float = 0.001):
        self.now = begin
        self.step = step
        self.records: list[tuple[float, bytes]] = []

    def add(self, frame: bytes):
        self.records.append((self.now, frame))
        self.now = round(self.now + self.step, 6)

    def wait(self, seconds: float):
        self.now = round(self.now + seconds, 6)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for when, frame in self.records:
                seconds = int(when)
                file.write(struct.pack("<IIII", seconds, round((when - seconds) * 1e6),
                                       len(frame), len(frame)) + frame)


class Connection:
    """Both ends of one connection, which send into a Capture."""

    def __init__(self, capture: Capture, client=("10.0.0.1", 40000), server=("10.0.0.2", 80),
                 client_isn=1000, server_isn=5000):
        self.capture = capture
        self.client, self.server = client, server
        self.client_next, self.server_next = client_isn, server_isn

    def from_client(self, flags=ACK, payload=b"", seq=None):
        at = self.client_next if seq is None else seq
        self.capture.add(ethernet(True, tcp(self.client, self.server, at,
                                            self.server_next if flags & ACK else 0,
                                            flags, payload)))
        if seq is None:
            self.client_next += len(payload) + bool(flags & SYN) + bool(flags & FIN)

    def from_server(self, flags=ACK, payload=b"", seq=None):
        at = self.server_next if seq is None else seq
        self.capture.add(ethernet(False, tcp(self.server, self.client, at, self.client_next,
                                             flags, payload)))
        if seq is None:
            self.server_next += len(payload) + bool(flags & SYN) + bool(flags & FIN)

    def open(self):
        self.from_client(SYN)
        self.from_server(SYN | ACK)
        self.from_client(ACK)
        return self

    def close(self):
        self.from_client(FIN | ACK)
        self.from_server(FIN | ACK)
        self.from_client(ACK)
        return self


def read(path) -> list[bytes]:
    """The frames of a capture in the host's byte order."""
    data = path.read_bytes()
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def fields(frame: bytes) -> tuple:
    """(source, destination, seq, ack, flags, payload) of a TCP packet, whose checksums
    are right."""
    packet = frame[14:]
    length = struct.unpack_from("!H", packet, 2)[0]
    segment = packet[20:length]
    assert checksum(packet[:20]) == 0, "IP checksum"
    pseudo = packet[12:20] + struct.pack("!BBH", 0, 6, len(segment))
    assert checksum(pseudo + segment) == 0, "TCP checksum"
    source_port, destination_port, seq, ack = struct.unpack_from("!HHII", segment)
    return ((socket.inet_ntoa(packet[12:16]), source_port),
            (socket.inet_ntoa(packet[16:20]), destination_port),
            seq, ack, segment[13], segment[segment[12] >> 4 << 2:])
