"""How a test file of the running daemon begins: what it is called with, and what it
does when it is stopped."""

import os
import pathlib
import signal
import sys
import unittest

SKIPPED = 77

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


class Programs:
    """The programs under test, from the command line."""

    folder: pathlib.Path

    @classmethod
    def path(cls, name: str) -> pathlib.Path:
        return cls.folder / name


def run(usage: str):
    """Runs the tests of the calling file: TEST.py FOLDER_OF_PROGRAMS [unittest's options].

    Being told to end ends it like Ctrl-C: files are removed, and programs go with
    whoever started them.
    """
    if len(sys.argv) < 2:
        sys.exit(usage)
    if os.geteuid() != 0:
        print("only root can make network namespaces", file=sys.stderr)
        sys.exit(SKIPPED)
    Programs.folder = pathlib.Path(sys.argv[1]).resolve()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
