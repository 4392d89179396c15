#!/usr/bin/env python3
"""A program outside of the tree builds with nothing but what pkg-config says, from
the build folder and from an installation, in C and in C++; and the library shows
the API and nothing else.

usage: package_test.py REPOSITORY BUILD_FOLDER [unittest's options]
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import programs
from capture import Capture, Connection

REPOSITORY: pathlib.Path
BUILD: pathlib.Path

PROGRAM = """
#include <errno.h>
#include <mos_api.h>
#include <mtcp_util.h>
#include <stdio.h>

static int packets;

static void on_packet(mctx_t mctx, int sock, int side, event_t event, filter_arg_t *arg) {
  ++packets;
  UNUSED(mctx); UNUSED(sock); UNUSED(side); UNUSED(event); UNUSED(arg);
}

int main(int argc, char **argv) {
  mctx_t mctx;
  int sock;
  if (argc != 2 || mtcp_init(argv[1]) != 0) return 1;
  mctx = mtcp_create_context(0);
  sock = mtcp_socket(mctx, AF_INET, MOS_SOCK_MONITOR_RAW, 0);
  if (mtcp_register_callback(mctx, sock, MOS_ON_PKT_IN, MOS_NULL, on_packet) != 0) return 2;
  mtcp_app_join(mctx);
  mtcp_destroy();
  printf("%d\\n", packets);
  return 0;
}
"""


class PackageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mosaic-package-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        capture = Capture()
        Connection(capture).open().close()
        capture.write(self.folder / "in.pcap")
        programs.write_conf(self.folder / "mos.conf", [("pcap:in.pcap", "")])

    def build_and_run(self, pkg_config_path, language: str):
        source = self.folder / f"program.{language}"
        source.write_text(PROGRAM)
        program = self.folder / "program"
        programs.build(source, program, pkg_config_path, "cc" if language == "c" else "c++")
        self.assertEqual(programs.run(program, "mos.conf", folder=self.folder).stdout, "6\n")

    def test_the_build_folder_serves_programs(self):
        self.build_and_run(BUILD, "c")

    def test_an_installation_serves_programs_wherever_it_is(self):
        first, moved = self.folder / "first", self.folder / "moved"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", first, "--component", "mos"],
                       check=True, capture_output=True, timeout=120)
        shutil.move(first, moved)
        found = list(moved.rglob("mosaic-mos.pc"))
        self.assertEqual(len(found), 1)
        for word in programs.flags(found[0].parent, "--cflags", "--libs"):
            self.assertNotIn(str(BUILD), word)
            self.assertNotIn(str(REPOSITORY), word)
        self.build_and_run(found[0].parent, "c")
        self.build_and_run(found[0].parent, "cc")

    def test_the_library_shows_the_api_and_nothing_else(self):
        shown = subprocess.run(["nm", "-D", "--defined-only", BUILD / "lib/libmosaic-mos.so"],
                               capture_output=True, text=True, check=True, timeout=60).stdout
        names = {line.split()[-1].split("@")[0] for line in shown.splitlines()}
        declared = set()
        for header in (REPOSITORY / "dataplane/mos/include").glob("*.h"):
            for word in header.read_text().replace("*", " ").replace("(", " ( ").split():
                if word.startswith("mtcp_") or word in ("EventToString", "GetRSSCPUCore",
                                                        "StrToArgs"):
                    declared.add(word)
        self.assertTrue(names)
        self.assertLessEqual(names, declared)


if __name__ == "__main__":
    REPOSITORY = pathlib.Path(sys.argv.pop(1)).resolve()
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
