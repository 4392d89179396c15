#!/usr/bin/env python3
"""A stream's bytes as Mosaic reads them on the way, and as the kernel's own TCP gives
them to a program: the same, whatever order and pieces they came in.

Each schedule is a connection whose one end is made up frame by frame: its payload is
cut into pieces, some sent twice, some cut anew across the old borders, some held back
to the end, and all of them shuffled. Copies of a byte are all the same, so that there is
one right answer. The other end is a socket of the kernel, with Mosaic on the wire
between the two.

usage: kernel_test.py PROGRAMS [unittest's options]

MOSAIC_SCHEDULES is their number, 2000 unless set. Needs root.
"""

import hashlib
import json
import os
import random
import socket
import threading
import unittest

from testbed import suite
from testbed.daemon import Daemon
from testbed.frames import FrameSocket
from testbed.hosts import join_namespace
from testbed.networks import SERVER4, SERVER6, WireNetwork
from testbed.processes import PATIENCE, wait_until
from testbed.segments import ACK, FIN, PSH, SYN, Segment, Talker

SCHEDULES = int(os.environ.get("MOSAIC_SCHEDULES", "2000"))
SEED = 20
LISTENING_PORT = 7000
# Addresses that no kernel has: nobody resets what is made up.
TALKERS = {4: "10.77.0.3", 6: "fd00:77::3"}
SERVERS = {4: SERVER4, 6: SERVER6}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
LONGEST_STREAM = 6000
LONGEST_PIECE = 1400


def pieces_of(chance: random.Random, begin: int, end: int) -> list[tuple[int, int]]:
    """[begin, end) cut at random: many pieces or few."""
    longest = chance.choice((1, 7, 100, LONGEST_PIECE)) if end - begin < 300 else \
        chance.choice((100, 500, LONGEST_PIECE))
    pieces = []
    while begin < end:
        cut = min(end, begin + chance.randint(1, longest))
        pieces.append((begin, cut))
        begin = cut
    return pieces


def schedule(chance: random.Random, length: int) -> list[tuple[int, int]]:
    """Pieces of [0, length) in the order of their sending; each byte is in one at least."""
    sent = pieces_of(chance, 0, length)
    for _ in range(chance.randint(0, 3)):
        begin = chance.randrange(length)
        sent += pieces_of(chance, begin, chance.randint(begin + 1, length))
    reorder = chance.choice(("none", "near", "all"))
    if reorder == "all":
        chance.shuffle(sent)
    elif reorder == "near":
        sent = [piece for _, piece in sorted((i + chance.uniform(0, 4), piece)
                                             for i, piece in enumerate(sent))]
    # Lost, and sent again when the rest has come.
    lost = [piece for piece in sent if chance.random() < 0.1]
    return [piece for piece in sent if piece not in lost] + lost


class KernelTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.network = WireNetwork()
        cls.addClassCleanup(cls.network.close)
        cls.records = cls.network.folder / "flows.json"
        cls.daemon = Daemon(
            cls.network,
            {"nf_instances": [{"name": "nfInstances/log", "flow_log": {
                "output_path": str(cls.records), "payload_digests": True}}],
             "monitors": [{"name": "monitors/tcp", "type": "stream", "syn_filter": "tcp",
                           "nf_instances": ["nfInstances/log"]}]},
            timeouts={"linger": "1s"})
        cls.frames = FrameSocket(cls.network.client)
        cls.addClassCleanup(cls.frames.close)
        cls.talkers = {version: cls.talker(version) for version in (4, 6)}
        cls.listeners = {version: cls.listener(version) for version in (4, 6)}

    @classmethod
    def talker(cls, version: int) -> Talker:
        client_mac, server_mac = (
            json.loads(host.run("ip", "-json", "link", "show", "eth0"))[0]["address"]
            for host in (cls.network.client, cls.network.server))
        cls.network.server.run("ip", "neighbour", "add", TALKERS[version], "lladdr", client_mac,
                               "dev", "eth0", "nud", "permanent")
        return Talker(cls.frames, client_mac, server_mac, TALKERS[version], SERVERS[version])

    @classmethod
    def on_server(cls, make) -> socket.socket:
        """What `make` gives when it is called in the server's namespace."""
        made = []

        def run():
            join_namespace(cls.network.server.namespace)
            made.append(make())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        made[0].settimeout(PATIENCE)
        return made[0]

    @classmethod
    def listener(cls, version: int) -> socket.socket:
        made = cls.on_server(lambda: socket.create_server(
            (SERVERS[version], LISTENING_PORT), family=FAMILIES[version], backlog=64))
        cls.addClassCleanup(made.close)
        return made

    def accepted(self, talker: Talker, version: int, port: int, isn: int):
        """A connection that the talker opens: the kernel's socket, the kernel's first
        sequence number."""
        talker.open(port, LISTENING_PORT)
        talker.send(Segment(isn, 0, SYN))
        theirs = (talker.receive(SYN | ACK).seq + 1) % 2**32
        talker.send(Segment(isn + 1, theirs, ACK))
        return self.listeners[version].accept()[0], theirs

    def connected(self, talker: Talker, version: int, port: int, isn: int):
        """The same of one that the kernel opens."""
        made = self.on_server(lambda: socket.socket(FAMILIES[version], socket.SOCK_STREAM))
        made.bind((SERVERS[version], port))
        connecting = threading.Thread(target=made.connect, args=((TALKERS[version], port),))
        talker.open(port, port)
        connecting.start()
        theirs = (talker.receive(SYN).seq + 1) % 2**32
        talker.send(Segment(isn, theirs, SYN | ACK))
        connecting.join()
        return made, theirs

    def play(self, chance: random.Random, number: int) -> bytes:
        """One schedule; what the kernel's program reads."""
        version, opens = (4, 6)[number % 2], (self.accepted, self.connected)[number // 2 % 2]
        talker, port = self.talkers[version], 10000 + number
        payload = chance.randbytes(chance.choice((1, 50, 1000, LONGEST_STREAM)))
        payload = payload[:chance.randint(1, len(payload))]
        # A third passes 2^32 inside of the payload, or right at its borders.
        isn = (2**32 - 1 - chance.randint(0, len(payload)) if chance.random() < 1 / 3
               else chance.randrange(2**32))
        connection, theirs = opens(talker, version, port, isn)
        with connection:
            first = isn + 1
            sent = [Segment(first + begin, theirs, ACK | PSH, payload[begin:end])
                    for begin, end in schedule(chance, len(payload))]
            fin = Segment(first + len(payload), theirs, ACK | FIN)
            sent.insert(chance.choice((len(sent), chance.randint(0, len(sent)))), fin)
            for segment in sent:
                talker.send(segment)
            read = bytearray()
            while data := connection.recv(65536):
                read += data
        talker.receive(FIN | ACK)
        talker.send(Segment(fin.seq + 1, theirs + 1, ACK))
        self.assertEqual(payload, bytes(read), f"schedule {number} of seed {SEED}")
        return payload

    def test_mosaic_reads_what_the_kernel_reads(self):
        chance = random.Random(SEED)
        streams = {10000 + number: self.play(chance, number) for number in range(SCHEDULES)}
        wait_until("every flow has ended", lambda: self.written() == SCHEDULES)
        for line in self.records.read_text().splitlines():
            record = json.loads(line)
            talker_is_client = record["client"][0] in TALKERS.values()
            talker = record["client" if talker_is_client else "server"]
            side = record["client_to_server" if talker_is_client else "server_to_client"]
            stream = streams.pop(talker[1])
            self.assertEqual(
                (len(stream), hashlib.sha256(stream).hexdigest(), 0, 0),
                (side["contiguous_bytes"], side["sha256"], side["gap_bytes"],
                 side["conflict_bytes"]), record)
            self.assertEqual("fin", record["end_reason"], record)
        self.assertEqual({}, streams)

    def written(self) -> int:
        return self.records.read_bytes().count(b"\n")


if __name__ == "__main__":
    suite.run(__doc__)
