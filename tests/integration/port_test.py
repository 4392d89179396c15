#!/usr/bin/env python3
"""Ports on kernel interfaces: frames between a port and another network namespace,
byte for byte, and what is said when a port cannot come up.

usage: port_test.py PORT_ECHO [unittest's options]

Needs root. It moves itself to a network namespace of its own; that one, the other end
of the wire and the interfaces between them are gone when it ends.
"""

import contextlib
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from testbed.frames import FrameSocket, frame
from testbed.hosts import Host, move_to_a_new_namespace
from testbed.processes import PATIENCE

PORT_ECHO: pathlib.Path


def run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=PATIENCE)


class FarEnd(FrameSocket):
    """The other end of the wire, in a namespace of its own."""

    def __init__(self, mtu: int):
        self._stack = contextlib.ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="mosaic-port-"))
        try:
            far = Host("far", self._stack, pathlib.Path(folder))
            run("ip", "link", "add", "near", "mtu", str(mtu), "type", "veth", "peer", "name",
                "far", "mtu", str(mtu), "netns", far.namespace)
            self._stack.callback(run, "ip", "link", "del", "near")
            # Silence: the kernel's own neighbour discovery would be frames too.
            for run_there, end in ((run, "near"), (far.run, "far")):
                run_there("ip", "link", "set", end, "addrgenmode", "none")
                run_there("ip", "link", "set", end, "up")
            super().__init__(far, "far")
        except BaseException:
            self._stack.close()
            raise

    def close(self):
        super().close()
        self._stack.close()


class Echo:
    """A running port_echo."""

    def __init__(self, *arguments: str):
        self.process = subprocess.Popen(
            [str(PORT_ECHO), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self._text = b""
        self.ready = self.line()
        if not self.ready.startswith("ready"):
            raise AssertionError(self.process.communicate(timeout=PATIENCE))

    def line(self) -> str:
        """The next line that it prints; "" at its end."""
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._text:
            wait = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], wait)[0]:
                raise AssertionError("port_echo says nothing")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                return ""
            self._text += more
        line, _, self._text = self._text.partition(b"\n")
        return line.decode()

    def received(self) -> bytes:
        return bytes.fromhex(self.line().removeprefix("rx "))

    def read_until_silent(self, seconds: float = 0.5):
        """Reads, and forgets, what it prints until it prints nothing for so long."""
        while select.select([self.process.stdout], [], [], seconds)[0]:
            os.read(self.process.stdout.fileno(), 1 << 20)
        self._text = b""

    def end(self) -> dict[str, int]:
        """Lets it end; what it has counted, and `lines`, the frames not yet read."""
        self.process.stdin.close()
        lines = 0
        while (line := self.line()).startswith("rx "):
            lines += 1
        counts = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}
        if self.process.wait(timeout=PATIENCE) != 0:
            raise AssertionError(self.process.stderr.read())
        self.close()
        return counts | {"lines": lines}

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


