#!/usr/bin/env python3
"""What deploy/ installs, as far as it can be judged without installing it: the systemd
unit, the image's packages.

usage: deploy_test.py PROGRAMS REPOSITORY [unittest's options]
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAMS: pathlib.Path
REPOSITORY: pathlib.Path


def attempt(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)


class SystemdUnitTest(unittest.TestCase):

    def setUp(self):
        self.unit = (REPOSITORY / "deploy/systemd/mosaicd.service").read_text()

    def value(self, key: str) -> str:
        (found,) = re.findall(rf"^{key}=(.*)$", self.unit, re.MULTILINE)
        return found

    def test_systemd_finds_no_fault_in_it(self):
        with tempfile.TemporaryDirectory(prefix="mosaic-unit-") as folder:
            unit = pathlib.Path(folder) / "mosaicd.service"
            # Programs must be where the unit says, and these are elsewhere.
            unit.write_text(self.unit.replace("/usr/bin/", f"{PROGRAMS}/"))
            verified = attempt("systemd-analyze", "verify", "--man=no", unit)
        self.assertEqual((0, ""), (verified.returncode, verified.stderr))

    def test_it_waits_longer_for_the_end_than_the_daemon_takes(self):
        self.assertGreater(int(self.value("TimeoutStopSec")), 5)

    def test_its_user_is_one_that_the_package_makes(self):
        users = (REPOSITORY / "deploy/systemd/mosaic.sysusers").read_text()
        self.assertIn(f"\nu {self.value('User')} ", users)

    def test_its_commands_are_ones_that_the_daemon_has(self):
        for command in (self.value("ExecStart"), self.value("ExecStartPre")):
            program, verb, *_ = command.split()
            options = re.findall(r" (--?[a-z-]+)", command)
            offered = attempt(PROGRAMS / pathlib.Path(program).name, verb, "--help").stdout
            for option in options:
                self.assertIn(option, offered, command)


class PackagesTest(unittest.TestCase):

    def linked(self, *programs) -> list[str]:
        done = attempt(REPOSITORY / "deploy/linked-packages", *programs)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout.split()

    def test_the_packages_that_programs_are_linked_to_are_found(self):
        packages = self.linked(PROGRAMS / "mosaicd", PROGRAMS / "mosaicctl")
        self.assertEqual(sorted(set(packages)), packages)
        for needed in ("libc6", "libstdc++6", "librte-eal23", "libgrpc++1.51", "libpcap0.8"):
            self.assertIn(needed, packages)
        self.assertEqual([], [name for name in packages if name.endswith("-dev")])

    def test_what_links_to_nothing_is_refused(self):
        done = attempt(REPOSITORY / "deploy/linked-packages", REPOSITORY / "README.md")
        self.assertNotEqual(0, done.returncode)

    def test_the_image_names_no_package_itself(self):
        steps = (REPOSITORY / "deploy/Containerfile").read_text().replace("\\\n", " ")
        for installed in re.findall(r"apt-get install ([^&\n]*)", steps):
            self.assertRegex(installed.strip(), r"^--yes --no-install-recommends \$\([^)]*\)$")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAMS, REPOSITORY = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    os.environ["LC_ALL"] = "C.UTF-8"
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
