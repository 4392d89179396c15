#!/usr/bin/env python3
"""Joins pairs of network interfaces the way a bad cable, or a switch with VLANs, would.

usage: bridge.py PAIR...    PAIR is LEFT:RIGHT[:OPTION[=VALUE]]...

  loss=P, duplicate=P, reorder=P   probability of each for a frame with payload, in both directions
  tag=ID[.ID]                      frames leave by RIGHT with these VLAN tags, outer first, and by LEFT without
  seed=N                           of the random choices; the default is 1

Prints "ready" when frames pass, and runs until it is stopped. Made for `record`, where neither netem nor VLAN devices can
be taken for granted.
"""
import random
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 3
TAG_TYPES = (0x8100, 0x88A8)
HEADERS_ONLY_BYTES = 90  # Shorter frames carry no payload worth losing.
REORDER_SECONDS = 0.004


class Direction:
    """Frames that come in by one interface and leave by the other."""

    def __init__(self, source, target, options, tags):
        self.source, self.target, self.tags = source, target, tags
        self.loss, self.duplicate, self.reorder = (float(options.get(k, 0)) for k in ("loss", "duplicate", "reorder"))
        self.random = random.Random(int(options.get("seed", 1)))
        self.held = []  # (when to send, frame)

    def pass_on(self):
        frame, address = self.source.recvfrom(65536)
        if address[2] == socket.PACKET_OUTGOING:
            return
        frame = retagged(frame, self.tags)
        dice = self.random.random() if len(frame) > HEADERS_ONLY_BYTES else 1
        if dice < self.loss:
            return
        dice -= self.loss
        if dice < self.reorder:
            self.held.append((time.monotonic() + REORDER_SECONDS, frame))
            return
        dice -= self.reorder
        for _ in range(2 if dice < self.duplicate else 1):
            self.target.send(frame)

    def send_held(self):
        while self.held and self.held[0][0] <= time.monotonic():
            self.target.send(self.held.pop(0)[1])


def retagged(frame, tags):
    """`frame` with exactly these VLAN tags. (The kernel takes the outer one off a frame that it receives.)"""
    addresses, rest = frame[:12], frame[12:]
    while struct.unpack("!H", rest[:2])[0] in TAG_TYPES:
        rest = rest[4:]
    for position, tag in reversed(list(enumerate(tags))):
        kind = TAG_TYPES[1] if len(tags) > 1 and position == 0 else TAG_TYPES[0]
        rest = struct.pack("!HH", kind, tag) + rest
    return addresses + rest


def open_interface(name):
    interface = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    interface.bind((name, ETH_P_ALL))
    return interface


def main():
    directions = {}
    for pair in sys.argv[1:]:
        left, right, *rest = pair.split(":")
        options = dict(option.split("=") for option in rest)
        tags = [int(tag) for tag in options["tag"].split(".")] if "tag" in options else []
        left, right = open_interface(left), open_interface(right)
        directions[left] = Direction(left, right, options, tags)
        directions[right] = Direction(right, left, options, [])
    if not directions:
        sys.exit(__doc__)
    print("ready", flush=True)
    while True:
        for readable in select.select(list(directions), [], [], REORDER_SECONDS / 2)[0]:
            directions[readable].pass_on()
        for direction in directions.values():
            direction.send_held()


if __name__ == "__main__":
    main()