def failure(*command: str) -> str:
    """What `command`, which must fail to start, says."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=PATIENCE, check=False)
    if result.returncode != 1:
        raise AssertionError(f"exit code {result.returncode}: {result.stdout}{result.stderr}")
    return result.stderr


class AfPacketTest(unittest.TestCase):

    def setUp(self):
        self.far = FarEnd(mtu=9000)
        self.addCleanup(self.far.close)

    def start(self, *arguments: str) -> Echo:
        echo = Echo(*arguments)
        self.addCleanup(echo.close)
        return echo

    def passes(self, echo: Echo, data: bytes):
        """`data` arrives at the port, and back here, whole."""
        self.far.send(data)
        self.assertEqual(data, echo.received())
        self.assertEqual(data, self.far.receive())

    def test_frames_of_every_size_pass_whole_in_both_directions(self):
        echo = self.start("af_packet:near")
        self.assertEqual("ready driver=net_af_packet mtu=9000 link=up", echo.ready)
        lengths = [14, 60, 61, 1514, 1518, 2048, 4096, 9013, 9014]
        for length in lengths:
            self.passes(echo, frame(length, seed=length))
        end = echo.end()
        self.assertEqual(len(lengths), end["received"])
        self.assertEqual(len(lengths), end["sent"])
        self.assertEqual((0, 0, 0), (end["missed"], end["oversize"], end["in_use"]))

    def test_vlan_tags_stay_in_the_frame(self):
        echo = self.start("af_packet:near")
        for tags in ("8100 0001", "8100 efff", "8100 0000", "8100 0064 8100 00c8"):
            self.passes(echo, frame(64, bytes.fromhex(tags)))
        self.passes(echo, frame(9018, bytes.fromhex("8100 0064")))
        self.assertEqual(5, echo.end()["sent"])

    def test_every_queue_of_a_port_gets_its_share_and_nothing_comes_twice(self):
        echo = self.start("af_packet:near", "1500", "2")
        frames = {frame(100, seed=i) for i in range(100)}
        for data in frames:
            self.far.send(data)
        self.assertEqual(frames, {echo.received() for _ in frames})
        end = echo.end()
        self.assertEqual((100, 100, 0), (end["received"], end["sent"], end["lines"]))

    def test_a_frame_longer_than_the_mtu_allows_is_dropped_and_counted(self):
        echo = self.start("af_packet:near", "1500")
        for length in (1523, 1600, 2048, 9014):
            self.far.send(frame(length))
        self.passes(echo, frame(1522))
        self.assertEqual(4, echo.end()["oversize"])

    def test_what_the_kernel_had_no_room_for_counts_as_missed(self):
        echo = self.start("af_packet:near", "1500")
        self.passes(echo, frame(60))
        echo.process.send_signal(signal.SIGSTOP)
        for i in range(3000):
            self.far.send(frame(60, seed=i))
        echo.process.send_signal(signal.SIGCONT)
        echo.read_until_silent()
        end = echo.end()
        self.assertGreater(end["missed"], 1000)
        self.assertEqual(3001, end["received"] + end["missed"])

    def test_the_interface_is_promiscuous_only_as_long_as_the_port_is_open(self):
        def is_promiscuous() -> bool:
            shown = subprocess.run(["ip", "link", "show", "near"], capture_output=True,
                                   text=True, check=True, timeout=PATIENCE)
            return "PROMISC" in shown.stdout

        self.assertFalse(is_promiscuous())
        echo = self.start("af_packet:near")
        self.assertTrue(is_promiscuous())
        echo.end()
        self.assertFalse(is_promiscuous())


class AfXdpTest(unittest.TestCase):

    def test_frames_pass_whole_in_both_directions_with_tags_of_every_type(self):
        # The kernel's own limit: an XDP program wants frames of a page.
        far = FarEnd(mtu=1500)
        self.addCleanup(far.close)
        echo = Echo("af_xdp:near")
        self.addCleanup(echo.close)
        for tags in ("", "8100 0064", "88a8 0064 8100 00c8"):
            for length in (60, 1514):
                data = frame(length, bytes.fromhex(tags))
                far.send(data)
                self.assertEqual(data, echo.received())
                self.assertEqual(data, far.receive())
        self.assertEqual(6, echo.end()["sent"])


class TapTest(unittest.TestCase):

    def test_a_tap_port_makes_its_interface_and_takes_it_away(self):
        def interfaces() -> str:
            return subprocess.run(["ip", "link"], capture_output=True, text=True, check=True,
                                  timeout=PATIENCE).stdout

        self.assertNotIn("mosaic0", interfaces())
        echo = Echo("tap:mosaic0")
        self.addCleanup(echo.close)
        self.assertIn("mosaic0", interfaces())
        echo.end()
        self.assertNotIn("mosaic0", interfaces())


class StartFailureTest(unittest.TestCase):

    def setUp(self):
        self.far = FarEnd(mtu=1500)
        self.addCleanup(self.far.close)

    def test_a_missing_interface_is_named(self):
        self.assertIn('port "echo", device af_packet:nosuch0: there is no interface nosuch0',
                      failure(PORT_ECHO, "af_packet:nosuch0"))

    def test_an_interface_that_is_down_is_told_with_the_remedy(self):
        run("ip", "link", "set", "near", "down")
        self.assertIn("the interface near is down: `ip link set near up`",
                      failure(PORT_ECHO, "af_packet:near"))

    def test_a_missing_right_is_named(self):
        for right in ("net_raw", "net_admin"):
            said = failure("setpriv", f"--bounding-set=-{right}", f"--inh-caps=-{right}",
                           PORT_ECHO, "af_packet:near")
            self.assertIn('port "echo", device af_packet:near', said)
            self.assertIn(f"the capability {right.upper()} is missing", said)

    def test_a_tap_without_the_right_is_told_so(self):
        said = failure("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                       PORT_ECHO, "tap:mosaic0")
        self.assertIn("the capability NET_ADMIN is missing", said)


def main() -> int:
    global PORT_ECHO
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    PORT_ECHO = pathlib.Path(sys.argv[1]).resolve()
    if os.geteuid() != 0:
        print("port_test: needs root", file=sys.stderr)
        return 77
    move_to_a_new_namespace()
    del sys.argv[1]
    unittest.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
