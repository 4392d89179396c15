#!/usr/bin/env python3
"""The example programs, built as users build theirs, on captures made here: what
they print is known to the letter.

usage: examples_test.py REPOSITORY BUILD_FOLDER [unittest's options]
"""

import pathlib
import sys
import tempfile
import unittest

import programs
from capture import ACK, CLIENT_MAC, PSH, SYN, Capture, Connection, ethernet, fields, ipv4, read

REPOSITORY: pathlib.Path
BUILD: pathlib.Path


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mosaic-mos-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_example(self, name: str, capture: Capture, *arguments, forward: bool = False,
                    more: str = "") -> str:
        """What the example prints when it is run on `capture`."""
        capture.write(self.folder / "in.pcap")
        device = "pcap:in.pcap,tx=out.pcap" if forward else "pcap:in.pcap"
        programs.write_conf(self.folder / "mos.conf", [("dpdk0", device)],
                            [("dpdk0", "dpdk0")] if forward else [], more)
        program = self.folder / name
        programs.build(REPOSITORY / f"tests/mos/{name}.c", program, BUILD)
        return programs.run(program, "mos.conf", *arguments, folder=self.folder).stdout

    def test_netstat_tells_each_state_and_what_was_exchanged(self):
        capture = Capture()
        c = Connection(capture).open()
        c.from_client(ACK | PSH, b"GET / HTTP/1.0\r\n\r\n")
        c.from_server(ACK | PSH, b"HTTP/1.0 200 OK\r\n\r\nhello")
        c.close()
        printed = self.run_example("netstat", capture).splitlines()
        states = [("SYN_SENT", "CLOSED"), ("SYN_SENT", "SYN_RCVD"),
                  ("ESTABLISHED", "SYN_RCVD"), ("ESTABLISHED", "ESTABLISHED"),
                  ("FIN_WAIT_1", "ESTABLISHED"), ("FIN_WAIT_1", "CLOSE_WAIT"),
                  ("FIN_WAIT_1", "LAST_ACK"), ("FIN_WAIT_2", "LAST_ACK"),
                  ("TIME_WAIT", "LAST_ACK"), ("TIME_WAIT", "CLOSED")]
        self.assertEqual(printed[:-1], [f"10.0.0.1:40000 {client} -> 10.0.0.2:80 {server}"
                                        for client, server in states])
        self.assertEqual(printed[-1], "10.0.0.1:40000 received 24, 10.0.0.2:80 received 18 bytes")

    def test_syn_firewall_drops_connections_to_other_ports(self):
        capture = Capture()
        Connection(capture, client=("10.0.0.1", 40000)).open()
        for port in (22, 23, 8080):
            Connection(capture, client=("10.0.0.1", 50000), server=("10.0.0.2", port)).from_client(
                SYN)
        printed = self.run_example("syn_firewall", capture, "80", forward=True)
        self.assertEqual(printed, "passed 1, dropped 3\n")
        sent = [fields(frame) for frame in read(self.folder / "out.pcap")]
        self.assertEqual([(f[0][1], f[1][1]) for f in sent],
                         [(40000, 80), (80, 40000), (40000, 80)])

    def test_nat_translates_there_and_back(self):
        capture = Capture()
        first = Connection(capture, client=("10.0.0.1", 40000)).open()
        first.from_client(ACK | PSH, b"one")
        # The server's packets are addressed to the translation, as it knows no other.
        self.assertEqual(len(capture.records), 4)
        second = Connection(capture, client=("10.0.0.3", 40000)).open()
        second.from_client(ACK | PSH, b"two")
        printed = self.run_example("nat", capture, "192.0.2.1", "6000", forward=True)
        self.assertEqual(printed, "10.0.0.1:40000 is 192.0.2.1:6000\n"
                                  "10.0.0.3:40000 is 192.0.2.1:6001\n")
        sent = [fields(frame) for frame in read(self.folder / "out.pcap")]
        self.assertEqual(len(sent), 8)
        for at, (client, port) in ((0, ("10.0.0.1", 6000)), (4, ("10.0.0.3", 6001))):
            for i in (0, 2, 3):
                self.assertEqual(sent[at + i][0], ("192.0.2.1", port))
                self.assertEqual(sent[at + i][1], ("10.0.0.2", 80))
            self.assertEqual(sent[at + 1][1], (client, 40000))
        self.assertEqual((sent[3][5], sent[7][5]), (b"one", b"two"))

    def test_tunnel_detector_finds_what_differs_and_only_that(self):
        capture = Capture()
        c = Connection(capture).open()
        at = c.client_next
        c.from_client(ACK | PSH, b"attack at dawn")
        c.from_client(ACK | PSH, b"attack at dawn", seq=at)
        c.from_client(ACK | PSH, b"attack at noon", seq=at)
        c.from_server(ACK)
        printed = self.run_example("tunnel_detector", capture)
        self.assertEqual(printed, 'offset 0: sent again as "attack at noon"\n'
                                  "honest retransmissions: 1\n")

    def test_reporter_reports_by_packet_time(self):
        capture = Capture(step=0)
        for second in range(5):
            for _ in range(second + 1):
                udp = b"\x00\x35\x00\x35\x00\x08\x00\x00"
                capture.add(ethernet(True, ipv4("10.0.0.1", "10.0.0.2", 17, udp)))
                capture.add(ethernet(True, ipv4("10.0.0.1", "10.0.0.2", 1, b"\x08\x00\xf7\xff" +
                                                bytes(4))))
            capture.wait(1.001)
        printed = self.run_example("reporter", capture, "udp")
        self.assertEqual(printed, "timer 1: 1 packets\ntimer 2: 2 packets\ntimer 3: 3 packets\n"
                                  "at the end: 9 packets\n")

    def test_live_threads_wake_each_other_and_a_signal_ends_the_context(self):
        programs.write_conf(self.folder / "mos.conf", [("idle", "null:size=0")])
        program = self.folder / "live"
        programs.build(REPOSITORY / "tests/mos/live.c", program, BUILD)
        printed = programs.run(program, "mos.conf", folder=self.folder).stdout
        self.assertEqual(printed, 3 * "woken by timer 7\n" + "signal SIGUSR1\nended\n")

    def test_each_core_has_a_context_with_its_share_of_the_connections(self):
        capture = Capture()
        for port in range(1000, 1100):
            Connection(capture, client=("10.0.0.1", port)).open()
        capture.write(self.folder / "in.pcap")
        (self.folder / "mos.conf").write_text("mos { netdev { pcap:in.pcap 0x3 } }")
        program = self.folder / "cores"
        programs.build(REPOSITORY / "tests/mos/cores.c", program, BUILD)
        printed = programs.run(program, "mos.conf", folder=self.folder).stdout
        self.assertEqual(printed,
                         "2 cores, 100 connections, 100 where expected, 2 cores used\n")

    def test_two_captures_are_one_link_in_the_order_of_their_times(self):
        capture = Capture()
        Connection(capture).open().close()
        for name, side in (("up", True), ("down", False)):
            half = Capture()
            half.records = [r for r in capture.records if (r[1][6:12] == CLIENT_MAC) == side]
            half.write(self.folder / f"{name}.pcap")
        programs.write_conf(self.folder / "mos.conf",
                            [("up", "pcap:up.pcap"), ("down", "pcap:down.pcap")])
        program = self.folder / "netstat"
        programs.build(REPOSITORY / "tests/mos/netstat.c", program, BUILD)
        printed = programs.run(program, "mos.conf", folder=self.folder).stdout.splitlines()
        self.assertEqual(len(printed), 11)
        self.assertIn("10.0.0.1:40000 TIME_WAIT -> 10.0.0.2:80 CLOSED", printed)

    def test_a_fault_in_mos_conf_is_told_with_file_and_line(self):
        (self.folder / "mos.conf").write_text("mos {\n  rmem_size = much\n}\n")
        program = self.folder / "netstat"
        programs.build(REPOSITORY / "tests/mos/netstat.c", program, BUILD)
        run = programs.run(program, "mos.conf", folder=self.folder, expect=1)
        self.assertIn('mos.conf:2: rmem_size: "much" is not a number in [0, 67108864]',
                      run.stderr)


if __name__ == "__main__":
    REPOSITORY = pathlib.Path(sys.argv.pop(1)).resolve()
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
