#!/usr/bin/env python3
"""Streams of two real TCPs that a function lengthens and shortens under way: they come
out as it meant them, over both versions of IP, also when packets are lost.

usage: edit_test.py EDIT_WIRE [unittest's options]

Needs root.
"""

import os
import pathlib
import random
import re
import subprocess
import sys
import unittest

from testbed.networks import SERVER4, SERVER6, WireNetwork
from testbed.processes import PATIENCE, wait_until

EDIT_WIRE: pathlib.Path
STREAM_BYTES = 400_000
PORT = 7000

# Receives a stream and sends it back; tells the digest of what came.
SERVER = """
import socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])),
    family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
while True:
    peer, _ = listener.accept()
    data = b''.join(iter(lambda: peer.recv(65536), b''))
    open(sys.argv[3], 'wb').write(data)
    peer.sendall(data)
    peer.close()
"""

CLIENT = """
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=90)
peer.sendall(open(sys.argv[3], 'rb').read())
peer.shutdown(socket.SHUT_WR)
open(sys.argv[4], 'wb').write(b''.join(iter(lambda: peer.recv(65536), b'')))
"""


def changed(data: bytes) -> bytes:
    """What edit_wire makes of a stream."""
    return data.replace(b"R", b"").replace(b"I", b"Inserted")


def stream(seed: int) -> bytes:
    """Bytes with a few places to edit in each segment."""
    dice = random.Random(seed)
    data = bytearray(dice.choices(b"abcdefghijklmnop \\n", k=STREAM_BYTES))
    for at in range(0, STREAM_BYTES, 600):
        data[at + dice.randrange(600) if at + 600 < STREAM_BYTES else at] = dice.choice(b"IR")
    return bytes(data)


class EditTest(unittest.TestCase):

    def setUp(self):
        self.network = WireNetwork()
        self.addCleanup(self.network.close)
        self.wire = subprocess.Popen(
            list(map(str, self.network.mosaic.inside(
                EDIT_WIRE, "af_packet:left", "af_packet:right"))),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.network.folder)
        self.addCleanup(self.stop)
        line = self.wire.stdout.readline()
        self.assertEqual("ready\n", line)

    def stop(self) -> str:
        if self.wire.stdin.closed:
            return ""
        self.wire.stdin.close()
        told = self.wire.stdout.read()
        self.wire.stdout.close()
        self.assertEqual(0, self.wire.wait(PATIENCE))
        return told

    def transfer(self, version: int, seed: int):
        client, server = self.network.client, self.network.server
        folder = self.network.folder
        address = SERVER4 if version == 4 else SERVER6
        at_server, sent, back = (folder / f"{name}{version}"
                                 for name in ("at-server", "sent", "back"))
        data = stream(seed)
        sent.write_bytes(data)
        server.start(sys.executable, "-c", SERVER, address, PORT + version, at_server)
        wait_until("the server listens", lambda: server.listens(PORT + version))
        wait_until("the hosts find each other", lambda: client.attempt(
            "ping", f"-{version}", "-c", 1, "-W", 1, address).returncode == 0)
        client.run(sys.executable, "-c", CLIENT, address, PORT + version, sent, back)
        self.assertEqual(changed(data), at_server.read_bytes())
        self.assertEqual(changed(changed(data)), back.read_bytes())

    def test_a_stream_that_is_edited_both_ways_arrives_as_it_was_meant(self):
        for version in (4, 6):
            with self.subTest(version=version):
                self.transfer(version, version)
        end = dict(re.findall(r"(\w+)=(\d+)", self.stop()))
        self.assertGreaterEqual(int(end["edits"]), 900)
        self.assertEqual("0", end["buffers"])

    def test_also_when_packets_are_lost_on_both_sides_and_sack_reports_it(self):
        self.assertEqual("1", self.network.client.run("sysctl", "-n", "net.ipv4.tcp_sack").strip())
        for host in (self.network.client, self.network.server):
            shaped = host.attempt("tc", "qdisc", "add", "dev", "eth0", "root", "netem",
                                  "loss", "1%", "reorder", "1%", "delay", "2ms")
            if shaped.returncode != 0:
                self.skipTest(f"this kernel loses no packets on demand: {shaped.stderr}")
        for version in (4, 6):
            with self.subTest(version=version):
                self.transfer(version, 10 + version)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(77)
    EDIT_WIRE = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
